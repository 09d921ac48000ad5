package io.evaljob.operator.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import java.util.List;

/** The part of a spec that defines a run: fixed from its start until {@code runID} changes. */
public final class RunDefinition {
  static final List<String> FIELDS =
      List.of(
          "runtimeRef",
          "models",
          "datasets",
          "accelerator",
          "split",
          "smokeTest",
          "scoring",
          "storage",
          "hubTokenSecretRef",
          "env");

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  private RunDefinition() {}

  /** The fields that are set, in one order whatever the manifest's. */
  public static ObjectNode of(EvalJobSpec spec) {
    JsonNode whole = MAPPER.valueToTree(spec);
    ObjectNode definition = MAPPER.createObjectNode();
    for (String field : FIELDS) {
      if (whole.hasNonNull(field)) {
        definition.set(field, whole.get(field));
      }
    }
    return definition;
  }
}
