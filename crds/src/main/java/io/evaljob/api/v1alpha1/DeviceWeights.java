package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Min;
import java.util.Optional;

/** Bytes of weights on one device. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record DeviceWeights(
    @JsonPropertyDescription(
            "The device: counted through all processes, in the order of deviceIDs.")
        @Min(0)
        int index,
    @JsonPropertyDescription("Bytes of weights that the plan puts there; left out without a split.")
        @Min(0)
        Long plannedBytes,
    @JsonPropertyDescription("Bytes of weights that were loaded there.") @Min(0) Long loadedBytes) {

  /** {@link #plannedBytes()}, empty when left out. */
  public Optional<Long> plannedBytesIfSet() {
    return Optional.ofNullable(plannedBytes);
  }

  /** {@link #loadedBytes()}, empty when left out. */
  public Optional<Long> loadedBytesIfSet() {
    return Optional.ofNullable(loadedBytes);
  }
}
