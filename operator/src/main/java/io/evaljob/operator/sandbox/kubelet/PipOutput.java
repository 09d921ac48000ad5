package io.evaljob.operator.sandbox.kubelet;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads out of what {@code pip install --progress-bar off} prints which package is at hand. */
final class PipOutput implements RecordedProgram.Lines {

  private static final Pattern COLLECTING = Pattern.compile("Collecting (\\S+).*");
  private static final Pattern FETCHED =
      Pattern.compile("\\s*(?:Downloading|Using cached|Processing) (\\S+).*");
  private static final Pattern UNPACKING = Pattern.compile("Installing collected packages: (.*)");

  private final InstallMeter meter;

  PipOutput(InstallMeter meter) {
    this.meter = meter;
  }

  @Override
  public void line(String text) {
    Matcher collecting = COLLECTING.matcher(text);
    Matcher fetched = FETCHED.matcher(text);
    Matcher unpacking = UNPACKING.matcher(text);
    if (collecting.matches()) {
      meter.collecting(collecting.group(1));
    } else if (fetched.matches()) {
      String name = fetched.group(1);
      if (!name.endsWith(".metadata")) {
        meter.fetching(name.substring(name.lastIndexOf('/') + 1));
      }
    } else if (unpacking.matches()) {
      meter.unpacking(List.of(unpacking.group(1).split(", ")));
    }
  }
}
