package io.evaljob.operator.plan;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * One row of the accelerator table: how an extended resource is isolated and numbered.
 *
 * @param vendor who makes it
 * @param resources regular expression that matches the whole extended resource name
 * @param kind what one unit of the resource is
 * @param runtimeVariable variable the container runtime reads to decide which devices enter a
 *     container; never set on a container with a request, {@code void} on every other; empty where
 *     device nodes alone decide
 * @param processVariable variable the driver reads in the process to filter and order what the
 *     container sees; entries count from 0 inside a container
 * @param namedByPlugin whether the device plugin itself sets {@code processVariable} in a container
 *     with a request, to names that only it knows; then nobody else may set it there
 * @param orderSettings variables that make the driver count devices as its own tools do, so that a
 *     number means one card to planner, runner and process
 * @param rivalVariables further variables the same driver reads, which would filter a second time
 *     on top of {@code processVariable}; never set beside it, and a launcher removes them
 * @param spansDevices whether one process may use several units
 */
public record Accelerator(
    Vendor vendor,
    String resources,
    DeviceKind kind,
    Optional<String> runtimeVariable,
    String processVariable,
    boolean namedByPlugin,
    Map<String, String> orderSettings,
    List<String> rivalVariables,
    boolean spansDevices) {

  public Accelerator {
    orderSettings = Collections.unmodifiableMap(new TreeMap<>(orderSettings));
    rivalVariables = List.copyOf(rivalVariables);
  }
}
