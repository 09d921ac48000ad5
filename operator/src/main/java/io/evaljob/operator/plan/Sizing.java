package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Decides for one number of devices per process whether the model fits, and how it is spread. */
final class Sizing {

  private final PlanRequest request;
  private final Placement placement;
  private final Optional<ModelUnits> units;
  private final int processes;

  Sizing(PlanRequest request, Placement placement, Optional<ModelUnits> units, int processes) {
    this.request = request;
    this.placement = placement;
    this.units = units;
    this.processes = processes;
  }

  /**
   * How a model is spread over some devices.
   *
   * @param devices devices of one process
   * @param strategy what is told to the runner
   * @param split sizes and placement, when there is anything to say
   * @param checked whether memory was compared
   * @param shortfall why it does not fit; empty when it does, or when memory was not compared
   */
  record Spread(
      int devices,
      PlannedStrategy strategy,
      Optional<SplitPlan> split,
      boolean checked,
      String shortfall) {
    boolean fits() {
      return shortfall.isEmpty();
    }
  }

  /** Spreads the model over {@code devices}, at least 1; any placement but a manual map. */
  Spread spread(int devices) {
    Devices.Capacities capacities = Devices.capacities(request, processes, devices);
    if (devices == 1) {
      return whole(capacities);
    }
    return switch (placement) {
      case LayerSplit -> layers(capacities);
      case TensorParallel -> tensorParallel(devices, capacities);
      case OneDevice, HarnessPlaced, ManualMap -> harnessPlaced(devices, capacities);
    };
  }

  /** Spreads the model as {@code placed} says: the device of each block by position. */
  Spread manual(int devices, Map<String, Integer> deviceMap, int[] placed) {
    Devices.Capacities capacities = Devices.capacities(request, processes, devices);
    List<DeviceLoad> table = units.isEmpty() ? List.of() : manualLoads(placed, capacities);
    return compared(
        devices,
        PlannedStrategy.DeviceMap,
        new SplitPlan(List.of(), table, deviceMap, 1),
        capacities);
  }

  private List<DeviceLoad> manualLoads(int[] placed, Devices.Capacities capacities) {
    int devices = capacities.bytes().length;
    long[] weights = new long[devices];
    long[] loads = new long[devices];
    int head = 0;
    for (ModelUnits.Unit unit : units.get().all()) {
      int device = placed[unit.position()];
      weights[device] += unit.weights();
      loads[device] += unit.load();
      head = unit.role() == Role.Head || unit.role() == Role.Norm ? device : head;
    }
    loads[0] += units.get().activations().visionBytes();
    loads[head] += units.get().logits();
    List<DeviceLoad> table = new ArrayList<>();
    for (int device = 0; device < devices; device++) {
      table.add(
          new DeviceLoad(
              device,
              weights[device],
              loads[device] + units.get().activations().workspaceBytes(),
              capacities.shown(device)));
    }
    return table;
  }

  private Spread whole(Devices.Capacities capacities) {
    if (units.isEmpty()) {
      return new Spread(1, PlannedStrategy.None, Optional.empty(), false, "");
    }
    DeviceLoad load =
        new DeviceLoad(0, units.get().weights(), units.get().wholeLoad(), capacities.shown(0));
    return compared(
        1, PlannedStrategy.None, new SplitPlan(List.of(), List.of(load), Map.of(), 1), capacities);
  }

  private Spread layers(Devices.Capacities capacities) {
    int devices = capacities.bytes().length;
    LayerSplit split = new LayerSplit(units.orElseThrow(), capacities);
    if (!split.fillsDevices()) {
      return new Spread(
          devices,
          PlannedStrategy.Layers,
          Optional.empty(),
          false,
          "has too few layers for " + devices + " devices");
    }
    return compared(devices, PlannedStrategy.Layers, split.plan(), capacities);
  }

  private Spread tensorParallel(int devices, Devices.Capacities capacities) {
    List<DeviceLoad> table = new ArrayList<>();
    if (units.isPresent()) {
      OptionalInt groups = request.model().map(ModelFacts::keyValueHeads).orElseThrow();
      long load = TensorParallel.load(units.get(), groups, devices);
      long weights = TensorParallel.share(units.get().weights(), devices);
      for (int device = 0; device < devices; device++) {
        table.add(new DeviceLoad(device, weights, load, capacities.shown(device)));
      }
    }
    return compared(
        devices,
        PlannedStrategy.TensorParallel,
        new SplitPlan(List.of(), table, Map.of(), devices),
        capacities);
  }

  private Spread harnessPlaced(int devices, Devices.Capacities capacities) {
    long all = 0;
    for (long capacity : capacities.bytes()) {
      all += capacity / devices;
    }
    String shortfall = "";
    if (capacities.known() && units.isPresent()) {
      long load = TensorParallel.share(units.get().wholeLoad(), devices);
      shortfall =
          load <= all
              ? ""
              : "needs "
                  + Bytes.text(load)
                  + " on each of "
                  + devices
                  + " devices and "
                  + Bytes.text(all)
                  + " are usable";
    }
    return new Spread(devices, PlannedStrategy.None, Optional.empty(), false, shortfall);
  }

  private static Spread compared(
      int devices, PlannedStrategy strategy, SplitPlan split, Devices.Capacities capacities) {
    boolean checked = capacities.known() && !split.devices().isEmpty();
    String shortfall = "";
    for (DeviceLoad load : split.devices()) {
      if (checked && shortfall.isEmpty() && load.headroomBytes() < 0) {
        shortfall =
            "needs "
                + Bytes.text(load.loadBytes())
                + " on device "
                + load.index()
                + " and "
                + Bytes.text(load.capacityBytes())
                + " are usable";
      }
    }
    return new Spread(devices, strategy, Optional.of(split), checked, shortfall);
  }
}
