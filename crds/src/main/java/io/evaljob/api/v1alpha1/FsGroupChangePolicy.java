package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** When the group of a volume is changed before it is mounted. */
public enum FsGroupChangePolicy {
  /** Only when the root folder has another group: fast on large volumes. */
  OnRootMismatch,

  /** At every mount. */
  Always,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static FsGroupChangePolicy of(String value) {
    for (FsGroupChangePolicy known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
