package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** The library that loads a model. */
public enum Loader {
  /** Hugging Face transformers: one process can spread layers over its devices. */
  Transformers,

  /** vLLM: tensor parallelism inside one process group. */
  VLLM,

  /** LMDeploy: tensor parallelism inside one process group. */
  LMDeploy,

  /** A loader that puts the whole model on one device. */
  SingleDevice,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static Loader of(String value) {
    for (Loader known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
