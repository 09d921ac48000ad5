package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** What kind of program evaluates the models of a runtime. */
public enum Harness {
  /** VLMEvalKit, started and read by the runner. */
  VLMEvalKit,

  /** Any program that follows the contract of environment variables and results.json. */
  Command,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static Harness of(String value) {
    for (Harness known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
