package io.evaljob.operator.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;
import java.util.TreeSet;

/**
 * The fields of an EvalJob's status, as paths without positions: {@code models.progress.percent}.
 */
final class StatusFields {

  private StatusFields() {}

  /** All that the CRD knows. */
  static Set<String> declared() throws IOException {
    try (InputStream in =
        StatusFields.class.getResourceAsStream("/crds/evaljobs.evaljob.io.yaml")) {
      Set<String> fields = new TreeSet<>();
      declared(
          new YAMLMapper()
              .readTree(in)
              .at("/spec/versions/0/schema/openAPIV3Schema/properties/status"),
          "",
          fields);
      return fields;
    }
  }

  private static void declared(JsonNode schema, String path, Set<String> fields) {
    JsonNode object = schema.has("items") ? schema.get("items") : schema;
    if (object.path("properties").isEmpty()) {
      fields.add(path);
    }
    object
        .path("properties")
        .properties()
        .forEach(field -> declared(field.getValue(), join(path, field.getKey()), fields));
  }

  /** Adds those that have a value. */
  static void written(EvalJobStatus status, Set<String> fields) {
    written(new ObjectMapper().valueToTree(status), "", fields);
  }

  private static void written(JsonNode node, String path, Set<String> fields) {
    if (node.isArray()) {
      node.forEach(item -> written(item, path, fields));
    } else if (node.isObject()) {
      node.properties()
          .forEach(field -> written(field.getValue(), join(path, field.getKey()), fields));
    } else {
      fields.add(path);
    }
  }

  private static String join(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }
}
