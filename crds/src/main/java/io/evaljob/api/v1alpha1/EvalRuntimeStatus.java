package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListMap;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Optional;

/** Whether a runtime can be used; written by the operator only. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record EvalRuntimeStatus(
    @JsonPropertyDescription("The metadata.generation that this status was made for.") @Min(-1)
        Long observedGeneration,
    @JsonPropertyDescription("Ready says whether the runtime passed all its checks.")
        @Size(max = 16)
        @ListMap("type")
        List<Condition> conditions) {
  /** Copies the collections; null becomes empty. */
  public EvalRuntimeStatus {
    conditions = Copies.list(conditions);
  }

  /** {@link #observedGeneration()}, empty when left out. */
  public Optional<Long> observedGenerationIfSet() {
    return Optional.ofNullable(observedGeneration);
  }
}
