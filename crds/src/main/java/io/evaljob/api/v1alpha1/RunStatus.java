package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** The run that the rest of the status speaks of. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record RunStatus(
    @JsonPropertyDescription("The spec.runID of the run.") @Size(max = 63) String id,
    @JsonPropertyDescription("Counts the runs of this object, from 1.") @Min(0) long number,
    @JsonPropertyDescription("Hash of what defines the run.") @Size(max = 64) String specHash,
    @JsonPropertyDescription("When the run started, RFC 3339.") @Format("date-time") @Size(max = 64)
        String startTime,
    @JsonPropertyDescription("The metadata.generation of the EvalRuntime that the run uses.")
        @Min(0)
        Long runtimeGeneration,
    @JsonPropertyDescription("The image of the run, as the runtime names it.") @Size(max = 512)
        String image,
    @JsonPropertyDescription(
            "The limits.maxActiveSeconds of the EvalRuntime when the run began; left out where "
                + "there was none.")
        @Min(1)
        Integer maxActiveSeconds,
    @JsonPropertyDescription(
            "When the first pod of an Infer stage began to run, RFC 3339; left out until then.")
        @Format("date-time")
        @Size(max = 64)
        String evaluationStartTime,
    @JsonPropertyDescription(
            "Running time of the pods of attempts that have ended, in seconds, added up.")
        @Min(0)
        long activeSeconds,
    @JsonPropertyDescription("Since when the run is suspended, RFC 3339; left out while it is not.")
        @Format("date-time")
        @Size(max = 64)
        String suspendTime,
    @JsonPropertyDescription("For how long it was suspended before, in seconds.") @Min(0)
        long suspendedSeconds) {

  /** {@link #id()}, empty when left out. */
  public Optional<String> idIfSet() {
    return Optional.ofNullable(id);
  }

  /** {@link #specHash()}, empty when left out. */
  public Optional<String> specHashIfSet() {
    return Optional.ofNullable(specHash);
  }

  /** {@link #startTime()}, empty when left out. */
  public Optional<String> startTimeIfSet() {
    return Optional.ofNullable(startTime);
  }

  /** {@link #runtimeGeneration()}, empty when left out. */
  public Optional<Long> runtimeGenerationIfSet() {
    return Optional.ofNullable(runtimeGeneration);
  }

  /** {@link #image()}, empty when left out. */
  public Optional<String> imageIfSet() {
    return Optional.ofNullable(image);
  }

  /** {@link #evaluationStartTime()}, empty when left out. */
  public Optional<String> evaluationStartTimeIfSet() {
    return Optional.ofNullable(evaluationStartTime);
  }

  /** {@link #suspendTime()}, empty when left out. */
  public Optional<String> suspendTimeIfSet() {
    return Optional.ofNullable(suspendTime);
  }

  /** {@link #maxActiveSeconds()}, empty when left out. */
  public Optional<Integer> maxActiveSecondsIfSet() {
    return Optional.ofNullable(maxActiveSeconds);
  }
}
