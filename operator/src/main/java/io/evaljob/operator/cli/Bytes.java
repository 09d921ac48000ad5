package io.evaljob.operator.cli;

import java.util.Locale;

/** Amounts of memory, written for people. */
final class Bytes {

  private static final double GIBI = 1L << 30;
  private static final double MEBI = 1L << 20;

  private Bytes() {}

  /** The amount in GiB with one digit, or in MiB when it is less than one tenth of that. */
  static String text(long bytes) {
    if (Math.abs(bytes) < GIBI / 10) {
      return String.format(Locale.ROOT, "%.1f MiB", bytes / MEBI);
    }
    return String.format(Locale.ROOT, "%.1f GiB", bytes / GIBI);
  }
}
