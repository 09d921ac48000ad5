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

/** A model that waits for devices. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record QueuedModel(
    @JsonPropertyDescription("Place among the models that wait for the same resource, from 1.")
        @Min(1)
        int position,
    @JsonPropertyDescription("Namespace of the EvalJob.") @Required @Size(min = 1, max = 63)
        String namespace,
    @JsonPropertyDescription("Name of the EvalJob.") @Required @Size(min = 1, max = 52) String name,
    @JsonPropertyDescription("Name of the model.") @Required @Size(min = 1, max = 40) String model,
    @JsonPropertyDescription("Value of the PriorityClass; the greater goes first.")
        @Min(Integer.MIN_VALUE)
        @Max(Integer.MAX_VALUE)
        int priority,
    @JsonPropertyDescription("Extended resource, for example nvidia.com/gpu.")
        @Required
        @Size(min = 1, max = 317)
        String resourceName,
    @JsonPropertyDescription("Devices that it needs.") @Min(1) @Max(65536) int devices,
    @JsonPropertyDescription("Since when it waits, RFC 3339.") @Format("date-time") @Size(max = 64)
        String since) {

  /** {@link #since()}, empty when left out. */
  public Optional<String> sinceIfSet() {
    return Optional.ofNullable(since);
  }
}
