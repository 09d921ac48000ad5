package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** The figures behind the printer columns; of several resources, in the order of their names. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record QuotaSummary(
    @JsonPropertyDescription("Devices charged, for example 8, or 8,2 of two resources.")
        @Size(max = 128)
        String used,
    @JsonPropertyDescription("Devices that waiting models need.") @Size(max = 128) String queued,
    @JsonPropertyDescription("Devices of spec.hard.") @Size(max = 128) String limit,
    @JsonPropertyDescription("The resource names that the figures are for.") @Size(max = 2600)
        String resources,
    @JsonPropertyDescription("Models in the queue.") @Min(0) int waiting) {

  /** {@link #used()}, empty when left out. */
  public Optional<String> usedIfSet() {
    return Optional.ofNullable(used);
  }

  /** {@link #queued()}, empty when left out. */
  public Optional<String> queuedIfSet() {
    return Optional.ofNullable(queued);
  }

  /** {@link #limit()}, empty when left out. */
  public Optional<String> limitIfSet() {
    return Optional.ofNullable(limit);
  }

  /** {@link #resources()}, empty when left out. */
  public Optional<String> resourcesIfSet() {
    return Optional.ofNullable(resources);
  }
}
