package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** How predictions become scores. */
public enum ScoringMode {
  /** The way each dataset prefers. */
  DatasetDefault,

  /** Ask the judge model of {@link ScoringSpec#judge()} wherever the harness has a judge. */
  Judge,

  /** Compare answers as text, without a judge model. */
  ExactMatching,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static ScoringMode of(String value) {
    for (ScoringMode known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
