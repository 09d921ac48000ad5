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
            "Samples of each dataset to run before the whole run starts; as many as processes at"
                + " least. Omitted: 4.")
        @Default("4")
        @Min(1)
        @Max(1000)
        Integer samples,
    @JsonPropertyDescription(
            "Where a model is split and fits one device too, the samples run unsplit first. Fail:"
                + " when the split changes more answers than a second unsplit run does, the model"
                + " fails before its long run. Warn: it goes on, and the status tells. Omitted:"
                + " Fail.")
        @Default("Fail")
        OnDifference onDifference) {

  /** {@link #samples()}, or the default {@code 4} when left out. */
  public Integer samplesOrDefault() {
    return samples == null ? 4 : samples;
  }

  /** {@link #onDifference()}, or the default {@code Fail} when left out. */
  public OnDifference onDifferenceOrDefault() {
    return onDifference == null ? OnDifference.Fail : onDifference;
  }
}
