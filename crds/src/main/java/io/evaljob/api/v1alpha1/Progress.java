package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** How far a run or a model is. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record Progress(
    @JsonPropertyDescription("Samples done.") @Min(0) long samplesDone,
    @JsonPropertyDescription("Samples in all, as far as known.") @Min(0) long samplesTotal,
    @JsonPropertyDescription("Datasets done.") @Min(0) long datasetsDone,
    @JsonPropertyDescription("Datasets in all.") @Min(0) long datasetsTotal,
    @JsonPropertyDescription("Percent done, 0 to 100.") @Min(0) @Max(100) int percent,
    @JsonPropertyDescription("When it may be done, RFC 3339; left out while unknown.")
        @Format("date-time")
        @Size(max = 64)
        String estimatedCompletionTime) {

  /** {@link #estimatedCompletionTime()}, empty when left out. */
  public Optional<String> estimatedCompletionTimeIfSet() {
    return Optional.ofNullable(estimatedCompletionTime);
  }
}
