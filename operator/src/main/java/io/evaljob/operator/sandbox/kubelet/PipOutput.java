package io.evaljob.operator.sandbox.kubelet;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads progress out of what {@code pip install --progress-bar off} prints. */
final class PipOutput implements VirtualEnvironments.Lines {

  private static final Pattern COLLECTING = Pattern.compile("Collecting (\\S+).*");
  private static final Pattern FETCHED =
      Pattern.compile(
          "\\s*(?:Downloading|Using cached|Processing) (\\S+)(?: \\(([\\d.]+) (\\w+)\\))?.*");

  private final Path folder;
  private final int total;
  private final ProgressListener listener;
  private int packages;
  private long bytes;

  PipOutput(Path folder, int total, ProgressListener listener) {
    this.folder = folder;
    this.total = total;
    this.listener = listener;
  }

  @Override
  public void line(String text) {
    Matcher collecting = COLLECTING.matcher(text);
    Matcher fetched = FETCHED.matcher(text);
    if (collecting.matches()) {
      packages = Math.min(packages + 1, total);
      tell(InstallProgress.Step.Fetching, collecting.group(1));
    } else if (fetched.matches()) {
      String name = fetched.group(1);
      if (name.endsWith(".metadata")) {
        return;
      }
      bytes += size(fetched.group(2), fetched.group(3));
      tell(InstallProgress.Step.Fetching, name.substring(name.lastIndexOf('/') + 1));
    } else if (text.startsWith("Installing collected packages")) {
      packages = total;
      tell(InstallProgress.Step.Installing, "unpacking");
    }
  }

  /** The last report. */
  InstallProgress finished() {
    return new InstallProgress(folder, InstallProgress.Step.Finished, total, total, bytes, "ready");
  }

  private void tell(InstallProgress.Step step, String detail) {
    listener.progress(new InstallProgress(folder, step, packages, total, bytes, detail));
  }

  private static long size(String number, String unit) {
    if (number == null) {
      return 0;
    }
    double factor =
        switch (unit) {
          case "kB" -> 1e3;
          case "MB" -> 1e6;
          case "GB" -> 1e9;
          default -> 1;
        };
    return Math.round(Double.parseDouble(number) * factor);
  }
}
