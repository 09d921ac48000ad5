package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.FailureCause;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.util.Optional;

/**
 * Tells why a Job failed. What the runner wrote comes first, then the disruption the control plane
 * recorded, then what the kubelet saw; a pod that is gone tells nothing.
 */
final class FailureReading {

  private FailureReading() {}

  static AttemptObservation.Failed of(
      Job job, Optional<Pod> pod, Optional<TerminationMessage> termination) {
    Optional<TerminationMessage> own =
        termination.filter(left -> left.outcome() == TerminationMessage.Outcome.Failed);
    if (own.isPresent()) {
      return new AttemptObservation.Failed(own.get().cause(), own.get().message(), false, false);
    }
    return pod.flatMap(FailureReading::disruption)
        .or(() -> deadline(job, pod))
        .or(() -> stopped(pod, termination))
        .or(() -> pod.flatMap(FailureReading::container))
        .orElseGet(
            () ->
                failed(
                    FailureCause.Unknown,
                    pod.isPresent()
                        ? "The pod failed and left no reason."
                        : "The Job ended and its pod is gone: nobody can tell why."));
  }

  private static Optional<AttemptObservation.Failed> disruption(Pod pod) {
    String reason = pod.getStatus() == null ? "" : JobObserver.text(pod.getStatus().getReason());
    String message = pod.getStatus() == null ? "" : JobObserver.text(pod.getStatus().getMessage());
    Optional<PodCondition> target = PodReading.condition(pod, "DisruptionTarget", "True");
    if (reason.equals("UnexpectedAdmissionError")
        || reason.startsWith("OutOf")
        || reason.equals("NodeAffinity")
        || reason.equals("NodeAdmission")) {
      return Optional.of(
          new AttemptObservation.Failed(
              FailureCause.Evicted,
              "The node refused the pod ("
                  + joined(reason, message)
                  + "); another one is made, and if it goes on, look at the device plugin of the"
                  + " node.",
              true,
              true));
    }
    if (target.isPresent()) {
      String why = JobObserver.text(target.get().getReason());
      String detail = joined(why, JobObserver.text(target.get().getMessage()));
      return Optional.of(
          why.equals("DeletionByPodGC") || why.equals("DeletionByTaintManager")
              ? disrupted(FailureCause.NodeLost, "The node was lost (" + detail + ").")
              : disrupted(
                  FailureCause.Evicted,
                  (why.equals("PreemptionByScheduler")
                          ? "The pod was preempted ("
                          : "The pod was evicted (")
                      + detail
                      + ")."));
    }
    return switch (reason) {
      case "Evicted", "Preempting" ->
          Optional.of(
              disrupted(
                  FailureCause.Evicted, "The pod was evicted (" + joined(reason, message) + ")."));
      case "NodeLost", "Shutdown", "NodeShutdown", "Terminated" ->
          Optional.of(
              disrupted(
                  FailureCause.NodeLost, "The node went away (" + joined(reason, message) + ")."));
      default -> Optional.empty();
    };
  }

  private static Optional<AttemptObservation.Failed> deadline(Job job, Optional<Pod> pod) {
    boolean ofJob =
        JobReading.condition(job, "Failed")
            .map(JobCondition::getReason)
            .filter("DeadlineExceeded"::equals)
            .isPresent();
    boolean ofPod =
        pod.map(Pod::getStatus)
            .map(status -> status.getReason())
            .filter("DeadlineExceeded"::equals)
            .isPresent();
    return ofJob || ofPod
        ? Optional.of(failed(FailureCause.DeadlineExceeded, "The attempt ran past its deadline."))
        : Optional.empty();
  }

  private static Optional<AttemptObservation.Failed> stopped(
      Optional<Pod> pod, Optional<TerminationMessage> termination) {
    boolean wroteSo =
        termination
            .filter(left -> left.outcome() == TerminationMessage.Outcome.Terminated)
            .isPresent();
    boolean exitedSo =
        pod.flatMap(FailureReading::ended).filter(end -> code(end) == 143).isPresent();
    return wroteSo || exitedSo
        ? Optional.of(
            disrupted(FailureCause.Terminated, "The pod was told to stop from outside (SIGTERM)."))
        : Optional.empty();
  }

  private static Optional<AttemptObservation.Failed> container(Pod pod) {
    return ended(pod)
        .map(
            end -> {
              String reason = JobObserver.text(end.getReason());
              if (reason.equals("OOMKilled")) {
                return failed(
                    FailureCause.HostOutOfMemory,
                    "The container used more memory than its limit and was killed;"
                        + " raise spec.resources of the stage.");
              }
              return failed(
                  FailureCause.Unknown,
                  "The container exited with code "
                      + code(end)
                      + (reason.isBlank() ? "" : " (" + reason + ")")
                      + " and left no reason; read its log.");
            });
  }

  private static Optional<ContainerStateTerminated> ended(Pod pod) {
    return PodReading.container(pod)
        .map(ContainerStatus::getState)
        .map(state -> state.getTerminated());
  }

  private static int code(ContainerStateTerminated end) {
    return end.getExitCode() == null ? -1 : end.getExitCode();
  }

  private static String joined(String reason, String message) {
    return message.isBlank() ? reason : reason + ": " + message;
  }

  private static AttemptObservation.Failed failed(FailureCause cause, String message) {
    return new AttemptObservation.Failed(cause, message, false, false);
  }

  private static AttemptObservation.Failed disrupted(FailureCause cause, String message) {
    return new AttemptObservation.Failed(cause, message, true, false);
  }
}
