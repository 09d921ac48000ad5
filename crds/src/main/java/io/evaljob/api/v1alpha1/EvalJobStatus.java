package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.evaljob.api.schema.ListAtomic;
import io.evaljob.api.schema.ListMap;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Optional;

/** What became of an EvalJob; written by the operator only. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record EvalJobStatus(
    @JsonPropertyDescription(
            "The metadata.generation that this status was made for; -1 until the operator has"
                + " seen the object.")
        @Min(-1)
        Long observedGeneration,
    @JsonPropertyDescription(
            "The run that the rest of this status speaks of; left out until it starts.")
        RunStatus run,
    @JsonPropertyDescription(
            "Where the job is, for people: Pending, Queued, Prefetching, Running, Scoring, Suspended,"
                + " Succeeded, PartiallyFailed or Failed. Programs read conditions.")
        @Size(max = 32)
        String phase,
    @JsonPropertyDescription("The figures behind the columns of kubectl get.")
        SummaryStatus summary,
    @JsonPropertyDescription("Accepted, QuotaReserved, Finished, Ready, Reconciling and Stalled.")
        @Size(max = 16)
        @ListMap("type")
        List<Condition> conditions,
    @JsonPropertyDescription(
            "For what the job waits, and what to do about it; left out while it does not "
                + "wait.")
        WaitingStatus waiting,
    @JsonPropertyDescription(
            "For what the attempts that the models are at waited last; left out where they did not,"
                + " and once the run has ended.")
        LastWaiting lastWaiting,
    @JsonPropertyDescription("Devices requested and held.") @Size(max = 16) @ListMap("resourceName")
        List<DeviceUse> devices,
    @JsonPropertyDescription("How far the run is.") Progress progress,
    @JsonPropertyDescription("Where each model is.") @Size(max = 64) @ListMap("name")
        List<ModelStatus> models,
    @JsonPropertyDescription(
            "The first 64 result rows; all rows are in the ConfigMaps that "
                + "models[].resultsName name.")
        @Size(max = 64)
        @ListAtomic
        List<ResultRow> results,
    @JsonPropertyDescription("Result rows in all.") @Min(0) @Max(512) int resultsTotal,
    @JsonPropertyDescription("The last five runs before this one, the newest first.")
        @Size(max = 5)
        @ListAtomic
        List<PreviousRun> previousRuns,
    @JsonPropertyDescription("When the run ended, RFC 3339; left out until then.")
        @Format("date-time")
        @Size(max = 64)
        String completionTime) {
  /** Copies the collections; null becomes empty. */
  public EvalJobStatus {
    conditions = Copies.list(conditions);
    devices = Copies.list(devices);
    models = Copies.list(models);
    results = Copies.list(results);
    previousRuns = Copies.list(previousRuns);
  }

  /** {@link #observedGeneration()}, empty when left out. */
  public Optional<Long> observedGenerationIfSet() {
    return Optional.ofNullable(observedGeneration);
  }

  /** {@link #run()}, empty when left out. */
  public Optional<RunStatus> runIfSet() {
    return Optional.ofNullable(run);
  }

  /** {@link #phase()}, empty when left out. */
  public Optional<String> phaseIfSet() {
    return Optional.ofNullable(phase);
  }

  /** {@link #summary()}, empty when left out. */
  public Optional<SummaryStatus> summaryIfSet() {
    return Optional.ofNullable(summary);
  }

  /** {@link #waiting()}, empty when left out. */
  public Optional<WaitingStatus> waitingIfSet() {
    return Optional.ofNullable(waiting);
  }

  /** {@link #lastWaiting()}, empty when left out. */
  public Optional<LastWaiting> lastWaitingIfSet() {
    return Optional.ofNullable(lastWaiting);
  }

  /** {@link #progress()}, empty when left out. */
  public Optional<Progress> progressIfSet() {
    return Optional.ofNullable(progress);
  }

  /** {@link #completionTime()}, empty when left out. */
  public Optional<String> completionTimeIfSet() {
    return Optional.ofNullable(completionTime);
  }
}
