package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.resources.Names;
import java.util.List;
import java.util.Optional;

/** The attempts that a status says its models are at. */
final class RecordedAttempts {

  private RecordedAttempts() {}

  /** Names of the Jobs of these attempts, which may not exist. */
  static List<String> jobNames(EvalJob job) {
    Optional<EvalJobStatus> status = Optional.ofNullable(job.getStatus());
    Optional<RunStatus> run = status.flatMap(EvalJobStatus::runIfSet);
    if (run.isEmpty()) {
      return List.of();
    }
    return status.get().models().stream()
        .filter(model -> model.stageIfSet().isPresent())
        .map(
            model ->
                Names.stage(
                    job.getMetadata().getName(),
                    job.getMetadata().getUid(),
                    run.get().number(),
                    model.name(),
                    Stage.of(model.stage()),
                    model.attempt()))
        .toList();
  }
}
