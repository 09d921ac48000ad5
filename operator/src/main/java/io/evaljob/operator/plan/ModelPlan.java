package io.evaljob.operator.plan;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How one model runs.
 *
 * @param strategy how it is spread over the devices of a process
 * @param loader what loads it; Transformers when no profile says
 * @param accelerator the row of the accelerator table
 * @param resourceName extended resource to request
 * @param processes number of ranks, at least 1
 * @param devicesPerProcess devices of each rank; 0 is CPU
 * @param reservePercent share of each device's memory that is left free, 0 to 90
 * @param ranks every rank with its devices, in order
 * @param containerEnvironment device variables of the evaluating container; in a pod with devices
 *     never the runtime variable, nor any other that the device plugin sets
 * @param helperEnvironment device variables of every container without devices
 * @param split sizes and placement; empty when there is nothing to say about either
 * @param notes what a person should know, such as a fit that was not checked
 */
public record ModelPlan(
    PlannedStrategy strategy,
    Loader loader,
    Accelerator accelerator,
    String resourceName,
    int processes,
    int devicesPerProcess,
    int reservePercent,
    List<RankPlan> ranks,
    Map<String, String> containerEnvironment,
    Map<String, String> helperEnvironment,
    Optional<SplitPlan> split,
    List<String> notes) {
  public ModelPlan {
    ranks = List.copyOf(ranks);
    containerEnvironment = Collections.unmodifiableMap(new TreeMap<>(containerEnvironment));
    helperEnvironment = Collections.unmodifiableMap(new TreeMap<>(helperEnvironment));
    notes = List.copyOf(notes);
  }

  /** Devices of all ranks together: what the pod requests. */
  public int totalDevices() {
    return processes * devicesPerProcess;
  }
}
