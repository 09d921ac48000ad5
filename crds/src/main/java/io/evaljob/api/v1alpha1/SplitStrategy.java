package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** How a model is spread over the devices of one process. */
public enum SplitStrategy {
  /** The planner chooses: None when one device is enough, else what the loader can do. */
  Auto,

  /** The whole model on one device. */
  None,

  /** Whole layers, contiguous and in order, so that the fullest device is as empty as possible. */
  Layers,

  /** Every layer cut over all devices, by vLLM or LMDeploy. */
  TensorParallel,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static SplitStrategy of(String value) {
    for (SplitStrategy known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
