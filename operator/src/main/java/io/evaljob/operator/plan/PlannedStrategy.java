package io.evaljob.operator.plan;

/** How a planned model is spread over the devices of a process. */
public enum PlannedStrategy {
  None,
  Layers,
  TensorParallel,
  /** The map that the job gives by hand. */
  DeviceMap
}
