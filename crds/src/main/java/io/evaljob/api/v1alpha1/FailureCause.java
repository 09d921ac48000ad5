package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** Why an attempt failed; the runner and the operator use the same words. */
public enum FailureCause {
  /** A device ran out of memory. */
  OutOfMemory,

  /** The container ran out of memory and was killed. */
  HostOutOfMemory,

  /** /dev/shm was full. */
  SharedMemoryExhausted,

  /** Devices, their memory or /dev/shm are not as planned. */
  PreflightFailed,

  /** The VLMEvalKit in the image is not of the dialect that the runtime declares. */
  DialectMismatch,

  /** The loaded model does not have the modules that the split names. */
  SplitNotApplicable,

  /** The split changes answers that an unsplit run gives. */
  SplitChangesAnswers,

  /** The model is not in the catalogue, on the hub or in the volume. */
  ModelNotFound,

  /** The harness does not know the dataset, or its file is missing. */
  DatasetNotFound,

  /** Fetching a model or dataset failed. */
  DownloadFailed,

  /** The prepare script of the runtime failed. */
  PrepareFailed,

  /** The harness ran and failed. */
  HarnessFailed,

  /** Some datasets failed; the others are done. */
  DatasetFailed,

  /** One of the processes died, and the others were stopped. */
  RankFailed,

  /** A process came no further for longer than {@code spec.stallSeconds}. */
  Stalled,

  /** The judge model cannot be reached, or refuses. */
  JudgeFailed,

  /** The results that the harness wrote cannot be read. */
  ResultsInvalid,

  /** The operator rejected the final report. */
  ReportRejected,

  /** The pod was told to stop. */
  Terminated,

  /** The kubelet or the scheduler evicted the pod. */
  Evicted,

  /** The node is gone. */
  NodeLost,

  /** A deadline ended the attempt. */
  DeadlineExceeded,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static FailureCause of(String value) {
    for (FailureCause known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
