package io.evaljob.operator.sandbox.kubelet;

import java.util.List;

/**
 * What a node gives a pod.
 *
 * @param devices ids of its devices, as the process variable names them
 * @param address its IP address
 */
public record PodGrant(List<String> devices, String address) {

  /** Copies what it is given. */
  public PodGrant {
    devices = List.copyOf(devices);
  }
}
