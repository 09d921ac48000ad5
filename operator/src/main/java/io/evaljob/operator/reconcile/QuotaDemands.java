package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.quota.AttemptKey;
import io.evaljob.operator.quota.Charge;
import io.evaljob.operator.quota.Demand;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What the status of an EvalJob asks of a quota: written down there, it survives every crash. */
final class QuotaDemands {

  private QuotaDemands() {}

  /** Whether a model of it waits for devices or has them, as far as its status says. */
  static boolean concern(EvalJob job) {
    return models(job).stream().anyMatch(QuotaDemands::isAtDevices);
  }

  /**
   * Models whose next attempt a quota admits: with a queue, Kueue does. What the present attempt
   * holds then is told by its Job alone, which may be older than the queue in the spec.
   */
  private static List<ModelStatus> models(EvalJob job) {
    return job.getSpec().queueNameIfSet().isPresent() ? List.of() : all(job);
  }

  private static List<ModelStatus> all(EvalJob job) {
    return job.getStatus() == null ? List.of() : job.getStatus().models();
  }

  /** Whether a Job is in a queue of Kueue: no EvalQuota is charged for it. */
  static boolean isOfKueue(HasMetadata job) {
    Map<String, String> labels = job.getMetadata().getLabels();
    return labels != null && labels.containsKey(Labels.QUEUE);
  }

  /** The attempts that wait in the queue. */
  static List<Demand> waiting(EvalJob job, int priority) {
    if (job.getMetadata().getDeletionTimestamp() != null) {
      return List.of();
    }
    List<Demand> demands = new ArrayList<>();
    for (ModelStatus model : models(job)) {
      Optional<Instant> since = model.queuedTimeIfSet().map(Instant::parse);
      if (isAtDevices(model) && since.isPresent()) {
        demands.add(
            new Demand(
                key(job, model),
                job.getMetadata().getNamespace(),
                job.getMetadata().getName(),
                resource(job),
                devices(model),
                priority,
                run(job).flatMap(RunStatus::startTimeIfSet).map(Instant::parse).orElse(since.get()),
                since.get()));
      }
    }
    return demands;
  }

  /** The attempts that have a Job. */
  static List<Charge> holding(EvalJob job, Instant now) {
    return models(job).stream()
        .filter(QuotaDemands::isAtDevices)
        .filter(model -> model.queuedTimeIfSet().isEmpty() && model.jobUIDIfSet().isPresent())
        .map(model -> charge(job, key(job, model), devices(model), now))
        .toList();
  }

  /**
   * What a Job or pod of the Infer stage holds that no queue of Kueue admitted; empty where its
   * labels are no attempt's.
   */
  static Optional<Charge> holding(EvalJob job, HasMetadata child, Instant now) {
    return key(child)
        .flatMap(
            key ->
                all(job).stream()
                    .filter(model -> model.name().equals(key.model()) && devices(model) > 0)
                    .findFirst()
                    .map(model -> charge(job, key, devices(model), now)));
  }

  /** The attempt that the labels of a Job or pod of the Infer stage name. */
  static Optional<AttemptKey> key(HasMetadata child) {
    Map<String, String> labels = child.getMetadata().getLabels();
    if (labels == null) {
      return Optional.empty();
    }
    String run = labels.getOrDefault(Labels.RUN, "");
    String attempt = labels.getOrDefault(Labels.ATTEMPT, "");
    String uid = labels.getOrDefault(Labels.JOB_UID, "");
    String model = labels.getOrDefault(Labels.MODEL, "");
    return run.matches("[1-9][0-9]{0,8}") && attempt.matches("[1-9][0-9]{0,8}")
        ? Optional.of(new AttemptKey(uid, Long.parseLong(run), model, Integer.parseInt(attempt)))
        : Optional.empty();
  }

  /** Whether the status wants the devices that are charged for an attempt. */
  static boolean wants(EvalJob job, AttemptKey key) {
    return models(job).stream()
        .filter(QuotaDemands::isAtDevices)
        .filter(model -> model.queuedTimeIfSet().isPresent() || model.jobUIDIfSet().isPresent())
        .anyMatch(model -> key(job, model).equals(key));
  }

  /** Whether the ledger does not say what a status says, so that the quota has to look. */
  static boolean differ(EvalJob job, EvalJobStatus status, QuotaView ledger) {
    if (!ledger.limits().covers(resource(job))) {
      return !ledger.reserved().isEmpty();
    }
    EvalJob written = new EvalJob();
    written.setMetadata(job.getMetadata());
    written.setSpec(job.getSpec());
    written.setStatus(status);
    Set<AttemptKey> wanted = new HashSet<>();
    models(written).stream()
        .filter(QuotaDemands::isAtDevices)
        .filter(model -> model.queuedTimeIfSet().isPresent() || model.jobUIDIfSet().isPresent())
        .forEach(model -> wanted.add(key(written, model)));
    return !wanted.equals(ledger.reserved());
  }

  private static boolean isAtDevices(ModelStatus model) {
    return model.stageIfSet().filter(Stage.Infer.name()::equals).isPresent()
        && devices(model) > 0
        && model.phaseIfSet().map(Phase::of).filter(QuotaDemands::isEnd).isEmpty();
  }

  private static boolean isEnd(Phase phase) {
    return phase == Phase.Succeeded || phase == Phase.PartiallyFailed || phase == Phase.Failed;
  }

  private static Charge charge(EvalJob job, AttemptKey key, int devices, Instant now) {
    return new Charge(
        key,
        job.getMetadata().getNamespace(),
        job.getMetadata().getName(),
        resource(job),
        devices,
        now);
  }

  private static AttemptKey key(EvalJob job, ModelStatus model) {
    return new AttemptKey(
        job.getMetadata().getUid(),
        run(job).map(RunStatus::number).orElse(0L),
        model.name(),
        model.attempt());
  }

  private static Optional<RunStatus> run(EvalJob job) {
    return Optional.ofNullable(job.getStatus()).flatMap(EvalJobStatus::runIfSet);
  }

  private static String resource(EvalJob job) {
    return job.getSpec().acceleratorOrDefault().resourceNameOrDefault();
  }

  private static int devices(ModelStatus model) {
    return model.processesIfSet().orElse(0) * model.devicesPerProcessIfSet().orElse(0);
  }
}
