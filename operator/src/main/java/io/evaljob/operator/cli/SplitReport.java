package io.evaljob.operator.cli;

import io.evaljob.operator.plan.Assignment;
import io.evaljob.operator.plan.DeviceLoad;
import io.evaljob.operator.plan.Role;
import io.evaljob.operator.plan.SplitPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** What lies on each device of a process, as a table: loads where they are known, and names. */
final class SplitReport {

  private final SplitPlan split;

  private SplitReport(SplitPlan split) {
    this.split = split;
  }

  /** The table; empty when nothing is known of the devices. */
  static List<String> lines(SplitPlan split, String indent) {
    return new SplitReport(split).table().lines(indent);
  }

  private TextTable table() {
    TextTable table = new TextTable();
    if (split.devices().isEmpty()) {
      if (!split.deviceMap().isEmpty()) {
        table.row("DEVICE", "HOLDS");
        new TreeSet<>(split.deviceMap().values())
            .forEach(device -> table.row(device.toString(), holds(device)));
      }
      return table;
    }
    table.row("DEVICE", "WEIGHTS", "LOAD", "CAPACITY", "HEADROOM", "HOLDS");
    for (DeviceLoad device : split.devices()) {
      boolean known = device.capacityBytes() > 0;
      table.row(
          Integer.toString(device.index()),
          Bytes.text(device.weightsBytes()),
          Bytes.text(device.loadBytes()),
          known ? Bytes.text(device.capacityBytes()) : "unknown",
          known ? Bytes.text(device.headroomBytes()) : "unknown",
          holds(device.index()));
    }
    return table;
  }

  private String holds(int device) {
    if (split.tensorParallelSize() > 1) {
      return "1/%d of every block".formatted(split.tensorParallelSize());
    }
    if (!split.deviceMap().isEmpty()) {
      return String.join(
          ", ",
          ModuleRanges.of(
              split.deviceMap().entrySet().stream()
                  .filter(entry -> entry.getValue() == device)
                  .map(entry -> entry.getKey())
                  .toList()));
    }
    return split.assignments().isEmpty() ? "everything" : String.join(", ", blocks(device));
  }

  private List<String> blocks(int device) {
    List<String> names = new ArrayList<>();
    for (Assignment assignment : split.assignments()) {
      if (assignment.device() != device) {
        continue;
      }
      String name = assignment.role().name().toLowerCase(Locale.ROOT);
      if (assignment.role() == Role.Layers) {
        int last = assignment.first() + assignment.count() - 1;
        name += " " + assignment.first() + (assignment.count() > 1 ? "-" + last : "");
      }
      if (!names.contains(name)) {
        names.add(name);
      }
    }
    return names;
  }
}
