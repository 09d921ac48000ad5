package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Fills in the defaults of the schemas, as the API server of a cluster does. */
public final class SchemaDefaults {
  private SchemaDefaults() {}

  /**
   * Fills in what is left out and has a default; objects of other kinds stay as they are.
   *
   * <p>As in a cluster, a default applies only inside an object that is there, null counts as left
   * out where there is a default, and a status that is left out becomes the one of an object that
   * no operator has seen.
   *
   * @param object changed in place
   * @return the same object
   */
  public static ObjectNode apply(ObjectNode object) {
    Definitions.schema(object.path("kind").asText())
        .ifPresent(
            schema -> {
              prune(schema, object);
              defaults(schema, object);
            });
    return object;
  }

  /** A copy in which no field is null: as in a cluster, such a field counts as left out. */
  static JsonNode withoutNulls(JsonNode schema, JsonNode object) {
    JsonNode copy = object.deepCopy();
    prune(schema, copy);
    return copy;
  }

  /** Null is kept where it is an item of a list, or the field is not known: both are mistakes. */
  private static void prune(JsonNode schema, JsonNode value) {
    JsonNode properties = schema.path("properties");
    JsonNode additional = schema.path("additionalProperties");
    if (value instanceof ObjectNode object) {
      object.remove(
          object.properties().stream()
              .filter(field -> field.getValue().isNull())
              .map(Map.Entry::getKey)
              .filter(field -> additional.isObject() || properties.has(field))
              .toList());
      object
          .properties()
          .forEach(
              field ->
                  prune(
                      additional.isObject() ? additional : properties.path(field.getKey()),
                      field.getValue()));
    } else if (value.isArray()) {
      value.forEach(item -> prune(schema.path("items"), item));
    }
  }

  private static void defaults(JsonNode schema, JsonNode value) {
    if (value instanceof ObjectNode object) {
      schema
          .path("properties")
          .properties()
          .forEach(
              property -> {
                JsonNode preset = property.getValue().get("default");
                JsonNode current = object.get(property.getKey());
                if (preset != null && current == null) {
                  object.set(property.getKey(), preset.deepCopy());
                }
                JsonNode below = object.get(property.getKey());
                if (below != null) {
                  defaults(property.getValue(), below);
                }
              });
      JsonNode additional = schema.path("additionalProperties");
      if (additional.isObject()) {
        object.forEach(entry -> defaults(additional, entry));
      }
    } else if (value.isArray()) {
      value.forEach(item -> defaults(schema.path("items"), item));
    }
  }
}
