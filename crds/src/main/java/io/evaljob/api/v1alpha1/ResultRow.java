package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** The score of one model on one dataset. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ResultRow(
    @JsonPropertyDescription("Name of the model in spec.models.") @Size(max = 40) String model,
    @JsonPropertyDescription("Name of the dataset in spec.datasets.") @Size(max = 128)
        String dataset,
    @JsonPropertyDescription("Succeeded or Failed.") @Size(max = 32) String phase,
    @JsonPropertyDescription("What the score measures, as the harness names it.") @Size(max = 128)
        String metric,
    @JsonPropertyDescription("The score as the harness wrote it, as a rule a decimal number.")
        @Size(max = 64)
        String score,
    @JsonPropertyDescription(
            "What judged: exact_matching, or the model that answered. Left out where the harness"
                + " does not say.")
        @Size(max = 128)
        String judge,
    @JsonPropertyDescription("Samples of the dataset.") @Min(0) Long samples,
    @JsonPropertyDescription("Samples without an answer.") @Min(0) Long failedSamples,
    @JsonPropertyDescription(
            "Why it failed, with what to do; where it succeeded, what to know about the score.")
        @Size(max = 512)
        String message) {

  /** {@link #model()}, empty when left out. */
  public Optional<String> modelIfSet() {
    return Optional.ofNullable(model);
  }

  /** {@link #dataset()}, empty when left out. */
  public Optional<String> datasetIfSet() {
    return Optional.ofNullable(dataset);
  }

  /** {@link #phase()}, empty when left out. */
  public Optional<String> phaseIfSet() {
    return Optional.ofNullable(phase);
  }

  /** {@link #metric()}, empty when left out. */
  public Optional<String> metricIfSet() {
    return Optional.ofNullable(metric);
  }

  /** {@link #score()}, empty when left out. */
  public Optional<String> scoreIfSet() {
    return Optional.ofNullable(score);
  }

  /** {@link #judge()}, empty when left out. */
  public Optional<String> judgeIfSet() {
    return Optional.ofNullable(judge);
  }

  /** {@link #samples()}, empty when left out. */
  public Optional<Long> samplesIfSet() {
    return Optional.ofNullable(samples);
  }

  /** {@link #failedSamples()}, empty when left out. */
  public Optional<Long> failedSamplesIfSet() {
    return Optional.ofNullable(failedSamples);
  }

  /** {@link #message()}, empty when left out. */
  public Optional<String> messageIfSet() {
    return Optional.ofNullable(message);
  }
}
