package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** The reasons of all conditions, a closed list: dashboards and scripts can rely on these words. */
public enum Reason {
  /** Accepted is True: every model has a plan. */
  Planned,

  /** The EvalRuntime named by spec.runtimeRef does not exist (yet). */
  RuntimeNotFound,

  /** A ModelProfile named by a model does not exist (yet). */
  ProfileNotFound,

  /** A PersistentVolumeClaim named by the spec does not exist (yet). */
  ClaimNotFound,

  /** The spec breaks a rule; the message lists every violation with its remedy. */
  Invalid,

  /** The spec is well formed, but no plan exists for its models and devices. */
  Infeasible,

  /** The spec names something that the runtime does not allow. */
  NotAllowed,

  /** Nothing runs, and status.waiting says for what it waits. */
  Waiting,

  /** QuotaReserved is True: no EvalQuota limits the devices of this run. */
  NotLimited,

  /** QuotaReserved is True: devices are charged to an EvalQuota. */
  Reserved,

  /** Devices are waited for in the queue of an EvalQuota. */
  Queued,

  /** QuotaReserved is False: no device is charged any more. */
  Released,

  /** An EvalQuota admits in all namespaces that it selects. */
  Admitting,

  /** An older EvalQuota selects some of the same namespaces and admits there. */
  Overlap,

  /** Models and datasets are being fetched. */
  Prefetching,

  /** At least one model is in its Infer stage. */
  Running,

  /** Only Score stages remain. */
  Scoring,

  /** spec.suspend is set. */
  Suspended,

  /** Every dataset of every model has a score. */
  Succeeded,

  /** Some datasets have a score and some failed. */
  PartiallyFailed,

  /** No dataset has a score. */
  Failed,

  /** An EvalRuntime passed all its checks. */
  Valid,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static Reason of(String value) {
    for (Reason known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
