package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.Optional;

/** Resources of each stage. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ResourcesByStage(
    @JsonPropertyDescription("Resources of the Prefetch stage, which holds no device.")
        StageResources prefetch,
    @JsonPropertyDescription("Resources of the Infer stage, beside its devices.")
        InferResources infer,
    @JsonPropertyDescription("Resources of the Score stage, which holds no device.")
        StageResources score) {

  /** {@link #prefetch()}, empty when left out. */
  public Optional<StageResources> prefetchIfSet() {
    return Optional.ofNullable(prefetch);
  }

  /** {@link #infer()}, empty when left out. */
  public Optional<InferResources> inferIfSet() {
    return Optional.ofNullable(infer);
  }

  /** {@link #score()}, empty when left out. */
  public Optional<StageResources> scoreIfSet() {
    return Optional.ofNullable(score);
  }
}
