package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** What may be done with the shared cache. */
public enum CacheAccess {
  /** The Prefetch stage fills it; later stages read it. */
  Prefetch,

  /** Nothing is fetched: all that is needed must already be there. */
  ReadOnly,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static CacheAccess of(String value) {
    for (CacheAccess known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}
