package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.status.ModelDraft;
import io.evaljob.operator.validate.Validation;
import java.util.List;

/** Moves a run on that has begun: plans first, then every model whose turn it is. */
final class RunProgress {

  private RunProgress() {}

  static void go(Pass pass) {
    List<ModelDraft> unplanned =
        pass.models().stream()
            .filter(model -> !model.ended())
            .filter(model -> pass.plan(model).isEmpty())
            .toList();
    if (!unplanned.isEmpty() && !samePlan(pass)) {
      if (pass.models().stream().noneMatch(ModelDraft::started)) {
        RunStart.beginAgain(pass);
        return;
      }
      unplanned.forEach(model -> planGone(pass, model));
    }
    pass.input().jobsOfOtherRuns().forEach(name -> pass.act(new Action.DeleteJob(name)));
    refusedEdit(pass);
    if (!unplanned.isEmpty() && samePlan(pass) && !pass.isSuspended()) {
      unplanned.forEach(pass::ensurePlan);
    }
    models(pass);
  }

  private static void models(Pass pass) {
    pass.over(Deadlines.passed(pass));
    EvalJobSpec spec = pass.input().job().getSpec();
    int most = spec.maxConcurrentModelsIfSet().orElse(Integer.MAX_VALUE);
    for (ModelDraft model : pass.models()) {
      if (model.started()) {
        new ModelStep(pass, model).go();
      } else if (!model.ended()) {
        pass.over().ifPresent(why -> new ModelStep(pass, model).neverBegin(why));
      }
    }
    long active = pass.models().stream().filter(model -> model.started() && !model.ended()).count();
    for (ModelDraft model : pass.models()) {
      if (!model.started() && !model.ended() && active < most && pass.plan(model).isPresent()) {
        if (pass.hold().isEmpty() && !pass.isSuspended() && pass.over().isEmpty()) {
          new ModelStep(pass, model).begin();
          active++;
        }
      }
    }
  }

  /** Whether the plans made now would be those of the run on record. */
  private static boolean samePlan(Pass pass) {
    return pass.input().validation() instanceof Validation.Valid
        && pass.input()
            .runHash()
            .equals(pass.before().runIfSet().flatMap(RunStatus::specHashIfSet));
  }

  /** A runtime that allows less since the run began takes nothing back from it. */
  private static boolean isBeyondTheRun(Pass pass, Refusal refusal) {
    int asked = pass.input().job().getSpec().activeDeadlineSecondsIfSet().orElse(0);
    return refusal.field().equals("spec.activeDeadlineSeconds")
        && pass.run()
            .flatMap(RunStatus::maxActiveSecondsIfSet)
            .filter(most -> asked > most)
            .isPresent();
  }

  private static void planGone(Pass pass, ModelDraft model) {
    boolean foreign = model.planName().filter(pass.input().foreignPlans()::contains).isPresent();
    String name = model.planName().orElse("of model " + model.name());
    pass.waitFor(model.name(), PlanLoss.beyondRepair(name, foreign));
  }

  /**
   * What defines the run cannot change, but placement, resources and deadlines can, to something
   * the runtime does not allow: Jobs that run go on, new ones are not made.
   */
  private static void refusedEdit(Pass pass) {
    if (pass.input().validation() instanceof Validation.Invalid invalid) {
      List<Refusal> edited =
          invalid.refusals().stream()
              .filter(
                  refusal ->
                      isBeyondTheRun(pass, refusal)
                          || refusal.field().startsWith("spec.placement")
                          || refusal.field().startsWith("spec.priorityClassName")
                          || refusal.field().startsWith("spec.resources"))
              .toList();
      if (!edited.isEmpty()) {
        pass.hold(Hold.refused(edited));
      }
    }
  }
}
