package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** The types of condition in a status, a closed list. */
public enum ConditionType {
  /** The spec is valid, what it names exists, and a plan was made. */
  Accepted,

  /** Devices are charged to an EvalQuota, or need not be; absent until that is decided. */
  QuotaReserved,

  /** The run has ended, well or badly. */
  Finished,

  /** The object is where its spec asks it to be. */
  Ready,

  /** The operator is working on it or waiting for something; kstatus reads this. */
  Reconciling,

  /** Nothing will change without an edit; kstatus reads this. */
  Stalled,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static ConditionType of(String value) {
    for (ConditionType known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
