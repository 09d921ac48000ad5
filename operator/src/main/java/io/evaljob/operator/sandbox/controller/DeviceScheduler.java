package io.evaljob.operator.sandbox.controller;

import io.evaljob.operator.plan.VisibleDevice;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Places pods on the one node and gives them devices, whole and exclusively, in the order in which
 * they were made. A pod that does not fit waits and does not keep back smaller ones, as in a
 * cluster without a queue.
 *
 * <p>CPU, memory, node selectors, affinity and tolerations are not looked at: there is one node.
 */
public final class DeviceScheduler implements Controller {

  private static final String NONE_AVAILABLE = "0/1 nodes are available: ";

  private final ClusterWriter writer;
  private final ClaimBinder claims;
  private final String node;
  private final String resourceName;
  private final List<VisibleDevice> devices;

  /** Gives out {@code devices} as {@code resourceName} on {@code node}. */
  public DeviceScheduler(
      ClusterWriter writer,
      ClaimBinder claims,
      String node,
      String resourceName,
      List<VisibleDevice> devices) {
    this.writer = writer;
    this.claims = claims;
    this.node = node;
    this.resourceName = resourceName;
    this.devices = List.copyOf(devices);
  }

  @Override
  public void sync(ClusterView view) {
    Set<String> free = new LinkedHashSet<>();
    devices.forEach(device -> free.add(device.id()));
    List<Pod> waiting = new ArrayList<>();
    for (Pod pod : view.pods()) {
      if (Pods.isBound(pod)) {
        if (!Pods.isEnded(pod)) {
          free.removeAll(Pods.devices(pod));
        }
      } else if (!Pods.isDeleting(pod) && !Pods.isEnded(pod)) {
        waiting.add(pod);
      }
    }
    for (Pod pod : waiting) {
      Optional<String> obstacle = obstacle(pod, free.size(), view);
      if (obstacle.isPresent()) {
        refuse(pod, obstacle.get());
      } else {
        long wanted = Pods.extendedResources(pod).getOrDefault(resourceName, 0L);
        List<String> given = free.stream().limit(wanted).toList();
        given.forEach(free::remove);
        bind(pod, given);
      }
    }
  }

  private Optional<String> obstacle(Pod pod, int free, ClusterView view) {
    for (Map.Entry<String, Long> wanted : Pods.extendedResources(pod).entrySet()) {
      long available = wanted.getKey().equals(resourceName) ? free : 0;
      if (wanted.getValue() > available) {
        return Optional.of(NONE_AVAILABLE + "1 Insufficient " + wanted.getKey() + ".");
      }
    }
    for (Volume volume : pod.getSpec().getVolumes()) {
      if (volume.getPersistentVolumeClaim() == null) {
        continue;
      }
      String name = volume.getPersistentVolumeClaim().getClaimName();
      Optional<PersistentVolumeClaim> claim = view.claim(pod.getMetadata().getNamespace(), name);
      if (claim.isEmpty()) {
        return Optional.of(NONE_AVAILABLE + "persistentvolumeclaim \"" + name + "\" not found.");
      }
      if (claim.get().getStatus() == null || !"Bound".equals(claim.get().getStatus().getPhase())) {
        return Optional.of(
            NONE_AVAILABLE
                + claims
                    .problem(claim.get())
                    .orElse("persistentvolumeclaim \"" + name + "\" is not bound yet")
                + ".");
      }
    }
    return Optional.empty();
  }

  private void refuse(Pod pod, String message) {
    boolean told =
        pod.getStatus() != null
            && pod.getStatus().getConditions().stream()
                .anyMatch(
                    c -> c.getType().equals("PodScheduled") && message.equals(c.getMessage()));
    if (told) {
      return;
    }
    Pod refused = new PodBuilder(pod).editOrNewStatus().endStatus().build();
    Pods.setCondition(
        refused.getStatus(), "PodScheduled", false, "Unschedulable", message, writer.now());
    writer.replace(ClusterWriter.path(pod), refused);
    writer.event(pod, "Warning", "FailedScheduling", message, "default-scheduler");
  }

  private void bind(Pod pod, List<String> given) {
    PodBuilder bound =
        new PodBuilder(pod).editSpec().withNodeName(node).endSpec().editOrNewStatus().endStatus();
    if (!given.isEmpty()) {
      bound
          .editMetadata()
          .addToAnnotations(Pods.DEVICES_ANNOTATION, String.join(",", given))
          .endMetadata();
    }
    Pod placed = bound.build();
    Pods.setCondition(placed.getStatus(), "PodScheduled", true, null, null, writer.now());
    writer.replace(ClusterWriter.path(pod), placed);
  }
}
