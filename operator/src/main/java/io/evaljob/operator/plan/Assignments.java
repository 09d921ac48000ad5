package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gathers placed blocks into runs, one entry for each device and module. */
final class Assignments {

  private Assignments() {}

  /** The runs in the model's order; {@code placed} gives the device of each block. */
  static List<Assignment> of(ModelUnits units, int[] placed) {
    Set<List<String>> cut = cutModules(units, placed);
    List<Assignment> runs = new ArrayList<>();
    for (ModelUnits.Unit unit : units.all()) {
      int device = placed[unit.position()];
      List<String> names = unit.entry().moduleNames();
      boolean numbered = unit.role() == Role.Layers || cut.contains(names);
      Assignment last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
      if (last != null
          && last.role() == unit.role()
          && last.device() == device
          && last.moduleNames().equals(names)) {
        runs.set(
            runs.size() - 1,
            new Assignment(
                last.role(),
                names,
                last.first(),
                numbered ? last.count() + 1 : 1,
                device,
                last.bytes() + unit.weights()));
      } else {
        runs.add(
            new Assignment(
                unit.role(), names, numbered ? unit.index() : 0, 1, device, unit.weights()));
      }
    }
    return runs;
  }

  /** Modules other than layers whose blocks are on several devices: those blocks are numbered. */
  private static Set<List<String>> cutModules(ModelUnits units, int[] placed) {
    Map<List<String>, Integer> first = new HashMap<>();
    Set<List<String>> cut = new HashSet<>();
    for (ModelUnits.Unit unit : units.all()) {
      if (unit.role() != Role.Layers) {
        int device = placed[unit.position()];
        Integer before = first.putIfAbsent(unit.entry().moduleNames(), device);
        if (before != null && before != device) {
          cut.add(unit.entry().moduleNames());
        }
      }
    }
    return cut;
  }
}
