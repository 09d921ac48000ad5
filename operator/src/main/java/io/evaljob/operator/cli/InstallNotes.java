package io.evaljob.operator.cli;

import io.evaljob.operator.sandbox.kubelet.InstallProgress;
import java.util.Locale;

/** How the installation of a Python environment goes, in one line. */
final class InstallNotes {

  private static final double MEGA = 1e6;

  private InstallNotes() {}

  /** The line; empty when there is nothing more to say. */
  static String line(InstallProgress progress) {
    return switch (progress.step()) {
      case Waiting -> "waiting: %s (%s)".formatted(progress.detail(), progress.folder());
      case Started ->
          "installing %s into %s (once for this machine; --python PATH uses an environment of your own)"
              .formatted(Counts.of(progress.total(), "package"), progress.folder());
      case Fetching ->
          "installing: %d of %s, %s%s  %s"
              .formatted(
                  progress.packages(),
                  Counts.of(progress.total(), "package"),
                  progress.totalBytes() > 0
                      ? amount(progress.bytes()) + " of " + amount(progress.totalBytes())
                      : amount(progress.bytes()),
                  percent(progress),
                  progress.detail());
      case Installing ->
          "installing: %s fetched, %d of %s unpacked%s  %s"
              .formatted(
                  amount(progress.bytes()),
                  progress.packages(),
                  Counts.of(progress.total(), "package"),
                  percent(progress),
                  progress.detail());
      case Finished -> "";
      case Failed -> "the installation failed: " + progress.detail();
    };
  }

  private static String percent(InstallProgress progress) {
    return progress.percent().isPresent() ? " (" + progress.percent().getAsInt() + " %)" : "";
  }

  private static String amount(long bytes) {
    return String.format(Locale.ROOT, "%.0f MB", bytes / MEGA);
  }
}
