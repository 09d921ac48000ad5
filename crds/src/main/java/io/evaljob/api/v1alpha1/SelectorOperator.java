package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** How a label selector expression compares. */
public enum SelectorOperator {
  /** The label has one of the values. */
  In,

  /** The label is absent or has none of the values. */
  NotIn,

  /** The label is there. */
  Exists,

  /** The label is absent. */
  DoesNotExist,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static SelectorOperator of(String value) {
    for (SelectorOperator known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
