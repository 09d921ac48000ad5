package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.operator.status.Conditions;
import java.util.function.Consumer;

/**
 * Decides what one pass does: a function of one snapshot, without I/O and without memory.
 *
 * <p>A decision is concluded with the outcomes of its actions; only then is the status known.
 */
public final class Lifecycle {

  private Lifecycle() {}

  /**
   * Decides.
   *
   * @param input the snapshot
   * @return actions in the order in which to do them, and how to conclude
   */
  public static Decision decide(LifecycleInput input) {
    Pass pass = new Pass(input);
    Consumer<Pass> step = RunProgress::go;
    if (!isRunOf(input)) {
      step = RunStart::begin;
    } else if (Conditions.holds(pass.before().conditions(), ConditionType.Finished)) {
      step = Lifecycle::rest;
    }
    step.accept(pass);
    return new Decision(pass);
  }

  /**
   * Whether the run on record is the one that the spec asks for.
   *
   * @param input the snapshot
   */
  private static boolean isRunOf(LifecycleInput input) {
    EvalJobStatus status = input.job().getStatus();
    return status != null
        && status
            .runIfSet()
            .flatMap(RunStatus::idIfSet)
            .filter(input.job().getSpec().runIDOrDefault()::equals)
            .isPresent();
  }

  /** A run that has ended stays as it is; a report that comes late finds its rows stored. */
  private static void rest(Pass pass) {
    pass.input().reports().values().forEach(report -> pass.settle(report.podUid()));
    FinishedTtl.apply(pass);
  }
}
