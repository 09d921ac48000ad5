package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** The effects of a taint. */
public enum TaintEffect {
  /** New pods stay away. */
  NoSchedule,

  /** New pods stay away where possible. */
  PreferNoSchedule,

  /** Running pods leave, too. */
  NoExecute,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static TaintEffect of(String value) {
    for (TaintEffect known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
