package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** Devices charged for one attempt of one model. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record Reservation(
    @JsonPropertyDescription("Namespace of the EvalJob.") @Required @Size(min = 1, max = 63)
        String namespace,
    @JsonPropertyDescription("Name of the EvalJob.") @Required @Size(min = 1, max = 52) String name,
    @JsonPropertyDescription("UID of the EvalJob.") @Required @Size(min = 1, max = 64) String uid,
    @JsonPropertyDescription("Number of its run.") @Min(1) long run,
    @JsonPropertyDescription("Name of the model.") @Required @Size(min = 1, max = 40) String model,
    @JsonPropertyDescription("Attempt of the Infer stage; the next attempt is charged anew.")
        @Min(1)
        int attempt,
    @JsonPropertyDescription("Extended resource, for example nvidia.com/gpu.")
        @Required
        @Size(min = 1, max = 317)
        String resourceName,
    @JsonPropertyDescription("Devices charged.") @Min(1) @Max(65536) int devices,
    @JsonPropertyDescription("When they were charged, RFC 3339.")
        @Format("date-time")
        @Size(max = 64)
        String since) {

  /** {@link #since()}, empty when left out. */
  public Optional<String> sinceIfSet() {
    return Optional.ofNullable(since);
  }
}
