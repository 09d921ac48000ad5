package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.status.Conditions;
import io.evaljob.operator.status.ModelDraft;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The times that limits of a run are measured by. The status has those of attempts that are over,
 * because their pods may be gone; those of the present attempts are seen.
 */
final class RunClock {

  private final Pass pass;
  private final RunStatus run;

  RunClock(Pass pass, RunStatus run) {
    this.pass = pass;
    this.run = run;
  }

  /** The running time of all pods so far. */
  Duration active() {
    return Duration.ofSeconds(run.activeSeconds())
        .plus(lost())
        .plus(sum(model -> !model.before().phaseIfSet().filter(RunClock::ended).isPresent()));
  }

  /** How long the run is old, without the time it was suspended. */
  Duration age() {
    Instant start = run.startTimeIfSet().map(Instant::parse).orElse(pass.input().now());
    return Duration.between(start, pass.input().now()).minus(suspended());
  }

  /** Whether a pod of an Infer stage has run. */
  boolean hasEvaluated() {
    return evaluationStart().isPresent();
  }

  /** The run with its times as they are to be written. */
  RunStatus advanced() {
    Optional<String> since = run.suspendTimeIfSet();
    boolean resumed = since.isPresent() && !pass.isSuspended();
    return new RunStatus(
        run.id(),
        run.number(),
        run.specHash(),
        run.startTime(),
        run.runtimeGeneration(),
        run.image(),
        run.maxActiveSeconds(),
        evaluationStart().map(Conditions::time).orElse(null),
        run.activeSeconds() + lost().plus(over()).toSeconds(),
        pass.isSuspended() ? since.orElseGet(() -> Conditions.time(pass.input().now())) : null,
        resumed ? suspended().toSeconds() : run.suspendedSeconds());
  }

  private Duration suspended() {
    Duration before = Duration.ofSeconds(run.suspendedSeconds());
    return run.suspendTimeIfSet()
        .map(since -> before.plus(positive(Instant.parse(since), pass.input().now())))
        .orElse(before);
  }

  private Optional<Instant> evaluationStart() {
    return run.evaluationStartTimeIfSet()
        .map(Instant::parse)
        .or(
            () ->
                pass.models().stream()
                    .flatMap(model -> pass.input().observed(model.name()).attempts().stream())
                    .filter(attempt -> attempt.stage() == Stage.Infer)
                    .flatMap(attempt -> attempt.started().stream())
                    .min(Comparator.naturalOrder()));
  }

  /** Writes down when the pods of the present attempts began to run. */
  void noteStarts(List<ModelDraft> models) {
    models.forEach(model -> model.attemptStarted(attemptStart(model)));
  }

  private String attemptStart(ModelDraft model) {
    Optional<AttemptObservation> attempt =
        model.ended() ? Optional.empty() : seen(model, model.stage(), model.attempt());
    boolean isNew = model.before().attemptStartTimeIfSet().isEmpty();
    return attempt
        .filter(seen -> !isNew || isTold(seen))
        .flatMap(AttemptObservation::started)
        .map(Conditions::time)
        .orElse(null);
  }

  /**
   * The time of pods that ran and are not there any more, because somebody deleted them or their
   * Job. When they ended is not known: they are taken to have run until that is seen.
   */
  private Duration lost() {
    Duration sum = Duration.ZERO;
    for (ModelDraft model : pass.models()) {
      Optional<String> start = model.before().attemptStartTimeIfSet();
      Optional<Instant> seen =
          seen(model, stage(model), model.before().attempt()).flatMap(AttemptObservation::started);
      boolean isThere = seen.map(Conditions::time).equals(start);
      if (start.isPresent() && !isThere) {
        sum = sum.plus(positive(Instant.parse(start.get()), seen.orElse(pass.input().now())));
      }
    }
    return sum;
  }

  private boolean isTold(AttemptObservation attempt) {
    return StartGrace.left(attempt, pass.input().now(), pass.input().settings().startGrace())
        .isEmpty();
  }

  private Optional<AttemptObservation> seen(ModelDraft model, Stage stage, int attempt) {
    return pass.input().observed(model.name()).attempt(stage, attempt);
  }

  private static Stage stage(ModelDraft model) {
    return model.before().stageIfSet().map(Stage::of).orElse(Stage.Prefetch);
  }

  /** The time of the attempts that models leave behind in this pass. */
  private Duration over() {
    Duration sum = Duration.ZERO;
    for (ModelDraft model : pass.models()) {
      for (AttemptObservation attempt : pass.input().observed(model.name()).attempts()) {
        boolean left = model.ended() || isBefore(attempt, model.stage(), model.attempt());
        if (left && !isCounted(model, attempt)) {
          sum = sum.plus(running(attempt));
        }
      }
    }
    return sum;
  }

  private Duration sum(Predicate<ModelDraft> counted) {
    Duration sum = Duration.ZERO;
    for (ModelDraft model : pass.models()) {
      if (counted.test(model)) {
        for (AttemptObservation attempt : pass.input().observed(model.name()).attempts()) {
          sum = sum.plus(isCounted(model, attempt) ? Duration.ZERO : running(attempt));
        }
      }
    }
    return sum;
  }

  /** Whether the status has the attempt's time already. */
  private static boolean isCounted(ModelDraft model, AttemptObservation attempt) {
    return model.before().phaseIfSet().filter(RunClock::ended).isPresent()
        || isBefore(attempt, stage(model), model.before().attempt());
  }

  private static boolean ended(String phase) {
    return Phases.ended(io.evaljob.api.v1alpha1.Phase.of(phase));
  }

  private static boolean isBefore(AttemptObservation attempt, Stage stage, int number) {
    int order = attempt.stage().compareTo(stage);
    return order < 0 || (order == 0 && attempt.attempt() < number);
  }

  private Duration running(AttemptObservation attempt) {
    return attempt
        .started()
        .map(start -> positive(start, attempt.finished().orElse(pass.input().now())))
        .orElse(Duration.ZERO);
  }

  private static Duration positive(Instant from, Instant to) {
    return to.isAfter(from) ? Duration.between(from, to) : Duration.ZERO;
  }
}
