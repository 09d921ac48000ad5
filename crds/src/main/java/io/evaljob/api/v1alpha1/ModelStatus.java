package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Optional;

/** Where one model is. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ModelStatus(
    @JsonPropertyDescription("Name of the model in spec.models.") @Required @Size(min = 1, max = 40)
        String name,
    @JsonPropertyDescription(
            "Where it is: Pending, Queued, Prefetching, Running, Scoring, Suspended, Succeeded, "
                + "PartiallyFailed or Failed.")
        @Size(max = 32)
        String phase,
    @JsonPropertyDescription("The stage it is in or ended in: Prefetch, Infer or Score.")
        @Size(max = 32)
        String stage,
    @JsonPropertyDescription("Counts the attempts of this stage in this run, from 1.") @Min(0)
        int attempt,
    @JsonPropertyDescription(
            "Attempts of this stage that failed and count against spec.retryLimit.")
        @Min(0)
        int retries,
    @JsonPropertyDescription(
            "Attempts of this stage that were evicted, preempted or lost with their node; they "
                + "count against spec.disruptionLimit.")
        @Min(0)
        int disruptions,
    @JsonPropertyDescription(
            "Since when this attempt waits in the queue of an EvalQuota, RFC 3339; left out while"
                + " it does not.")
        @Format("date-time")
        @Size(max = 64)
        String queuedTime,
    @JsonPropertyDescription(
            "UID of the Job of this attempt; another Job under its name is not looked at.")
        @Size(max = 64)
        String jobUID,
    @JsonPropertyDescription(
            "When the pod of this attempt began to run, RFC 3339; left out until then. Its running"
                + " time counts although the pod may be deleted.")
        @Format("date-time")
        @Size(max = 64)
        String attemptStartTime,
    @JsonPropertyDescription(
            "How the model is spread over the devices of a process: None, Layers, "
                + "TensorParallel or DeviceMap.")
        @Size(max = 32)
        String strategy,
    @JsonPropertyDescription("Processes of the plan.") @Min(0) Integer processes,
    @JsonPropertyDescription("Devices of each process of the plan.") @Min(0)
        Integer devicesPerProcess,
    @JsonPropertyDescription("ConfigMap with the plan of this run.") @Size(max = 63)
        String planName,
    @JsonPropertyDescription(
            "SHA-256 of what that ConfigMap holds, as sha256:<64 hexadecimal digits>; a ConfigMap"
                + " that holds something else is not used.")
        @Size(max = 128)
        String planDigest,
    @JsonPropertyDescription(
            "The plans of this run in their order, once there is more than the first; the last is"
                + " the present one.")
        @Size(max = 5)
        @ListAtomic
        List<PlanRecord> planHistory,
    @JsonPropertyDescription(
            "What the plan took for granted, for example that the fit was not checked.")
        @Size(max = 512)
        String note,
    @JsonPropertyDescription("Node of the last pod.") @Size(max = 253) String nodeName,
    @JsonPropertyDescription("Physical devices as the runner saw them, in logical order.")
        @Size(max = 16)
        @ListAtomic
        List<@Size(max = 128) String> deviceIDs,
    @JsonPropertyDescription("Weights on each device, as planned and as loaded.")
        @Size(max = 16)
        @ListAtomic
        List<DeviceWeights> deviceWeights,
    @JsonPropertyDescription("What the short run of spec.smokeTest came to.")
        SmokeTestStatus smokeTest,
    @JsonPropertyDescription("The image as it ran, by digest.") @Size(max = 512) String imageID,
    @JsonPropertyDescription("How far the model is.") Progress progress,
    @JsonPropertyDescription("The last failed attempt, if one failed.") LastFailure lastFailure,
    @JsonPropertyDescription("ConfigMap with all result rows, made when the model ends.")
        @Size(max = 63)
        String resultsName) {
  /** Copies the collections; null becomes empty. */
  public ModelStatus {
    planHistory = Copies.list(planHistory);
    deviceIDs = Copies.list(deviceIDs);
    deviceWeights = Copies.list(deviceWeights);
  }

  /** {@link #phase()}, empty when left out. */
  public Optional<String> phaseIfSet() {
    return Optional.ofNullable(phase);
  }

  /** {@link #stage()}, empty when left out. */
  public Optional<String> stageIfSet() {
    return Optional.ofNullable(stage);
  }

  /** {@link #queuedTime()}, empty when left out. */
  public Optional<String> queuedTimeIfSet() {
    return Optional.ofNullable(queuedTime);
  }

  /** {@link #jobUID()}, empty when left out. */
  public Optional<String> jobUIDIfSet() {
    return Optional.ofNullable(jobUID);
  }

  /** {@link #attemptStartTime()}, empty when left out. */
  public Optional<String> attemptStartTimeIfSet() {
    return Optional.ofNullable(attemptStartTime);
  }

  /** {@link #strategy()}, empty when left out. */
  public Optional<String> strategyIfSet() {
    return Optional.ofNullable(strategy);
  }

  /** {@link #processes()}, empty when left out. */
  public Optional<Integer> processesIfSet() {
    return Optional.ofNullable(processes);
  }

  /** {@link #devicesPerProcess()}, empty when left out. */
  public Optional<Integer> devicesPerProcessIfSet() {
    return Optional.ofNullable(devicesPerProcess);
  }

  /** {@link #planName()}, empty when left out. */
  public Optional<String> planNameIfSet() {
    return Optional.ofNullable(planName);
  }

  /** {@link #planDigest()}, empty when left out. */
  public Optional<String> planDigestIfSet() {
    return Optional.ofNullable(planDigest);
  }

  /** {@link #note()}, empty when left out. */
  public Optional<String> noteIfSet() {
    return Optional.ofNullable(note);
  }

  /** {@link #nodeName()}, empty when left out. */
  public Optional<String> nodeNameIfSet() {
    return Optional.ofNullable(nodeName);
  }

  /** {@link #smokeTest()}, empty when left out. */
  public Optional<SmokeTestStatus> smokeTestIfSet() {
    return Optional.ofNullable(smokeTest);
  }

  /** {@link #imageID()}, empty when left out. */
  public Optional<String> imageIDIfSet() {
    return Optional.ofNullable(imageID);
  }

  /** {@link #progress()}, empty when left out. */
  public Optional<Progress> progressIfSet() {
    return Optional.ofNullable(progress);
  }

  /** {@link #lastFailure()}, empty when left out. */
  public Optional<LastFailure> lastFailureIfSet() {
    return Optional.ofNullable(lastFailure);
  }

  /** {@link #resultsName()}, empty when left out. */
  public Optional<String> resultsNameIfSet() {
    return Optional.ofNullable(resultsName);
  }
}
