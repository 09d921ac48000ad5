package io.evaljob.operator.plan;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What to plan: one model of one job.
 *
 * @param path field path of the model, such as {@code spec.models[base]}
 * @param context who isolates the devices
 * @param resourceName extended resource of the devices, such as {@code nvidia.com/gpu}
 * @param minMemoryBytes least memory of every device, in bytes; 0 when the job names none
 * @param devicesPerProcess devices of each process; left out, the smallest count that fits; 0 is
 *     CPU
 * @param processes processes, 1 when left out
 * @param harness how the harness loads the model
 * @param model the profile's facts; empty when there is no profile
 * @param split the job's split settings
 * @param deviceMap module name to device, given by hand; a device is a number from 0 as text; empty
 *     when the job gives no map
 * @param maxDevices most devices this model may take, when limited
 */
public record PlanRequest(
    String path,
    DeviceContext context,
    String resourceName,
    long minMemoryBytes,
    RequestedCount devicesPerProcess,
    RequestedCount processes,
    Harness harness,
    Optional<ModelFacts> model,
    SplitRequest split,
    Optional<Map<String, String>> deviceMap,
    OptionalInt maxDevices) {
  public PlanRequest {
    deviceMap = deviceMap.map(Map::copyOf);
  }

  /** The same model, asked for in this size. */
  public PlanRequest sized(PlanSize size) {
    return new PlanRequest(
        path,
        context,
        resourceName,
        minMemoryBytes,
        RequestedCount.of(size.devicesPerProcess(), devicesPerProcess.path()),
        RequestedCount.of(size.processes(), processes.path()),
        harness,
        model,
        new SplitRequest(split.strategy(), split.contextTokens(), size.reservePercent()),
        deviceMap,
        maxDevices);
  }
}
