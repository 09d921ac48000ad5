package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.LimitsSpec;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.operator.plan.ModelPlan;
import io.evaljob.operator.status.Bounds;
import io.evaljob.operator.status.Conditions;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import io.evaljob.operator.validate.Validation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Begins a run: the first, or the next after {@code spec.runID} changed. It is written down, with
 * the names of its plans, before any child of it exists; what an earlier run left is deleted.
 */
final class RunStart {

  private RunStart() {}

  static void begin(Pass pass) {
    long number = pass.before().runIfSet().map(RunStatus::number).orElse(0L) + 1;
    begin(pass, number);
  }

  /** Begins the run again under its own number: nothing has been made of it yet. */
  static void beginAgain(Pass pass) {
    begin(pass, pass.before().runIfSet().map(RunStatus::number).orElse(1L));
  }

  private static void begin(Pass pass, long number) {
    pass.input().jobsOfOtherRuns().forEach(name -> pass.act(new Action.DeleteJob(name)));
    Validation validation = pass.input().validation();
    if (validation instanceof Validation.Valid && pass.isSuspended()) {
      pass.hold(Hold.suspended());
    } else if (validation instanceof Validation.Valid valid) {
      begin(pass, number, valid.job());
    } else if (validation instanceof Validation.Invalid invalid) {
      pass.hold(Hold.refused(invalid.refusals()));
    } else if (validation instanceof Validation.Missing missing) {
      pass.hold(Hold.missing(missing.reason(), missing.message()));
    }
  }

  private static void begin(Pass pass, long number, ResolvedJob job) {
    EvalRuntime runtime = job.runtime();
    RunStatus run =
        new RunStatus(
            job.job().getSpec().runIDOrDefault(),
            number,
            pass.input().runHash().orElse(""),
            Conditions.time(pass.input().now()),
            runtime.getMetadata().getGeneration(),
            Bounds.cut(runtime.getSpec().image(), Bounds.MESSAGE),
            runtime.getSpec().limitsIfSet().flatMap(LimitsSpec::maxActiveSecondsIfSet).orElse(null),
            null,
            0,
            null,
            0);
    List<ModelStatus> models = job.models().stream().map(RunStart::model).toList();
    pass.begin(run, models);
    models.forEach(model -> pass.act(new Action.NamePlan(model.name(), run, Optional.empty())));
    pass.tell(EventNote.normal("Planned", Story.planned(number, models)));
    // Its children come with the next pass: the run is on record first.
    pass.again(Duration.ZERO);
  }

  private static ModelStatus model(ResolvedModel model) {
    ModelPlan plan = model.plan();
    return new ModelStatus(
        model.spec().name(),
        Phase.Pending.name(),
        null,
        0,
        0,
        0,
        null,
        null,
        null,
        plan.strategy().name(),
        plan.processes(),
        plan.devicesPerProcess(),
        null,
        null,
        List.of(),
        note(plan),
        null,
        List.of(),
        List.of(),
        null,
        null,
        null,
        null,
        null);
  }

  /** What the plan took for granted; null where that is nothing. */
  static String note(ModelPlan plan) {
    return plan.notes().isEmpty()
        ? null
        : Bounds.cut(String.join(" ", plan.notes()), Bounds.MESSAGE);
  }
}
