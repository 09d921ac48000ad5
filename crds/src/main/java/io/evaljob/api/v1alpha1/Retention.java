package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** What becomes of a claim when the EvalJob that it was made for is deleted. */
public enum Retention {
  /** It is deleted too. */
  Delete,

  /** It stays, until somebody deletes it. */
  Retain,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static Retention of(String value) {
    for (Retention known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
