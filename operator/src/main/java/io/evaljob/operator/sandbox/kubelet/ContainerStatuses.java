package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.Pods;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;

/** The status of a pod, written as a kubelet writes it. */
final class ContainerStatuses {

  private ContainerStatuses() {}

  /** The container cannot start yet. */
  static Pod waiting(Pod pod, String reason, String message, String now) {
    ContainerState state =
        new ContainerStateBuilder()
            .withNewWaiting()
            .withReason(reason)
            .withMessage(message)
            .endWaiting()
            .build();
    return with(pod, "Pending", state, now);
  }

  /** The container runs. */
  static Pod running(Pod pod, String now) {
    ContainerState state =
        new ContainerStateBuilder().withNewRunning().withStartedAt(now).endRunning().build();
    return with(pod, "Running", state, now);
  }

  /** The container has ended and will not run again. */
  static Pod terminated(
      Pod pod, int exitCode, String reason, String message, String started, String now) {
    ContainerState state =
        new ContainerStateBuilder()
            .withNewTerminated()
            .withExitCode(exitCode)
            .withReason(reason)
            .withMessage(message.isEmpty() ? null : message)
            .withStartedAt(started)
            .withFinishedAt(now)
            .withContainerID("process://" + pod.getMetadata().getUid())
            .endTerminated()
            .build();
    return with(pod, exitCode == 0 ? "Succeeded" : "Failed", state, now);
  }

  /** Marks an end that the pod itself did not bring about. */
  static Pod disrupted(Pod pod, String reason, String message, String conditionReason, String now) {
    PodStatus status = pod.getStatus();
    status.setReason(reason);
    status.setMessage(message);
    Pods.setCondition(status, "DisruptionTarget", true, conditionReason, message, now);
    return pod;
  }

  private static Pod with(Pod pod, String phase, ContainerState state, String now) {
    Container container = pod.getSpec().getContainers().get(0);
    boolean running = phase.equals("Running");
    Pod changed =
        new PodBuilder(pod)
            .editOrNewStatus()
            .withPhase(phase)
            .withContainerStatuses(
                new ContainerStatusBuilder()
                    .withName(container.getName())
                    .withImage(container.getImage())
                    .withImageID("")
                    .withReady(running)
                    .withStarted(running)
                    .withRestartCount(0)
                    .withState(state)
                    .build())
            .endStatus()
            .build();
    PodStatus status = changed.getStatus();
    if (status.getStartTime() == null) {
      status.setStartTime(now);
    }
    String why =
        running
            ? null
            : phase.equals("Succeeded")
                ? "PodCompleted"
                : phase.equals("Failed") ? "PodFailed" : "ContainersNotReady";
    Pods.setCondition(status, "Initialized", true, null, null, now);
    Pods.setCondition(status, "ContainersReady", running, why, null, now);
    Pods.setCondition(status, "Ready", running, why, null, now);
    return changed;
  }
}
