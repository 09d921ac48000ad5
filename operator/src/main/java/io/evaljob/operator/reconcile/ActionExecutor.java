package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.ModelSpec;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.operator.lifecycle.Action;
import io.evaljob.operator.lifecycle.Outcome;
import io.evaljob.operator.lifecycle.PlanHistory;
import io.evaljob.operator.lifecycle.PlanLoss;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.plan.PlanSize;
import io.evaljob.operator.quota.AttemptKey;
import io.evaljob.operator.resources.ChildFactory;
import io.evaljob.operator.resources.PlanConfigMap;
import io.evaljob.operator.resources.Run;
import io.evaljob.operator.resources.SameChild;
import io.evaljob.operator.validate.Replanning;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import io.evaljob.operator.validate.Validation;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Does what was decided, one action after the other; each may be done again without harm. */
final class ActionExecutor {

  private final KubernetesClient client;
  private final DeviceDoor door;
  private final ChildWriter writer;
  private final ChildFactory children;
  private final EventSources sources;
  private final Supplier<String> caBundle;

  /** UIDs of runners that hold what they should, one a namespace. */
  private final Set<String> runners = ConcurrentHashMap.newKeySet();

  ActionExecutor(
      KubernetesClient client,
      ChildFactory children,
      EventSources sources,
      Supplier<String> caBundle,
      DeviceDoor door) {
    this.client = client;
    this.door = door;
    this.children = children;
    this.sources = sources;
    this.caBundle = caBundle;
    writer = new ChildWriter(client);
  }

  /**
   * Does the actions.
   *
   * @return one outcome an action, in their order
   * @throws io.fabric8.kubernetes.client.KubernetesClientException where the API server does not
   *     answer as it should; the pass is then taken again
   */
  List<Outcome> execute(Snapshot snapshot, Validation validation, List<Action> actions) {
    List<Outcome> outcomes = new ArrayList<>();
    Map<String, ConfigMap> plans = new HashMap<>(snapshot.plans().intact());
    for (Action action : actions) {
      if (action instanceof Action.NamePlan plan) {
        ConfigMap desired = plan(validation, plan.model(), run(plan.run()), plan.size());
        outcomes.add(planned(plan, plan.model(), desired));
      } else if (action instanceof Action.EnsurePlan plan) {
        outcomes.add(ensurePlan(snapshot, validation, plan, plans));
      } else if (action instanceof Action.StartStage start) {
        outcomes.add(
            plans.containsKey(start.planName())
                ? start(snapshot.job(), start, plans.get(start.planName()))
                : new Outcome.Postponed(start));
      } else if (action instanceof Action.StoreResults results) {
        outcomes.add(store(snapshot.job(), results));
      } else if (action instanceof Action.DeleteEvalJob) {
        writer.deleteEvalJob(snapshot.job());
        outcomes.add(new Outcome.Done(action, snapshot.job().getMetadata().getName()));
      } else if (action instanceof Action.DeleteJob delete) {
        writer.deleteJob(snapshot.job().getMetadata().getNamespace(), delete.name());
        outcomes.add(new Outcome.Done(delete, delete.name()));
      }
    }
    return outcomes;
  }

  private ConfigMap plan(Validation validation, String name, Run run, Optional<PlanSize> size) {
    if (!(validation instanceof Validation.Valid valid)) {
      throw new IllegalStateException("a plan is asked for where validation gave none");
    }
    ResolvedJob resolved = valid.job();
    ResolvedModel model = resolved.model(name);
    ResolvedModel sized =
        size.flatMap(other -> new Replanning(resolved, model).inSize(other)).orElse(model);
    return children.plan(resolved, sized, run, caBundle.get());
  }

  private static Outcome planned(Action action, String model, ConfigMap plan) {
    return new Outcome.Planned(
        action, model, plan.getMetadata().getName(), PlanConfigMap.digest(plan));
  }

  private Outcome ensurePlan(
      Snapshot snapshot,
      Validation validation,
      Action.EnsurePlan action,
      Map<String, ConfigMap> plans) {
    EvalJob job = snapshot.job();
    Optional<ModelStatus> model =
        job.getStatus().models().stream()
            .filter(status -> status.name().equals(action.model()))
            .findFirst();
    ConfigMap desired =
        plan(validation, action.model(), run(job), model.flatMap(PlanHistory::present));
    String name = desired.getMetadata().getName();
    Optional<String> onRecord = model.flatMap(ModelStatus::planNameIfSet);
    boolean begun = model.filter(PlanHistory::isInUse).isPresent();
    // Before it is used, a plan may still become another: the certificates may be new.
    if (begun && onRecord.isPresent() && !onRecord.get().equals(name)) {
      boolean foreign = snapshot.plans().foreign().contains(onRecord.get());
      return new Outcome.Blocked(action, PlanLoss.beyondRepair(onRecord.get(), foreign));
    }
    ChildWriter.Result<ConfigMap> result = writer.create(desired);
    Optional<Wait> blocked = result.wait(desired);
    if (blocked.isPresent()) {
      return new Outcome.Blocked(action, blocked.get());
    }
    result.made().ifPresent(sources::remember);
    plans.put(name, result.made().orElse(desired));
    return planned(action, action.model(), desired);
  }

  private Outcome start(EvalJob job, Action.StartStage action, ConfigMap plan) {
    Optional<Wait> blocked = runner(job).or(() -> workspace(job, action.model()));
    if (blocked.isPresent()) {
      return new Outcome.Blocked(action, blocked.get());
    }
    return action
        .quota()
        .map(
            quota ->
                door.starting(
                    () ->
                        isCharged(job, action, quota)
                            ? make(job, action, plan)
                            : new Outcome.Uncharged(action)))
        .orElseGet(() -> make(job, action, plan));
  }

  /** Asks the quota itself: what a cache says may have been taken back. */
  private boolean isCharged(EvalJob job, Action.StartStage action, String quota) {
    AttemptKey key =
        new AttemptKey(
            job.getMetadata().getUid(), run(job).number(), action.model(), action.attempt());
    return Optional.ofNullable(client.resources(EvalQuota.class).withName(quota).get())
        .filter(found -> QuotaRecords.isCharged(found, key))
        .isPresent();
  }

  private Outcome make(EvalJob job, Action.StartStage action, ConfigMap plan) {
    Job desired = children.job(job, plan, action.stage(), action.attempt());
    ChildWriter.Result<Job> result = writer.create(desired);
    if (result.verdict() == ChildWriter.Verdict.OURS_BUT_DIFFERENT) {
      writer.deleteIfQueued(desired);
      return new Outcome.Superseded(action);
    }
    result.made().ifPresent(sources::remember);
    return result
        .wait(desired)
        .<Outcome>map(why -> new Outcome.Blocked(action, why))
        .orElseGet(() -> new Outcome.Started(action, result.uid()));
  }

  private Optional<Wait> runner(EvalJob job) {
    ConfigMap desired = children.runner(job.getMetadata().getNamespace());
    boolean there =
        sources
            .configMap(job.getMetadata().getNamespace(), desired.getMetadata().getName())
            .filter(found -> isRunner(desired, found))
            .isPresent();
    return there ? Optional.empty() : writer.create(desired).wait(desired);
  }

  /** Compared once: nobody can change what is immutable, only put another in its place. */
  private boolean isRunner(ConfigMap desired, ConfigMap found) {
    String uid = found.getMetadata().getUid();
    if (runners.contains(uid)) {
      return found.getMetadata().getDeletionTimestamp() == null;
    }
    boolean same = SameChild.matches(desired, found);
    if (same) {
      runners.add(uid);
    }
    return same;
  }

  private Optional<Wait> workspace(EvalJob job, String model) {
    ModelSpec spec =
        job.getSpec().models().stream()
            .filter(candidate -> candidate.name().equals(model))
            .findFirst()
            .orElseThrow();
    Optional<PersistentVolumeClaim> desired = children.workspace(job, spec);
    if (desired.isEmpty()) {
      return Optional.empty();
    }
    Optional<PersistentVolumeClaim> found =
        sources.claim(job.getMetadata().getNamespace(), desired.get().getMetadata().getName());
    if (found.isPresent()
        && SameChild.compare(desired.get(), found.get()) != SameChild.Verdict.TAKEN) {
      return Optional.empty();
    }
    ChildWriter.Result<PersistentVolumeClaim> result = writer.create(desired.get());
    // A claim of an earlier run may have been made with another size: it cannot be changed.
    return result.verdict() == ChildWriter.Verdict.OURS_BUT_DIFFERENT
        ? Optional.empty()
        : result.wait(desired.get());
  }

  private Outcome store(EvalJob job, Action.StoreResults action) {
    ConfigMap desired = children.results(job, run(job), action.model(), action.rows());
    return writer
        .create(desired)
        .wait(desired)
        .<Outcome>map(why -> new Outcome.Blocked(action, why))
        .orElseGet(() -> new Outcome.Done(action, desired.getMetadata().getName()));
  }

  /** Results and plans belong to the run on record; a run is on record before its first child. */
  private static Run run(EvalJob job) {
    return run(job.getStatus().runIfSet().orElseThrow());
  }

  private static Run run(RunStatus run) {
    return new Run(run.id(), run.number(), run.specHash());
  }
}
