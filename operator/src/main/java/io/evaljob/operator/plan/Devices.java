package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Devices as ranks see them: slices by value, variables, and memory by logical position. */
final class Devices {

  /** Capacity where the memory is unknown: the same for all devices and more than any load. */
  private static final long UNKNOWN = ProfileCheck.MAX_BYTES;

  /**
   * What the devices of a process can carry, by logical position.
   *
   * @param bytes memory less the reserve
   * @param known whether the memory is known at all
   */
  @SuppressWarnings("ArrayRecordComponent") // numbers only: never compared, never changed
  record Capacities(long[] bytes, boolean known) {
    /** Capacity to show: 0 when unknown. */
    long shown(int device) {
      return known ? bytes[device] : 0;
    }
  }

  private Devices() {}

  /** The ranks' slices of the devices, in order. */
  static List<RankPlan> ranks(DeviceContext context, int processes, int devicesPerProcess) {
    List<RankPlan> ranks = new ArrayList<>(processes);
    for (int rank = 0; rank < processes; rank++) {
      List<String> slice = new ArrayList<>(devicesPerProcess);
      for (int device = 0; device < devicesPerProcess; device++) {
        int position = rank * devicesPerProcess + device;
        slice.add(
            context instanceof DeviceContext.BareProcess bare
                ? bare.devices().get(position).id()
                : Integer.toString(position));
      }
      ranks.add(new RankPlan(rank, slice));
    }
    return ranks;
  }

  /**
   * Device variables of a container or process without devices. In a pod these are the runtime
   * variables of every vendor: it may land on any node, and images bake values such as {@code all}.
   */
  static Map<String, String> helperEnvironment(DeviceContext context, Accelerator accelerator) {
    Map<String, String> environment = new TreeMap<>();
    if (context instanceof DeviceContext.RequestedInPod) {
      Accelerators.all().stream()
          .flatMap(row -> row.runtimeVariable().stream())
          .forEach(name -> environment.put(name, "void"));
    }
    environment.put(accelerator.processVariable(), "");
    return environment;
  }

  /** Device variables of the evaluating container or process. */
  static Map<String, String> containerEnvironment(
      DeviceContext context, Accelerator accelerator, List<RankPlan> ranks) {
    List<String> devices = ranks.stream().flatMap(rank -> rank.visibleDevices().stream()).toList();
    if (devices.isEmpty()) {
      return helperEnvironment(context, accelerator);
    }
    Map<String, String> environment = new TreeMap<>(accelerator.orderSettings());
    if (!(context instanceof DeviceContext.RequestedInPod && accelerator.namedByPlugin())) {
      environment.put(accelerator.processVariable(), String.join(",", devices));
    }
    return environment;
  }

  /**
   * Capacity of each logical device of a process. Ranks share one split, so each position counts
   * with the smallest memory that any rank has there.
   */
  static Capacities capacities(PlanRequest request, int processes, int devicesPerProcess) {
    long[] memory = new long[devicesPerProcess];
    Arrays.fill(memory, Long.MAX_VALUE);
    boolean known = true;
    for (int position = 0; position < processes * devicesPerProcess; position++) {
      long bytes = request.minMemoryBytes();
      if (request.context() instanceof DeviceContext.BareProcess bare
          && bare.devices().get(position).memoryBytes() > 0) {
        bytes = bare.devices().get(position).memoryBytes();
      }
      known &= bytes > 0;
      int device = position % devicesPerProcess;
      memory[device] = Math.min(memory[device], bytes);
    }
    for (int device = 0; device < devicesPerProcess; device++) {
      memory[device] =
          known ? lessReserve(memory[device], request.split().reservePercent()) : UNKNOWN;
    }
    return new Capacities(memory, known);
  }

  private static long lessReserve(long memory, int percent) {
    long bounded = Math.min(memory, UNKNOWN);
    return bounded - (bounded / 100 * percent + bounded % 100 * percent / 100);
  }
}
