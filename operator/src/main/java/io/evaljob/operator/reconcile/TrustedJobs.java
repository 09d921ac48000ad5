package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.JobObserver;
import io.evaljob.operator.resources.ChildFactory;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.resources.SameChild;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Optional;

/**
 * Leaves out Jobs that look like attempts and that the operator did not make: labels, owner
 * references and names can all be written by whoever may write Jobs.
 *
 * <p>The Job of the attempt a model is at is known by the UID on record. Where none is on record,
 * because the operator was stopped between making the Job and saying so, a Job counts only if it is
 * the one that would be made now. What is behind the attempt on record decides nothing any more.
 */
final class TrustedJobs {

  private final ChildFactory children;
  private final ChildWriter reader;

  TrustedJobs(ChildFactory children, ChildWriter reader) {
    this.children = children;
    this.reader = reader;
  }

  /** The attempt that a Job says it is. */
  private record Claim(String model, Stage stage, int attempt) {

    static Optional<Claim> of(Job job) {
      String attempt = label(job, Labels.ATTEMPT);
      return JobObserver.stageOf(job)
          .filter(stage -> attempt.matches("[1-9][0-9]{0,8}"))
          .map(stage -> new Claim(label(job, Labels.MODEL), stage, Integer.parseInt(attempt)));
    }

    boolean isBehind(ModelStatus model) {
      return model
          .stageIfSet()
          .map(Stage::of)
          .filter(at -> stage.compareTo(at) < 0 || (stage == at && attempt < model.attempt()))
          .isPresent();
    }

    boolean isCurrent(ModelStatus model) {
      return model.stageIfSet().map(Stage::of).filter(stage::equals).isPresent()
          && attempt == model.attempt();
    }

    /** Whether this or the one after it may be the next to be made. */
    boolean isNext(ModelStatus model) {
      boolean sameStage = model.stageIfSet().map(Stage::of).filter(stage::equals).isPresent();
      return isCurrent(model) || attempt == (sameStage ? model.attempt() + 1 : 1);
    }
  }

  /** Whether the status names the Job, or it is behind what the status names. */
  static boolean isOnRecord(EvalJob job, Job child) {
    Optional<Claim> claim = Claim.of(child);
    Optional<ModelStatus> model = claim.flatMap(claimed -> model(job, claimed));
    return model.isPresent()
        && (claim.get().isBehind(model.get())
            || model.get().jobUIDIfSet().filter(child.getMetadata().getUid()::equals).isPresent());
  }

  private static Optional<ModelStatus> model(EvalJob job, Claim claim) {
    return Optional.ofNullable(job.getStatus()).stream()
        .flatMap(status -> status.models().stream())
        .filter(candidate -> candidate.name().equals(claim.model()))
        .findFirst();
  }

  /** The snapshot with the operator's own Jobs. */
  Snapshot of(Snapshot snapshot) {
    return snapshot.withJobs(
        snapshot.jobs().stream().filter(child -> isTrusted(snapshot, child)).toList());
  }

  private boolean isTrusted(Snapshot snapshot, Job child) {
    Optional<EvalJobStatus> status = Optional.ofNullable(snapshot.job().getStatus());
    Optional<RunStatus> run = status.flatMap(EvalJobStatus::runIfSet);
    if (run.isEmpty() || !label(child, Labels.RUN).equals(Long.toString(run.get().number()))) {
      return true; // Jobs of other runs are deleted, whoever made them
    }
    Optional<Claim> claim = Claim.of(child);
    Optional<ModelStatus> model = claim.flatMap(claimed -> model(snapshot.job(), claimed));
    return model.isPresent() && isTrusted(snapshot, child, claim.get(), model.get());
  }

  private boolean isTrusted(Snapshot snapshot, Job child, Claim claim, ModelStatus model) {
    if (claim.isBehind(model)) {
      return true;
    }
    if (claim.isCurrent(model) && model.jobUIDIfSet().isPresent()) {
      return model.jobUID().equals(child.getMetadata().getUid());
    }
    // Only what may be next is read whole: nobody makes us read more by planting more.
    return claim.isNext(model)
        && model
            .planNameIfSet()
            .flatMap(name -> Optional.ofNullable(snapshot.plans().intact().get(name)))
            .filter(plan -> isOurs(snapshot.job(), plan, claim, child))
            .isPresent();
  }

  private boolean isOurs(EvalJob job, ConfigMap plan, Claim claim, Job child) {
    Job desired = children.job(job, plan, claim.stage(), claim.attempt());
    return desired.getMetadata().getName().equals(child.getMetadata().getName())
        && (child.getMetadata().getDeletionTimestamp() != null
            || reader
                .whole(desired)
                .filter(found -> SameChild.matches(desired, found))
                .isPresent());
  }

  private static String label(Job job, String key) {
    return job.getMetadata().getLabels() == null
        ? ""
        : job.getMetadata().getLabels().getOrDefault(key, "");
  }
}
