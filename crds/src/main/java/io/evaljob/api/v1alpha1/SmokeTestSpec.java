package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;

/** A short run before the real one. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record SmokeTestSpec(
    @JsonPropertyDescription(
            "Samples of the first dataset to run before the whole run starts. Omitted: 4.")
        @Default("4")
        @Min(1)
        @Max(1000)
        Integer samples) {

  /** {@link #samples()}, or the default {@code 4} when left out. */
  public Integer samplesOrDefault() {
    return samples == null ? 4 : samples;
  }
}
