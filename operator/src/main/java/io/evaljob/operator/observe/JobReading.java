package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.WaitingReason;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.util.Optional;

/** Reads what only a Job and its events tell. */
final class JobReading {

  private JobReading() {}

  static boolean hasCondition(Job job, String type) {
    return condition(job, type).isPresent();
  }

  static Optional<JobCondition> condition(Job job, String type) {
    if (job.getStatus() == null) {
      return Optional.empty();
    }
    return job.getStatus().getConditions().stream()
        .filter(condition -> type.equals(condition.getType()))
        .filter(condition -> "True".equals(condition.getStatus()))
        .findFirst();
  }

  /** A quota that is used up shows nowhere but in these events. */
  static Wait waitWithoutPod(String namespace, Optional<Event> failedCreate) {
    if (failedCreate.isEmpty()) {
      return new Wait(WaitingReason.Starting, "The Job's pod has not been made yet.");
    }
    return RefusedCreate.ofPod(namespace, JobObserver.text(failedCreate.get().getMessage()));
  }
}
