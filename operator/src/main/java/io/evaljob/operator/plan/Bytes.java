package io.evaljob.operator.plan;

import java.util.Locale;

/** Writes sizes for people. */
final class Bytes {

  private static final double GIB = 1L << 30;

  private Bytes() {}

  /** Such as {@code 79.6 GiB}; bytes below 0.1 GiB. */
  static String text(long bytes) {
    return Math.abs(bytes) < GIB / 10
        ? bytes + " bytes"
        : String.format(Locale.ROOT, "%.1f GiB", bytes / GIB);
  }
}
