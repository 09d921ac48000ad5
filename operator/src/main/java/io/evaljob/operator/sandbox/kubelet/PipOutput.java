package io.evaljob.operator.sandbox.kubelet;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads out of what {@code pip install --progress-bar off} prints which package is at hand, and
 * whether the index was last seen or sought in vain.
 */
final class PipOutput implements RecordedProgram.Lines {

  private static final Pattern COLLECTING = Pattern.compile("Collecting (\\S+).*");
  private static final Pattern FETCHED =
      Pattern.compile("\\s*(?:Downloading|Using cached|Processing) (\\S+).*");
  private static final Pattern UNPACKING = Pattern.compile("Installing collected packages: (.*)");

  /** pip's only word of a network that is not there; its last lines speak of versions. */
  private static final Pattern UNREACHABLE =
      Pattern.compile(".*after connection broken by '(\\w+)\\(.*?([^:]*)'\\)'.*");

  private final InstallMeter meter;
  private volatile String trouble = "";

  PipOutput(InstallMeter meter) {
    this.meter = meter;
  }

  /** The last trouble with the connection to the index; empty when there was none since. */
  String trouble() {
    return trouble;
  }

  @Override
  public void line(String text) {
    Matcher collecting = COLLECTING.matcher(text);
    Matcher fetched = FETCHED.matcher(text);
    Matcher unpacking = UNPACKING.matcher(text);
    Matcher unreachable = UNREACHABLE.matcher(text);
    if (unreachable.matches()) {
      trouble = unreachable.group(1) + ":" + unreachable.group(2);
    } else if (fetched.matches()) {
      trouble = "";
    }
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
