package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.WaitingReason;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/** Reads what one pod tells. */
final class PodReading {

  private static final Set<String> IMAGE =
      Set.of(
          "ErrImagePull",
          "ImagePullBackOff",
          "InvalidImageName",
          "ErrImageNeverPull",
          "ImageInspectError",
          "RegistryUnavailable",
          "SignatureValidationFailed");
  private static final Set<String> CONFIG =
      Set.of("CreateContainerConfigError", "CreateContainerError", "RunContainerError");

  private static final String PULL_FAILED = "ErrImagePull: ";

  private PodReading() {}

  static boolean hasEnded(Pod pod) {
    String phase = phase(pod);
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  static boolean succeeded(Pod pod) {
    return phase(pod).equals("Succeeded");
  }

  /**
   * Whether nothing more comes of the pod. One that is merely being deleted says nothing yet: its
   * Job may have been suspended, and then makes another.
   */
  static boolean isLost(Pod pod) {
    boolean leaving = pod.getMetadata().getDeletionTimestamp() != null;
    boolean disrupted = condition(pod, "DisruptionTarget", "True").isPresent();
    return phase(pod).equals("Failed")
        ? !leaving || disrupted
        : leaving && disrupted && !succeeded(pod);
  }

  static String phase(Pod pod) {
    return pod.getStatus() == null ? "" : JobObserver.text(pod.getStatus().getPhase());
  }

  static Optional<String> node(Pod pod) {
    return Optional.ofNullable(pod.getSpec())
        .map(spec -> spec.getNodeName())
        .filter(name -> !name.isBlank());
  }

  /** Our pods have one container; an injected sidecar comes after it. */
  static Optional<ContainerStatus> container(Pod pod) {
    if (pod.getStatus() == null
        || pod.getSpec() == null
        || pod.getSpec().getContainers().isEmpty()) {
      return Optional.empty();
    }
    String name = pod.getSpec().getContainers().get(0).getName();
    return pod.getStatus().getContainerStatuses().stream()
        .filter(status -> name.equals(status.getName()))
        .findFirst();
  }

  static Optional<Instant> started(Pod pod) {
    return container(pod)
        .map(ContainerStatus::getState)
        .flatMap(
            state -> {
              if (state.getRunning() != null) {
                return JobObserver.instant(state.getRunning().getStartedAt());
              }
              return state.getTerminated() == null
                  ? Optional.empty()
                  : JobObserver.instant(state.getTerminated().getStartedAt());
            });
  }

  /** The scheduler says when; a pod that was bound by other means is as old as its binding. */
  static Optional<Instant> bound(Pod pod) {
    return node(pod)
        .flatMap(
            node ->
                condition(pod, "PodScheduled", "True")
                    .map(PodCondition::getLastTransitionTime)
                    .or(() -> Optional.ofNullable(pod.getMetadata().getCreationTimestamp())))
        .flatMap(JobObserver::instant);
  }

  static Optional<Instant> finished(Pod pod) {
    return container(pod)
        .map(ContainerStatus::getState)
        .map(state -> state.getTerminated())
        .flatMap(ended -> JobObserver.instant(ended.getFinishedAt()));
  }

  static Optional<TerminationMessage> termination(Pod pod) {
    return container(pod)
        .map(ContainerStatus::getState)
        .map(state -> state.getTerminated())
        .map(ended -> JobObserver.text(ended.getMessage()))
        .flatMap(TerminationMessage::parse);
  }

  static Optional<PodCondition> condition(Pod pod, String type, String status) {
    if (pod.getStatus() == null) {
      return Optional.empty();
    }
    return pod.getStatus().getConditions().stream()
        .filter(condition -> type.equals(condition.getType()))
        .filter(condition -> status.equals(condition.getStatus()))
        .findFirst();
  }

  /** Why the pod does not run yet; empty when it runs or has ended. */
  static Optional<Wait> wait(Pod pod) {
    String phase = phase(pod);
    if (!phase.isEmpty() && !phase.equals("Pending")) {
      return Optional.empty();
    }
    if (node(pod).isEmpty()) {
      return Optional.of(unbound(pod));
    }
    Optional<ContainerStateWaiting> waiting =
        container(pod).map(ContainerStatus::getState).map(state -> state.getWaiting());
    String reason = waiting.map(state -> JobObserver.text(state.getReason())).orElse("");
    String message = waiting.map(state -> JobObserver.text(state.getMessage())).orElse("");
    if (IMAGE.contains(reason)) {
      return Optional.of(
          new Wait(
              WaitingReason.ImagePull,
              "The image cannot be pulled ("
                  + pull(reason, message)
                  + "); correct the EvalRuntime's image or imagePullSecretNames."));
    }
    if (CONFIG.contains(reason)) {
      return Optional.of(
          new Wait(
              WaitingReason.ContainerConfig,
              "The container cannot be made ("
                  + detail(reason, message)
                  + "); create the Secret or ConfigMap it names."));
    }
    return Optional.of(
        new Wait(
            WaitingReason.Starting,
            "The pod is on node "
                + node(pod).orElse("")
                + (isTakenUp(pod)
                    ? " and its container is starting."
                    : ", which has not taken it up yet; if it stays so, see whether the node is"
                        + " ready.")));
  }

  /** The kubelet says something of every pod that it has seen; others say that it was bound. */
  private static boolean isTakenUp(Pod pod) {
    return container(pod).isPresent()
        || pod.getStatus().getConditions().stream()
            .anyMatch(condition -> !"PodScheduled".equals(condition.getType()));
  }

  /**
   * Why nothing is heard of a pod that was said to run; empty where its node speaks. A kubelet that
   * finds a pod not ready says why; one that is lost has it said by the control plane, without a
   * reason.
   */
  static Optional<Wait> silence(Pod pod) {
    boolean lost =
        condition(pod, "Ready", "False")
            .map(condition -> JobObserver.text(condition.getReason()))
            .filter(reason -> reason.isEmpty() || reason.startsWith("Node"))
            .isPresent();
    boolean silent = phase(pod).equals("Unknown") || (phase(pod).equals("Running") && lost);
    return silent
        ? Optional.of(
            new Wait(
                WaitingReason.NodeNotReady,
                "Node "
                    + node(pod).orElse("")
                    + " is not ready, and nothing is heard of the pod on it; it goes on when the"
                    + " node is back. When the cluster gives the node up, the work goes on"
                    + " elsewhere from where it was saved."))
        : Optional.empty();
  }

  /** The name, and where it is. */
  static String nameAndPlace(Pod pod) {
    return pod.getMetadata().getName() + node(pod).map(node -> " on node " + node).orElse("");
  }

  private static Wait unbound(Pod pod) {
    Optional<PodCondition> refused = condition(pod, "PodScheduled", "False");
    if (refused.isEmpty()) {
      return new Wait(WaitingReason.Starting, "The pod waits for the scheduler.");
    }
    return SchedulerWords.read(JobObserver.text(refused.get().getMessage()));
  }

  /** The kubelet says in turn that it could not and that it waits to try again. */
  private static String pull(String reason, String message) {
    int cause = message.indexOf(PULL_FAILED);
    return reason.equals("ImagePullBackOff") && cause >= 0
        ? message.substring(cause)
        : detail(reason, message);
  }

  private static String detail(String reason, String message) {
    return message.isBlank() ? reason : reason + ": " + message;
  }
}
