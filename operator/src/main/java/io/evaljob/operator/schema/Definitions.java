package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The schemas of the API, read once from the custom resource definitions in the jar. */
final class Definitions {
  static final String GROUP = "evaljob.io";

  private static final Map<String, JsonNode> SCHEMAS = read();
  private static final String VERSION = "v1alpha1";

  private Definitions() {}

  /** The API version of every kind of the API. */
  static String apiVersion() {
    return GROUP + "/" + VERSION;
  }

  /** The kinds of the API. */
  static Set<String> kinds() {
    return SCHEMAS.keySet();
  }

  /** The schema of a kind of the API, empty for any other kind. */
  static Optional<JsonNode> schema(String kind) {
    return Optional.ofNullable(SCHEMAS.get(kind));
  }

  private static Map<String, JsonNode> read() {
    ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
    Map<String, JsonNode> schemas = new LinkedHashMap<>();
    for (String plural : List.of("evaljobs", "evalquotas", "evalruntimes", "modelprofiles")) {
      String name = "/crds/" + plural + "." + GROUP + ".yaml";
      try (InputStream in = Definitions.class.getResourceAsStream(name)) {
        if (in == null) {
          throw new IllegalStateException(name + " is not in the jar: build module crds again");
        }
        JsonNode spec = yaml.readTree(in).get("spec");
        schemas.put(spec.at("/names/kind").asText(), spec.at("/versions/0/schema/openAPIV3Schema"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return Collections.unmodifiableMap(schemas);
  }
}
