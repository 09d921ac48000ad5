package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.OnOutOfMemory;
import io.evaljob.api.v1alpha1.PlanRecord;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.plan.DeviceLimit;
import io.evaljob.operator.plan.LargerPlan;
import io.evaljob.operator.plan.ModelPlan;
import io.evaljob.operator.plan.PlanSize;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.status.Bounds;
import io.evaljob.operator.status.ModelDraft;
import io.evaljob.operator.validate.Replanning;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import io.evaljob.operator.validate.Validation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Gives a model whose devices ran out of memory a larger plan, where the spec wants that. The new
 * plan is written down, with its devices, before its ConfigMap exists; the attempts before it keep
 * theirs. No retry is charged.
 */
final class Replan {

  /** New plans of a model in one run, at most. */
  static final int MOST = 4;

  private static final int WHY = 256;

  private final Pass pass;
  private final ModelDraft model;

  Replan(Pass pass, ModelDraft model) {
    this.pass = pass;
    this.model = model;
  }

  /** Whether a failure asks for a larger plan. */
  boolean isWanted(FailureCause cause) {
    return cause == FailureCause.OutOfMemory
        && model.stage() == Stage.Infer
        && model.devices() > 0
        && spec().splitOrDefault().onOutOfMemoryOrDefault() == OnOutOfMemory.Replan;
  }

  /**
   * The devices that the queue of an attempt can ever give, where those of a plan made here are
   * more: it would wait for ever.
   */
  Optional<DeviceLimit> beyondItsQueue(AttemptObservation attempt) {
    List<PlanRecord> plans = model.planHistory();
    boolean isLarger =
        plans.size() > 1 && plans.get(plans.size() - 1).attempt() == attempt.attempt();
    return isLarger && attempt.stage() == Stage.Infer
        ? attempt
            .queue()
            .filter(place -> place.most().isPresent())
            .map(place -> new DeviceLimit(place.most().getAsInt(), "Kueue's queue " + place.name()))
        : Optional.empty();
  }

  /** The plan to go on with in place of one that its queue can never admit, if there is one. */
  Optional<ModelPlan> instead(DeviceLimit queue) {
    List<PlanRecord> plans = model.planHistory();
    PlanSize failed = PlanHistory.size(plans.get(plans.size() - 2));
    return plans.size() > MOST
        ? Optional.empty()
        : planned()
            .map(job -> larger(job, failed, Optional.of(queue)))
            .filter(answer -> answer instanceof LargerPlan.Answer.Found)
            .map(answer -> ((LargerPlan.Answer.Found) answer).plan());
  }

  /** The plan to go on with, or why there is none. */
  LargerPlan.Answer next() {
    if (model.planHistory().size() > MOST) {
      return new LargerPlan.Answer.None(
          "the " + MOST + " new plans that a run may have are used up");
    }
    Optional<ResolvedJob> job = planned();
    if (job.isEmpty()) {
      return new LargerPlan.Answer.None(
          "EvalRuntime "
              + spec().runtimeRef().name()
              + " is not as it was when the run began, and no plan is made from another");
    }
    return larger(job.get(), present(), quota(job.get().model(model.name())));
  }

  private LargerPlan.Answer larger(ResolvedJob job, PlanSize failed, Optional<DeviceLimit> most) {
    List<Integer> others =
        pass.models().stream()
            .filter(other -> other != model && !other.ended())
            .map(ModelDraft::devices)
            .toList();
    return new Replanning(job, job.model(model.name())).larger(failed, others, most);
  }

  private Optional<DeviceLimit> quota(ResolvedModel resolved) {
    String resource = resolved.plan().resourceName();
    return pass.input()
        .quota()
        .filter(quota -> quota.limits().covers(resource))
        .map(
            (QuotaView quota) ->
                new DeviceLimit(quota.limits().most(resource), "EvalQuota " + quota.name()));
  }

  /** The spec and the runtime, where both are what the run began with. */
  private Optional<ResolvedJob> planned() {
    Optional<RunStatus> run = pass.run();
    return pass.input().validation() instanceof Validation.Valid valid
            && pass.input().runHash().equals(run.flatMap(RunStatus::specHashIfSet))
            && run.flatMap(RunStatus::runtimeGenerationIfSet)
                .equals(Optional.ofNullable(valid.job().runtime().getMetadata().getGeneration()))
        ? Optional.of(valid.job())
        : Optional.empty();
  }

  /**
   * Has the model go on with a plan.
   *
   * @param message what the failed attempt said
   */
  void take(ModelPlan plan, String message) {
    List<PlanRecord> plans = new ArrayList<>(model.planHistory());
    if (plans.isEmpty()) {
      plans.add(record(1, present(), "Planned", null));
    }
    model.nextAttempt();
    PlanSize size = PlanSize.of(plan);
    plans.add(
        record(model.attempt(), size, FailureCause.OutOfMemory.name(), Bounds.cut(message, WHY)));
    String was = Story.devices(model);
    model.replan(
        plan.strategy().name(),
        plan.processes(),
        plan.devicesPerProcess(),
        RunStart.note(plan),
        plans);
    pass.tell(Story.replanned(model, was, size, message));
    pass.act(new Action.NamePlan(model.name(), pass.run().orElseThrow(), Optional.of(size)));
  }

  private PlanSize present() {
    return PlanHistory.present(model.before())
        .orElseGet(
            () ->
                new PlanSize(
                    model.processes(),
                    model.devicesPerProcess(),
                    spec().splitOrDefault().reservePercentOrDefault()));
  }

  private static PlanRecord record(int attempt, PlanSize size, String reason, String message) {
    return new PlanRecord(
        attempt,
        size.processes(),
        size.devicesPerProcess(),
        size.reservePercent(),
        reason,
        message);
  }

  private EvalJobSpec spec() {
    return pass.input().job().getSpec();
  }
}
