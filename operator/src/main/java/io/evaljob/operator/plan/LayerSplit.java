package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Splits a model by whole layers: what stays on device 0, what is cut, and the plan that comes out.
 *
 * <p>Inputs go to device 0, so embedding, connector and vision tower stay there. Only where the
 * whole tower does not fit device 0 is it cut at its own blocks: all but its first block then join
 * the layers in one chain, in execution order.
 */
final class LayerSplit {

  private final ModelUnits units;
  private final Devices.Capacities capacities;
  private final List<ModelUnits.Unit> chain = new ArrayList<>();
  private final SplitProblem problem;

  LayerSplit(ModelUnits units, Devices.Capacities capacities) {
    this.units = units;
    this.capacities = capacities;
    long head = units.load(Role.Norm) + units.load(Role.Head) + units.logits();
    Activations activations = units.activations();
    long first =
        units.load(Role.Vision)
            + units.load(Role.Connector)
            + units.load(Role.Embedding)
            + activations.visionBytes();
    long least = first + activations.workspaceBytes() + (units.tiedHead() ? head : 0);
    boolean cutTower = least > capacities.bytes()[0];
    boolean firstVision = true;
    for (ModelUnits.Unit unit : units.all()) {
      switch (unit.role()) {
        case Layers -> chain.add(unit);
        case Vision -> {
          if (cutTower && !firstVision) {
            chain.add(visionEnd(), unit);
            first -= unit.load();
          }
          firstVision = false;
        }
        case Connector, Embedding, Norm, Head -> {}
      }
    }
    problem =
        new SplitProblem(
            chain.stream().mapToLong(ModelUnits.Unit::load).toArray(),
            first,
            activations.workspaceBytes(),
            head,
            units.tiedHead(),
            capacities.bytes());
  }

  /** Tower blocks come before the layers, wherever the profile lists them. */
  private int visionEnd() {
    int end = 0;
    while (end < chain.size() && chain.get(end).role() == Role.Vision) {
      end++;
    }
    return end;
  }

  /** Whether every device but the first can get a block. */
  boolean fillsDevices() {
    return chain.size() >= problem.devices() - 1;
  }

  /** Whether some split keeps every device within its capacity. */
  boolean fits() {
    return fillsDevices() && MinMaxSplit.fits(problem);
  }

  /** The best split, whether it fits or not; only when {@link #fillsDevices}. */
  SplitPlan plan() {
    SplitSolution solution = MinMaxSplit.solve(problem);
    int devices = problem.devices();
    long[] weights = new long[devices];
    long[] loads = new long[devices];
    for (int device = 0; device < devices; device++) {
      loads[device] = problem.fixed(device, solution.headDevice());
    }
    int[] placed = new int[units.all().size()];
    for (int device = 0; device < devices; device++) {
      for (int at = solution.cuts()[device]; at < solution.cuts()[device + 1]; at++) {
        placed[chain.get(at).position()] = device;
        loads[device] += chain.get(at).load();
      }
    }
    for (ModelUnits.Unit unit : units.all()) {
      if (unit.role() == Role.Norm || unit.role() == Role.Head) {
        placed[unit.position()] = solution.headDevice();
      }
      weights[placed[unit.position()]] += unit.weights();
    }
    List<DeviceLoad> table = new ArrayList<>();
    for (int device = 0; device < devices; device++) {
      table.add(new DeviceLoad(device, weights[device], loads[device], capacities.shown(device)));
    }
    return new SplitPlan(Assignments.of(units, placed), table, Map.of(), 1);
  }
}
