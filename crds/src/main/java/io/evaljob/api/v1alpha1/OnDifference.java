package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** What follows when a split changes the answers of the short run. */
public enum OnDifference {
  /** The model fails before its long run; the files of both short runs are kept. */
  Fail,

  /** The long run begins; the status tells the difference. */
  Warn,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static OnDifference of(String value) {
    for (OnDifference known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
