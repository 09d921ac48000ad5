package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** What follows when the devices of an Infer attempt run out of memory. */
public enum OnOutOfMemory {
  /** The same plan is tried once more, where spec.retryLimit allows it. */
  Fail,

  /** The next attempt gets a larger plan. */
  Replan,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static OnOutOfMemory of(String value) {
    for (OnOutOfMemory known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
