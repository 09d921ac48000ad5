package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** The vintages of VLMEvalKit, by how they spread a model over devices and tell how a run ended. */
public enum Dialect {
  /** Before May 2025: a model is split when AUTO_SPLIT is set. */
  AutoSplit,

  /** May 2025 to April 2026: models load with device_map=auto, and no status file is written. */
  AutoDeviceMap,

  /** April 2026 and later: status.json tells how a run ended. */
  StatusFile,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static Dialect of(String value) {
    for (Dialect known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
