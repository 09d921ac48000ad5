package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import java.util.Optional;

/** Upper limits for every EvalJob of this runtime. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record LimitsSpec(
    @JsonPropertyDescription(
            "Devices that one EvalJob may request at the same time. Omitted: no limit.")
        @Min(0)
        @Max(65536)
        Integer maxDevicesPerEvalJob,
    @JsonPropertyDescription(
            "The most that spec.activeDeadlineSeconds of an EvalJob may be, and what holds for one "
                + "that has none. A run keeps what it began with. Omitted: no limit.")
        @Min(1)
        @Max(31536000)
        Integer maxActiveSeconds) {

  /** {@link #maxDevicesPerEvalJob()}, empty when left out. */
  public Optional<Integer> maxDevicesPerEvalJobIfSet() {
    return Optional.ofNullable(maxDevicesPerEvalJob);
  }

  /** {@link #maxActiveSeconds()}, empty when left out. */
  public Optional<Integer> maxActiveSecondsIfSet() {
    return Optional.ofNullable(maxActiveSeconds);
  }
}
