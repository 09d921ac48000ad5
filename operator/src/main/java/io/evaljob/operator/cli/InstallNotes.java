package io.evaljob.operator.cli;

import io.evaljob.operator.sandbox.kubelet.InstallProgress;
import io.evaljob.operator.sandbox.kubelet.InstallProgress.Step;
import io.evaljob.operator.sandbox.kubelet.ProgressListener;
import java.util.Locale;

/**
 * Tells how the installation of a Python environment goes: its size before the download starts, the
 * rest in a line that changes.
 */
final class InstallNotes implements ProgressListener {

  private static final double MEGA = 1e6;

  private final LiveTable table;
  private Step last = Step.Finished;

  InstallNotes(LiveTable table) {
    this.table = table;
  }

  @Override
  public synchronized void progress(InstallProgress progress) {
    boolean first = progress.step() != last;
    last = progress.step();
    if (first && progress.step() == Step.Fetching) {
      table.say(announcement(progress));
    }
    if (progress.step() == Step.Failed) {
      table.note("");
      table.say("the installation failed: " + progress.detail());
    } else {
      table.note(line(progress));
    }
  }

  private static String announcement(InstallProgress progress) {
    return "installing %s%s into %s, once for this machine; --python PATH uses an environment of your own"
        .formatted(
            Counts.of(progress.total(), "package"),
            progress.totalBytes() > 0 ? ", " + amount(progress.totalBytes()) + " to download," : "",
            progress.folder());
  }

  /** The line; empty when there is nothing more to say. */
  static String line(InstallProgress progress) {
    return switch (progress.step()) {
      case Waiting -> "waiting: %s (%s)".formatted(progress.detail(), progress.folder());
      case Started -> "making a Python environment in %s".formatted(progress.folder());
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
      case Finished, Failed -> "";
    };
  }

  private static String percent(InstallProgress progress) {
    return progress.percent().isPresent() ? " (" + progress.percent().getAsInt() + " %)" : "";
  }

  private static String amount(long bytes) {
    return String.format(Locale.ROOT, "%.0f MB", bytes / MEGA);
  }
}
