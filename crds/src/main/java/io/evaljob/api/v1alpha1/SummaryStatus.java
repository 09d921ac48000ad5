package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** The figures behind the printer columns. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record SummaryStatus(
    @JsonPropertyDescription("Models finished of all models, for example 1/3.") @Size(max = 32)
        String models,
    @JsonPropertyDescription("Devices held of devices requested, for example 8/16.") @Size(max = 32)
        String devices,
    @JsonPropertyDescription("Progress of the run, for example 18%.") @Size(max = 32)
        String progress,
    @JsonPropertyDescription("Mean of the scores where there is one meaning for it, else empty.")
        @Size(max = 64)
        String score) {

  /** {@link #models()}, empty when left out. */
  public Optional<String> modelsIfSet() {
    return Optional.ofNullable(models);
  }

  /** {@link #devices()}, empty when left out. */
  public Optional<String> devicesIfSet() {
    return Optional.ofNullable(devices);
  }

  /** {@link #progress()}, empty when left out. */
  public Optional<String> progressIfSet() {
    return Optional.ofNullable(progress);
  }

  /** {@link #score()}, empty when left out. */
  public Optional<String> scoreIfSet() {
    return Optional.ofNullable(score);
  }
}
