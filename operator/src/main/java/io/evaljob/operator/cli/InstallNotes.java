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
      case Started ->
          "installing %s into %s (once for this machine; --python PATH uses an environment of your own)"
              .formatted(Counts.of(progress.total(), "package"), progress.folder());
      case Fetching ->
          "installing: %d of %d packages, %s  %s"
              .formatted(
                  progress.packages(),
                  progress.total(),
                  amount(progress.bytes()),
                  progress.detail());
      case Installing ->
          "installing: %s fetched (%s), unpacking"
              .formatted(Counts.of(progress.packages(), "package"), amount(progress.bytes()));
      case Finished -> "";
      case Failed -> "the installation failed: " + progress.detail();
    };
  }

  private static String amount(long bytes) {
    return String.format(Locale.ROOT, "%.0f MB", bytes / MEGA);
  }
}
