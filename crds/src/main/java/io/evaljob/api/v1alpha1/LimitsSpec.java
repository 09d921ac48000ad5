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
        Integer maxDevicesPerEvalJob) {

  /** {@link #maxDevicesPerEvalJob()}, empty when left out. */
  public Optional<Integer> maxDevicesPerEvalJobIfSet() {
    return Optional.ofNullable(maxDevicesPerEvalJob);
  }
}
