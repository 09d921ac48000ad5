package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.operator.status.Conditions;
import java.util.Objects;
import java.util.Optional;

/** Tells which EvalJobs have nothing to do with their children any more. */
public final class Rest {

  private Rest() {}

  /**
   * Whether the run that the spec asks for has ended and the status says so: until somebody edits
   * the spec, no child decides anything.
   *
   * @param job an EvalJob as it is stored
   */
  public static boolean isAtRest(EvalJob job) {
    Optional<EvalJobStatus> status = Optional.ofNullable(job.getStatus());
    return job.getMetadata().getDeletionTimestamp() == null
        && status
            .filter(now -> Objects.equals(now.observedGeneration(), generation(job)))
            .filter(now -> Conditions.holds(now.conditions(), ConditionType.Finished))
            .flatMap(EvalJobStatus::runIfSet)
            .flatMap(RunStatus::idIfSet)
            .filter(id -> id.equals(job.getSpec().runIDOrDefault()))
            .isPresent();
  }

  private static Long generation(EvalJob job) {
    Long generation = job.getMetadata().getGeneration();
    return generation == null ? 0L : generation;
  }
}
