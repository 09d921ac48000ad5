package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/**
 * Where an EvalJob or one of its models is, in one word for people; programs read the conditions.
 */
public enum Phase {
  /** Accepted or not yet seen; nothing runs. */
  Pending,

  /** Devices are waited for in the queue of an EvalQuota; nothing runs. */
  Queued,

  /** Models and datasets are being fetched. */
  Prefetching,

  /** At least one model is in its Infer stage. */
  Running,

  /** Only Score stages remain. */
  Scoring,

  /** spec.suspend is set: nothing runs and no device is held. */
  Suspended,

  /** Every dataset of every model has a score. */
  Succeeded,

  /** Some datasets have a score and some failed. */
  PartiallyFailed,

  /** No dataset has a score, or the spec can never run. */
  Failed,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static Phase of(String value) {
    for (Phase known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
