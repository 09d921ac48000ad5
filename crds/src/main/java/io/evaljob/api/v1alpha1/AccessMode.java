package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** Who may mount the claim that is made for a workspace. */
public enum AccessMode {
  /** Pods of one node. */
  ReadWriteOnce,

  /** Pods of many nodes. */
  ReadWriteMany,

  /** One pod. */
  ReadWriteOncePod,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static AccessMode of(String value) {
    for (AccessMode known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
