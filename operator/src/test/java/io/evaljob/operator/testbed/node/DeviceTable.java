package io.evaljob.operator.testbed.node;

import io.evaljob.operator.sandbox.controller.Pods;
import io.evaljob.operator.sandbox.kubelet.PodAdmission;
import io.evaljob.operator.sandbox.kubelet.PodGrant;
import io.evaljob.operator.sandbox.kubelet.PodRejection;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which pod has which devices and which address: what device plugin and network plugin do. A device
 * belongs to one pod until that pod's processes have ended.
 */
final class DeviceTable implements PodAdmission {

  private static final int LAST_PART = 254;

  private final String resource;
  private final List<String> devices;
  private final String network;
  private final Map<String, PodGrant> byPod = new LinkedHashMap<>();
  private int addresses;

  /**
   * Gives out devices and addresses.
   *
   * @param network first two parts of the addresses, such as {@code 127.77}
   */
  DeviceTable(String resource, List<String> devices, String network) {
    this.resource = resource;
    this.devices = List.copyOf(devices);
    this.network = network;
  }

  @Override
  public synchronized PodGrant admit(Pod pod) throws PodRejection {
    PodGrant before = byPod.get(pod.getMetadata().getUid());
    if (before != null) {
      return before;
    }
    Set<String> free = new LinkedHashSet<>(devices);
    byPod.values().forEach(grant -> grant.devices().forEach(free::remove));
    List<String> given = List.of();
    for (Map.Entry<String, Long> wanted : Pods.extendedResources(pod).entrySet()) {
      int available = wanted.getKey().equals(resource) ? free.size() : 0;
      if (wanted.getValue() > available) {
        throw new PodRejection(
            "UnexpectedAdmissionError",
            "Allocate failed due to requested number of devices unavailable for %s. Requested: %d,"
                    .formatted(wanted.getKey(), wanted.getValue())
                + " Available: %d, which is unexpected".formatted(available));
      }
      given = free.stream().limit(wanted.getValue()).toList();
    }
    PodGrant grant = new PodGrant(given, address());
    byPod.put(pod.getMetadata().getUid(), grant);
    return grant;
  }

  private String address() {
    Set<String> taken = byPod.values().stream().map(PodGrant::address).collect(Collectors.toSet());
    String address;
    do {
      int number = addresses++ % (LAST_PART * LAST_PART);
      address = network + "." + number / LAST_PART + "." + (1 + number % LAST_PART);
    } while (taken.contains(address));
    return address;
  }

  @Override
  public synchronized void free(Pod pod) {
    byPod.remove(pod.getMetadata().getUid());
  }

  /** Devices of each pod that has any now, by pod UID. */
  synchronized Map<String, List<String>> given() {
    Map<String, List<String>> given = new LinkedHashMap<>();
    byPod.forEach(
        (uid, grant) -> {
          if (!grant.devices().isEmpty()) {
            given.put(uid, grant.devices());
          }
        });
    return given;
  }
}
