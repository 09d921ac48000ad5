package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;

/** Writes a JSON pointer as people read fields: {@code spec.models[sft].devicesPerProcess}. */
final class FieldPath {
  private FieldPath() {}

  /**
   * The path of a value; entries of lists that have a key go by it, others by their index.
   *
   * @param schema schema of the whole object
   * @param object the whole object
   * @param pointer JSON pointer into the object
   */
  static String of(JsonNode schema, JsonNode object, String pointer) {
    StringBuilder path = new StringBuilder();
    JsonNode schemaAt = schema;
    JsonNode valueAt = object;
    for (String escaped : pointer.isEmpty() ? new String[0] : pointer.substring(1).split("/", -1)) {
      String token = escaped.replace("~1", "/").replace("~0", "~");
      if (schemaAt.has("items") && valueAt.isArray()) {
        String key = schemaAt.at("/x-kubernetes-list-map-keys/0").asText();
        valueAt = valueAt.path(Integer.parseInt(token));
        String name = valueAt.path(key).asText();
        path.append('[').append(name.isEmpty() ? token : name).append(']');
        schemaAt = schemaAt.path("items");
      } else if (schemaAt.has("additionalProperties")) {
        path.append('[').append(token).append(']');
        valueAt = valueAt.path(token);
        schemaAt = schemaAt.path("additionalProperties");
      } else {
        path.append(path.isEmpty() ? "" : ".").append(token);
        valueAt = valueAt.isArray() ? valueAt.path(Integer.parseInt(token)) : valueAt.path(token);
        schemaAt = schemaAt.path("properties").path(token);
      }
    }
    return path.toString();
  }
}
