package io.evaljob.operator.plan;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where a model's blocks go and what each device of a process carries.
 *
 * @param assignments every block to its device, for the strategy Layers; else empty
 * @param devices loads per device; empty when the profile gives no block sizes
 * @param deviceMap module to device, as given by hand, for the strategy DeviceMap; else empty
 * @param tensorParallelSize devices that share every layer; 1 when there is no tensor parallelism
 */
public record SplitPlan(
    List<Assignment> assignments,
    List<DeviceLoad> devices,
    Map<String, Integer> deviceMap,
    int tensorParallelSize) {
  public SplitPlan {
    assignments = List.copyOf(assignments);
    devices = List.copyOf(devices);
    deviceMap = Collections.unmodifiableMap(new TreeMap<>(deviceMap));
  }
}
