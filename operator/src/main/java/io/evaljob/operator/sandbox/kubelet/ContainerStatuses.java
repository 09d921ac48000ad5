package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.Pods;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.List;

/** The status of a pod, written as a kubelet writes it. */
final class ContainerStatuses {

  private static final String RUNNING = "Running";

  private ContainerStatuses() {}

  /** The container cannot start yet. */
  static Pod waiting(Pod pod, String reason, String message, String now) {
    ContainerStatusBuilder container =
        container(pod).withStarted(false).withReady(false).withState(waiting(reason, message));
    return with(pod, "Pending", container, now);
  }

  /**
   * The container runs.
   *
   * @param restarts how often it was started again
   * @param up true when it counts as started and ready, because nothing probes it
   */
  static Pod running(Pod pod, String address, int restarts, boolean up, String now) {
    ContainerState state =
        new ContainerStateBuilder().withNewRunning().withStartedAt(now).endRunning().build();
    ContainerStatusBuilder container =
        container(pod)
            .withRestartCount(restarts)
            .withStarted(up)
            .withReady(up)
            .withContainerID(id(pod))
            .withState(state);
    Pod changed = with(pod, RUNNING, container, now);
    changed.getStatus().setPodIP(address);
    changed.getStatus().setPodIPs(List.of(new PodIP(address)));
    return changed;
  }

  /** What the probes of a running container have found. */
  static Pod probed(Pod pod, boolean started, boolean ready, String now) {
    return with(pod, RUNNING, container(pod).withStarted(started).withReady(ready), now);
  }

  /** The container has ended and will run again. */
  static Pod crashed(Pod pod, ContainerExit exit, String message, String now) {
    ContainerStatusBuilder container =
        container(pod)
            .withStarted(false)
            .withReady(false)
            .withState(waiting("CrashLoopBackOff", message))
            .withLastState(terminated(pod, exit, now));
    return with(pod, RUNNING, container, now);
  }

  /** The container has ended and will not run again. */
  static Pod terminated(Pod pod, String now, ContainerExit exit) {
    ContainerStatusBuilder container =
        container(pod).withStarted(false).withReady(false).withState(terminated(pod, exit, now));
    return with(pod, exit.code() == 0 ? "Succeeded" : "Failed", container, now);
  }

  /** The pod is not run here at all. */
  static Pod rejected(Pod pod, String reason, String message, String now) {
    return new PodBuilder(pod)
        .editOrNewStatus()
        .withPhase("Failed")
        .withReason(reason)
        .withMessage("Pod was rejected: " + message)
        .withStartTime(now)
        .endStatus()
        .build();
  }

  /** Marks an end by the pod's own deadline. */
  static Pod overdue(Pod pod) {
    pod.getStatus().setPhase("Failed");
    pod.getStatus().setReason("DeadlineExceeded");
    pod.getStatus().setMessage("Pod was active on the node longer than the specified deadline");
    return pod;
  }

  /** Marks an end that the pod itself did not bring about. */
  static Pod disrupted(Pod pod, String reason, String message, String conditionReason, String now) {
    PodStatus status = pod.getStatus();
    status.setReason(reason);
    status.setMessage(message);
    Pods.setCondition(status, "DisruptionTarget", true, conditionReason, message, now);
    return pod;
  }

  private static String id(Pod pod) {
    return "process://" + pod.getMetadata().getUid();
  }

  private static ContainerState waiting(String reason, String message) {
    return new ContainerStateBuilder()
        .withNewWaiting()
        .withReason(reason)
        .withMessage(message)
        .endWaiting()
        .build();
  }

  private static ContainerState terminated(Pod pod, ContainerExit exit, String now) {
    return new ContainerStateBuilder()
        .withNewTerminated()
        .withExitCode(exit.code())
        .withReason(exit.reason())
        .withMessage(exit.message().isEmpty() ? null : exit.message())
        .withStartedAt(exit.started())
        .withFinishedAt(now)
        .withContainerID(id(pod))
        .endTerminated()
        .build();
  }

  /** The container's status as it stands. */
  private static ContainerStatusBuilder container(Pod pod) {
    if (pod.getStatus() != null && !pod.getStatus().getContainerStatuses().isEmpty()) {
      return new ContainerStatusBuilder(pod.getStatus().getContainerStatuses().get(0));
    }
    Container container = pod.getSpec().getContainers().get(0);
    return new ContainerStatusBuilder()
        .withName(container.getName())
        .withImage(container.getImage())
        .withImageID("")
        .withRestartCount(0);
  }

  private static Pod with(Pod pod, String phase, ContainerStatusBuilder container, String now) {
    Pod changed =
        new PodBuilder(pod)
            .editOrNewStatus()
            .withPhase(phase)
            .withContainerStatuses(container.build())
            .endStatus()
            .build();
    PodStatus status = changed.getStatus();
    if (status.getStartTime() == null) {
      status.setStartTime(now);
    }
    boolean ready = Boolean.TRUE.equals(container.getReady());
    String why =
        ready
            ? null
            : switch (phase) {
              case "Succeeded" -> "PodCompleted";
              case "Failed" -> "PodFailed";
              default -> "ContainersNotReady";
            };
    Pods.setCondition(status, "Initialized", true, null, null, now);
    Pods.setCondition(status, "ContainersReady", ready, why, null, now);
    Pods.setCondition(status, "Ready", ready, why, null, now);
    return changed;
  }
}
