package io.evaljob.operator.plan;

import java.util.List;

/** Who isolates the devices of the evaluating process; decides how they are named. */
public sealed interface DeviceContext {

  /** Devices are requested in a pod: kubelet and plugin isolate, the container counts from 0. */
  record RequestedInPod() implements DeviceContext {}

  /**
   * A process on a machine where nobody isolates: devices keep the names they were given by.
   *
   * @param devices the devices the process may use, in order; empty on a machine without any
   */
  record BareProcess(List<VisibleDevice> devices) implements DeviceContext {
    public BareProcess {
      devices = List.copyOf(devices);
    }
  }
}
