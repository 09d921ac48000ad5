package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.WaitingStatus;
import io.evaljob.operator.observe.AttemptObservation;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The deadlines of a run. They are the operator's own: a Job's would begin anew with every attempt.
 */
final class Deadlines {

  private Deadlines() {}

  /**
   * Why no more may be evaluated in this run; else the pass is taken again when that may be so.
   *
   * @return one sentence with the remedy
   */
  static Optional<String> passed(Pass pass) {
    if (pass.isSuspended() || pass.run().isEmpty()) {
      return Optional.empty();
    }
    RunClock clock = new RunClock(pass, pass.run().get());
    return start(pass, clock).or(() -> active(pass, clock));
  }

  private static Optional<String> start(Pass pass, RunClock clock) {
    Optional<Integer> limit = spec(pass).startDeadlineSecondsIfSet();
    if (limit.isEmpty() || clock.hasEvaluated()) {
      return Optional.empty();
    }
    Duration left = Duration.ofSeconds(limit.get()).minus(clock.age());
    if (left.compareTo(Duration.ZERO) > 0) {
      pass.again(left);
      return Optional.empty();
    }
    return Optional.of(
        "No evaluation began within spec.startDeadlineSeconds ("
            + limit.get()
            + ") of the start of the run"
            + pass.before()
                .waitingIfSet()
                .flatMap(WaitingStatus::messageIfSet)
                .map(why -> "; it waited: " + why)
                .orElse(".")
            + " Raise the limit and set a new spec.runID.");
  }

  private static Optional<String> active(Pass pass, RunClock clock) {
    Optional<Integer> asked = spec(pass).activeDeadlineSecondsIfSet();
    Optional<Integer> most = pass.run().flatMap(RunStatus::maxActiveSecondsIfSet);
    Optional<Integer> limit =
        Stream.of(asked, most).flatMap(Optional::stream).min(Comparator.naturalOrder());
    if (limit.isEmpty()) {
      return Optional.empty();
    }
    Duration left = Duration.ofSeconds(limit.get()).minus(clock.active());
    if (left.compareTo(Duration.ZERO) > 0) {
      long running =
          pass.models().stream()
              .flatMap(model -> pass.input().observed(model.name()).attempts().stream())
              .filter(attempt -> attempt.state() instanceof AttemptObservation.Running)
              .count();
      if (running > 0) {
        pass.again(left.dividedBy(running));
      }
      return Optional.empty();
    }
    return Optional.of(
        limit.equals(asked)
            ? "The pods of the run have run for spec.activeDeadlineSeconds ("
                + limit.get()
                + "); raise it and set a new spec.runID."
            : "The pods of the run have run for what EvalRuntime "
                + spec(pass).runtimeRef().name()
                + " allows (limits.maxActiveSeconds: "
                + limit.get()
                + "); use several EvalJobs, or have it raised and set a new spec.runID.");
  }

  private static EvalJobSpec spec(Pass pass) {
    return pass.input().job().getSpec();
  }
}
