package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** How a toleration compares with a taint. */
public enum TolerationOperator {
  /** Any value of the key. */
  Exists,

  /** The same value. */
  Equal,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static TolerationOperator of(String value) {
    for (TolerationOperator known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
