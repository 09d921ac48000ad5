package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** What a block of a model is; its role decides which device may hold it. */
public enum BlockRole {
  /** The vision tower, or one of its blocks when it is given in several entries; on device 0. */
  Vision,

  /** What joins vision and language; on device 0. */
  Connector,

  /** The token embedding; on device 0. */
  Embedding,

  /** Equal language layers; each may be on any device, in order. */
  Layers,

  /** The last norm; with the head. */
  Norm,

  /** The language head; on device 0 or on the last device used. */
  Head,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static BlockRole of(String value) {
    for (BlockRole known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
