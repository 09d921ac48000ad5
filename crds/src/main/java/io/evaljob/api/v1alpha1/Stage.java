package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/**
 * The stages of one model of an EvalJob, in the order they run; devices are held during Infer only.
 */
public enum Stage {
  /** Fetches model and datasets without a device. */
  Prefetch,

  /** Runs the model over the samples; the only stage that holds devices. */
  Infer,

  /** Turns predictions into scores without a device. */
  Score,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static Stage of(String value) {
    for (Stage known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
