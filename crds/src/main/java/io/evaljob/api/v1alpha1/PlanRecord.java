package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** One plan that a model had in this run. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record PlanRecord(
    @JsonPropertyDescription("The first attempt of the Infer stage that the plan is for.")
        @Required
        @Min(1)
        int attempt,
    @JsonPropertyDescription("Processes of the plan.") @Min(0) int processes,
    @JsonPropertyDescription("Devices of each process of the plan.") @Min(0) int devicesPerProcess,
    @JsonPropertyDescription("Percent of the memory of each device that the plan leaves free.")
        @Min(0)
        @Max(90)
        int reservePercent,
    @JsonPropertyDescription(
            "Why there is this plan: Planned, for the first of the run, or OutOfMemory, when the"
                + " one before it ran out of device memory.")
        @Size(max = 32)
        String reason,
    @JsonPropertyDescription("What the attempt before it said. At most 256 characters.")
        @Size(max = 256)
        String message) {

  /** {@link #message()}, empty when left out. */
  public Optional<String> messageIfSet() {
    return Optional.ofNullable(message);
  }
}
