package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.DeviceUse;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.LastFailure;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.Reason;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.api.v1alpha1.WaitingStatus;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.status.Bounds;
import io.evaljob.operator.status.Conditions;
import io.evaljob.operator.status.ModelDraft;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Puts the status together once all actions of a pass are done.
 *
 * <p>Longer than most: every field of one object is set here, and conditions, waiting and phase
 * must agree.
 */
final class StatusAssembly {

  private final Pass pass;
  private final List<ResultRow> rows;
  private final int rowsTotal;
  private final EvalJobStatus before;
  private final EvalJobSpec spec;
  private final long generation;

  StatusAssembly(Pass pass, List<ResultRow> rows, int rowsTotal) {
    this.pass = pass;
    this.rows = rows;
    this.rowsTotal = rowsTotal;
    before = pass.before();
    spec = pass.input().job().getSpec();
    Long written = pass.input().job().getMetadata().getGeneration();
    generation = written == null ? 0 : written;
  }

  Conclusion conclude() {
    boolean runOnRecord =
        pass.run().flatMap(RunStatus::idIfSet).filter(spec.runIDOrDefault()::equals).isPresent();
    boolean wasFinished = Conditions.holds(before.conditions(), ConditionType.Finished);
    if (runOnRecord && wasFinished && !pass.newRun()) {
      return done(seenAgain(), false);
    }
    if (!runOnRecord
        || (pass.hold().isPresent() && pass.models().stream().noneMatch(ModelDraft::started))) {
      return done(held(pass.hold().orElseThrow()), false);
    }
    return active();
  }

  /** A run that has ended, of an object whose generation may have moved. */
  private EvalJobStatus seenAgain() {
    List<Condition> conditions =
        before.conditions().stream()
            .map(
                old ->
                    new Condition(
                        old.type(),
                        old.status(),
                        old.reason(),
                        old.message(),
                        generation,
                        old.lastTransitionTime()))
            .toList();
    return new EvalJobStatus(
        generation,
        before.run(),
        before.phase(),
        before.summary(),
        conditions,
        before.waiting(),
        before.lastWaiting(),
        before.devices(),
        before.progress(),
        before.models(),
        before.results(),
        before.resultsTotal(),
        before.previousRuns(),
        before.completionTime());
  }

  /** Nothing has been started, and nothing can be. */
  private EvalJobStatus held(Hold hold) {
    if (hold.reason() == Reason.Suspended) {
      return unbegun(Phase.Suspended, ConditionTable.suspended(), Optional.empty());
    }
    boolean missing = hold.missing().isPresent();
    String text = Bounds.cut(hold.message(), Bounds.EVENT_MESSAGE);
    if (Conditions.find(before.conditions(), ConditionType.Accepted)
        .filter(old -> old.message().equals(Bounds.cut(hold.message(), Bounds.CONDITION_MESSAGE)))
        .isEmpty()) {
      pass.tell(
          missing
              ? EventNote.normal(hold.reason().name(), text)
              : EventNote.warning(hold.reason().name(), text));
    }
    return unbegun(
        missing ? Phase.Pending : Phase.Failed,
        missing ? ConditionTable.missing(hold) : ConditionTable.invalid(hold),
        hold.missing());
  }

  private EvalJobStatus unbegun(Phase phase, List<Conditions.Now> now, Optional<Wait> wait) {
    tellSuspension(phase);
    SteadyWait steady = steady(wait);
    return new EvalJobStatus(
        generation,
        before.run(),
        phase.name(),
        before.summary(),
        conditions(now),
        waiting(steady, 0),
        steady.last().orElse(null),
        List.of(),
        before.progress(),
        pass.models().stream().map(ModelDraft::build).toList(),
        before.results(),
        before.resultsTotal(),
        before.previousRuns(),
        before.completionTime());
  }

  private Conclusion active() {
    List<ModelDraft> models = pass.models();
    long held = held();
    boolean ended = models.stream().allMatch(ModelDraft::ended);
    boolean podsLeft =
        pass.input().observations().values().stream().anyMatch(seen -> !seen.livePods().isEmpty());
    boolean finished = ended && !podsLeft;
    nextTurn(models);
    Phase phase = Phases.ofJob(models.stream().map(ModelDraft::phase).toList());
    if (ended && podsLeft) {
      phase = Remains.awaited(pass);
    } else if (pass.isSuspended() && !ended) {
      phase = Phase.Suspended;
    }
    tellSuspension(phase);
    SteadyWait steady = finished ? SteadyWait.NONE : steady(chooseWait());
    Optional<Wait> wait = steady.shown().map(SteadyWait.Shown::why);
    Progress progress = progress(models);
    Optional<RunClock> clock = pass.run().map(run -> new RunClock(pass, run));
    clock.ifPresent(time -> time.noteStarts(models));
    List<Conditions.Now> now;
    if (finished) {
      String message = verdict(models);
      now = ConditionTable.finished(phase, message);
      pass.tell(new EventNote(phase != Phase.Succeeded, phase.name(), message));
    } else {
      boolean atRest = phase == Phase.Suspended && !podsLeft;
      Phase current = phase;
      now =
          pass.hold()
              .map(ConditionTable::refusedEdit)
              .orElseGet(
                  () -> atRest ? ConditionTable.suspended() : ConditionTable.active(current, wait));
      wait.ifPresent(this::tellWait);
    }
    long requested = requested(models);
    EvalJobStatus status =
        new EvalJobStatus(
            generation,
            clock.map(RunClock::advanced).orElse(null),
            phase.name(),
            Summary.of(
                models.stream().filter(ModelDraft::ended).count(),
                models.size(),
                held,
                requested,
                progress,
                rows,
                rowsTotal),
            conditions(withQuota(now)),
            waiting(steady, held),
            steady.last().orElse(null),
            requested == 0
                ? List.of()
                : List.of(
                    new DeviceUse(
                        spec.acceleratorOrDefault().resourceNameOrDefault(), requested, held)),
            progress,
            models.stream().map(ModelDraft::build).toList(),
            rows,
            rowsTotal,
            pass.previousRuns(),
            finished ? Conditions.time(pass.input().now()) : null);
    return done(status, finished);
  }

  /**
   * Whose turn comes with the end of another begins in a pass of its own: nothing else wakes it.
   */
  private void nextTurn(List<ModelDraft> models) {
    if (models.stream().anyMatch(ModelDraft::justEnded)
        && models.stream().anyMatch(model -> !model.started() && !model.ended())) {
      pass.again(Duration.ZERO);
    }
  }

  private Conclusion done(EvalJobStatus status, boolean justFinished) {
    return new Conclusion(
        status, pass.events(), pass.settledReports(), pass.requeueAfter(), justFinished);
  }

  private List<Conditions.Now> withQuota(List<Conditions.Now> now) {
    List<Conditions.Now> all = new ArrayList<>(now);
    new DeviceGate(pass).condition().ifPresent(all::add);
    return all;
  }

  private List<Condition> conditions(List<Conditions.Now> now) {
    return Conditions.merge(before.conditions(), now, generation, pass.input().now());
  }

  private SteadyWait steady(Optional<Wait> seen) {
    boolean same = sameAttempts();
    SteadyWait steady =
        SteadyWait.next(
            before.waitingIfSet(),
            before.lastWaitingIfSet().filter(last -> same),
            seen,
            pass.input().now());
    steady.again().ifPresent(pass::again);
    return same ? steady : steady.forgotten();
  }

  /** Another attempt waits anew, though it be for the same. */
  private boolean sameAttempts() {
    return !pass.newRun()
        && pass.models().stream()
            .allMatch(
                model ->
                    model.attempt() == model.before().attempt()
                        && model.stage()
                            == model.before().stageIfSet().map(Stage::of).orElse(Stage.Unknown));
  }

  private static WaitingStatus waiting(SteadyWait steady, long devicesHeld) {
    return steady
        .shown()
        .map(
            shown ->
                new WaitingStatus(
                    shown.why().reason().name(),
                    Bounds.cut(shown.why().message(), Bounds.MESSAGE),
                    Conditions.time(shown.since()),
                    devicesHeld,
                    shown.recent()))
        .orElse(null);
  }

  /** The first model's wait in the spec's order; that a container starts matters least. */
  private Optional<Wait> chooseWait() {
    Map<String, Wait> waits = pass.waits();
    List<Wait> ofModels =
        pass.models().stream()
            .map(model -> waits.get(model.name()))
            .filter(Objects::nonNull)
            .toList();
    return ofModels.stream()
        .min(Comparator.comparing((Wait wait) -> wait.reason() == WaitingReason.Starting));
  }

  private void tellSuspension(Phase now) {
    boolean was = before.phaseIfSet().filter(Phase.Suspended.name()::equals).isPresent();
    if (!was && now == Phase.Suspended) {
      pass.tell(Story.suspended());
    } else if (was && !pass.isSuspended()) {
      pass.tell(Story.resumed());
    }
  }

  private void tellWait(Wait wait) {
    boolean passing =
        wait.reason() == WaitingReason.Starting
            || wait.reason() == WaitingReason.PodsRemain
            || wait.reason() == WaitingReason.BackOff;
    boolean told =
        before.waitingIfSet().filter(old -> wait.reason().name().equals(old.reason())).isPresent();
    if (!passing && !told) {
      pass.tell(
          new EventNote(
              wait.reason() != WaitingReason.EvalQuota,
              wait.reason().name(),
              Bounds.cut(wait.message(), Bounds.EVENT_MESSAGE)));
    }
  }

  private Progress progress(List<ModelDraft> models) {
    Instant start =
        pass.input().observations().values().stream()
            .flatMap(seen -> seen.attempts().stream())
            .filter(attempt -> attempt.stage() == Stage.Infer)
            .flatMap(attempt -> attempt.started().stream())
            .min(Comparator.naturalOrder())
            .or(() -> pass.run().flatMap(RunStatus::startTimeIfSet).map(Instant::parse))
            .orElse(pass.input().now());
    return ProgressTotals.ofJob(
        models.stream().map(ModelDraft::progress).toList(),
        models.stream().map(ModelDraft::ended).toList(),
        spec.datasets().size(),
        before.progressIfSet(),
        start,
        pass.input().now());
  }

  private long held() {
    long held = 0;
    for (ModelDraft model : pass.models()) {
      boolean holds =
          pass.input().observed(model.name()).attempts().stream()
              .filter(attempt -> attempt.stage() == Stage.Infer)
              .filter(this::isTold)
              .anyMatch(AttemptObservation::holdsDevices);
      held += holds ? model.devices() : 0;
    }
    return held;
  }

  private boolean isTold(AttemptObservation attempt) {
    return StartGrace.left(attempt, pass.input().now(), pass.input().settings().startGrace())
        .isEmpty();
  }

  /** The most that the run asks for at one time. */
  private long requested(List<ModelDraft> models) {
    int together = spec.maxConcurrentModelsIfSet().orElse(models.size());
    return models.stream()
        .map(model -> (long) model.devices())
        .sorted(Comparator.reverseOrder())
        .limit(together)
        .mapToLong(Long::longValue)
        .sum();
  }

  private String verdict(List<ModelDraft> models) {
    long good = models.stream().filter(model -> model.phase() == Phase.Succeeded).count();
    List<String> sentences = new ArrayList<>();
    sentences.add(
        good == models.size()
            ? "All " + rowsTotal + " results are there."
            : good + " of " + models.size() + " models have all their scores.");
    models.stream()
        .filter(model -> model.phase() != Phase.Succeeded)
        .limit(4)
        .map(StatusAssembly::blame)
        .filter(Objects::nonNull)
        .forEach(sentences::add);
    return Bounds.cut(String.join(" ", sentences), Bounds.EVENT_MESSAGE);
  }

  private static String blame(ModelDraft model) {
    return model
        .lastFailure()
        .map(
            (LastFailure last) ->
                "Model "
                    + model.name()
                    + ": "
                    + last.causeIfSet().orElse("")
                    + ": "
                    + last.messageIfSet().orElse(""))
        .orElse(null);
  }
}
