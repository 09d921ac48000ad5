package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.DeviceWeights;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.LastFailure;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.ModelObservation;
import io.evaljob.operator.observe.Preflight;
import io.evaljob.operator.observe.StageFailure;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.observe.TerminationMessage;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.plan.DeviceLimit;
import io.evaljob.operator.plan.LargerPlan;
import io.evaljob.operator.plan.ModelPlan;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.status.Bounds;
import io.evaljob.operator.status.Conditions;
import io.evaljob.operator.status.ModelDraft;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * One step of one model. The status is the memory: it names the stage and the attempt the model is
 * at, and what is seen of that attempt moves it on. The same step from the same status gives the
 * same, so a pass that was cut off is simply taken again.
 *
 * <p>Longer than most: it is one state machine, and its transitions are read together.
 */
final class ModelStep {

  private final Pass pass;
  private final ModelDraft model;
  private final ModelObservation seen;
  private boolean storing;

  ModelStep(Pass pass, ModelDraft model) {
    this.pass = pass;
    this.model = model;
    seen = pass.input().observed(model.name());
  }

  /** Begins a model whose turn it is. */
  void begin() {
    model.enter(Stage.Prefetch);
    proceed();
  }

  /** Moves a begun model on. */
  void go() {
    if (!model.ended()) {
      if (model.phase() == Phase.Suspended) {
        model.phase(Phase.Pending);
      }
      proceed();
    }
    settlePast();
  }

  /**
   * Takes the attempt the model is at for what it is seen to be. Its Job may be there although the
   * status did not say so: the operator may have been stopped between the two.
   */
  private void proceed() {
    Optional<AttemptObservation> current = seen.attempt(model.stage(), model.attempt());
    if (current.isEmpty()) {
      start();
      return;
    }
    AttemptObservation attempt = current.get();
    model.job(attempt.jobUid());
    report(attempt).ifPresent(this::read);
    if (storing) {
      return;
    }
    if (pass.isSuspended() && !attempt.ended()) {
      Suspension.stop(pass, model, attempt);
      return;
    }
    if (isOver() && !attempt.ended()) {
      end(attempt);
      exhausted(FailureCause.DeadlineExceeded, pass.over().orElseThrow());
      return;
    }
    if (QueueMove.isDue(attempt, pass.input().job().getSpec())) {
      pass.act(new Action.DeleteJob(attempt.jobName()));
      pass.waitFor(model.name(), QueueMove.wait(pass.input().job().getSpec()));
      model.phase(Phase.Pending);
      return;
    }
    Replan replan = new Replan(pass, model);
    Optional<DeviceLimit> queue = replan.beyondItsQueue(attempt);
    if (queue.isPresent()) {
      end(attempt);
      withoutLargerPlan(replan, queue.get());
      return;
    }
    Optional<String> late = PodStart.givenUp(pass, attempt);
    if (late.isPresent()) {
      end(attempt);
      failed(
          attempt,
          new AttemptObservation.Failed(FailureCause.DeadlineExceeded, late.get(), false, false));
      return;
    }
    Optional<Duration> untold =
        StartGrace.left(attempt, now(), pass.input().settings().startGrace());
    if (untold.isPresent()) {
      model.phase(StageOrder.phase(model.stage()));
      refusedBefore().ifPresent(why -> pass.waitFor(model.name(), why));
      pass.again(untold.get());
      return;
    }
    attempt.nodeName().ifPresent(model::nodeName);
    attempt.imageId().ifPresent(model::imageId);
    AttemptObservation.State state = attempt.state();
    if (state instanceof AttemptObservation.Running running) {
      model.phase(StageOrder.phase(model.stage()));
      running.silence().ifPresent(why -> pass.waitFor(model.name(), why));
    } else if (state instanceof AttemptObservation.Waits waits) {
      model.phase(
          waits.why().reason() == WaitingReason.Starting
              ? StageOrder.phase(model.stage())
              : Phase.Pending);
      pass.waitFor(model.name(), waits.why());
      if (waits.why().reason() == WaitingReason.KueueNotFound) {
        // Nothing tells when Kueue comes.
        pass.again(pass.input().settings().blockedDelay());
      }
    } else if (state instanceof AttemptObservation.Leaving) {
      waitForPods("The Job " + attempt.jobName() + " is being deleted.");
    } else if (state instanceof AttemptObservation.Succeeded) {
      succeeded(attempt);
    } else if (state instanceof AttemptObservation.Failed failed) {
      failed(attempt, failed);
    }
  }

  /** A model whose turn never came. */
  void neverBegin(String why) {
    model.failed(FailureCause.DeadlineExceeded, why, now());
    store(List.of(), why);
  }

  /** Scores need no device, and are computed of what is there. */
  private boolean isOver() {
    return pass.over().isPresent() && model.stage() != Stage.Score;
  }

  private void end(AttemptObservation attempt) {
    if (!(attempt.state() instanceof AttemptObservation.Leaving)) {
      pass.act(new Action.DeleteJob(attempt.jobName()));
    }
  }

  private Optional<StageReport> report(AttemptObservation attempt) {
    return attempt.podUid().flatMap(uid -> Optional.ofNullable(pass.input().reports().get(uid)));
  }

  /** Reads the report of the attempt the model is at. */
  private void read(StageReport report) {
    if (model.stage() == Stage.Infer) {
      Progress told = report.progress();
      progress(told.samplesDone(), told.samplesTotal(), told.datasetsDone());
      report.preflight().ifPresent(this::devices);
    }
    report.failure().ifPresent(why -> model.failed(why.cause(), why.message(), now()));
    boolean scores =
        report.last()
            && model.stage() == Stage.Score
            && report.failure().map(StageFailure::cause).filter(this::isTriedAgain).isEmpty()
            && !report.results().isEmpty();
    if (scores) {
      // Acknowledged only once its rows are stored.
      store(report.results(), "The harness reported no row for this data set.");
    } else if (report.last()) {
      pass.settle(report.podUid());
    }
  }

  /** What an attempt that is behind the model reports changes nothing any more. */
  private void settlePast() {
    seen.attempts().stream()
        .filter(
            attempt ->
                model.ended()
                    || attempt.stage().compareTo(model.stage()) < 0
                    || (attempt.stage() == model.stage() && attempt.attempt() < model.attempt()))
        .flatMap(attempt -> report(attempt).stream())
        .filter(StageReport::last)
        .forEach(report -> pass.settle(report.podUid()));
  }

  private void devices(Preflight preflight) {
    List<String> ids =
        preflight.devices().stream()
            .map(Preflight.SeenDevice::physical)
            .filter(id -> !id.isBlank())
            .toList();
    if (!ids.isEmpty()) {
      model.deviceIds(ids);
    }
    if (preflight.devices().stream().anyMatch(device -> device.loadedBytes().isPresent())) {
      model.deviceWeights(preflight.devices().stream().map(ModelStep::weights).toList());
    }
    preflight.smokeTest().ifPresent(smoke -> model.smokeTest(smoke.outcome(), smoke.message()));
  }

  private static DeviceWeights weights(Preflight.SeenDevice device) {
    return new DeviceWeights(
        device.logical(),
        device.plannedBytes().stream().boxed().findAny().orElse(null),
        device.loadedBytes().stream().boxed().findAny().orElse(null));
  }

  private void succeeded(AttemptObservation attempt) {
    if (model.stage() == Stage.Score) {
      // Its rows would be stored by now: a report is acknowledged before the runner exits.
      failed(
          attempt,
          new AttemptObservation.Failed(
              FailureCause.ReportRejected,
              "The stage ended, but its scores were never stored.",
              false,
              false));
      return;
    }
    if (model.stage() == Stage.Infer) {
      inferDone(attempt);
    }
    StageOrder.after(model.stage()).ifPresent(this::enter);
  }

  private void enter(Stage next) {
    model.enter(next);
    proceed();
  }

  private void failed(AttemptObservation attempt, AttemptObservation.Failed failed) {
    FailureCause cause = failed.cause();
    String message = failed.message();
    Optional<StageFailure> reported = report(attempt).flatMap(StageReport::failure);
    if (cause == FailureCause.Unknown && reported.isPresent()) {
      cause = reported.get().cause();
      message = reported.get().message();
    }
    attempt.termination().ifPresent(this::leftBehind);
    if (isOver()) {
      exhausted(FailureCause.DeadlineExceeded, pass.over().orElseThrow());
      return;
    }
    if (failed.disruption()) {
      int limit = spec().disruptionLimitOrDefault();
      if (model.disruptions() < limit) {
        retry(cause, message, ModelDraft::retryDisrupted);
        return;
      }
      message +=
          " spec.disruptionLimit: "
              + limit
              + " such ends of a stage are used up; raise it, and see what ends the pods.";
    } else if (new Replan(pass, model).isWanted(cause)) {
      outOfMemory(cause, message);
      return;
    } else if (isTriedAgain(cause)) {
      retry(cause, message, ModelDraft::retry);
      return;
    }
    exhausted(cause, message);
  }

  private void outOfMemory(FailureCause cause, String message) {
    Replan replan = new Replan(pass, model);
    LargerPlan.Answer next = replan.next();
    if (next instanceof LargerPlan.Answer.Found found) {
      model.failedNow(cause, message, now());
      replan.take(found.plan(), message);
      // Its plan is on record first: the attempt starts with a later pass.
      model.phase(Phase.Pending);
      return;
    }
    String all = message + Story.noLargerPlan(model, ((LargerPlan.Answer.None) next).why());
    if (model.planHistory().isEmpty() && isTriedAgain(cause)) {
      retry(cause, all, ModelDraft::retry);
    } else {
      exhausted(cause, all);
    }
  }

  /** Its queue can never give the devices of the plan that was made for it. */
  private void withoutLargerPlan(Replan replan, DeviceLimit queue) {
    String resource = spec().acceleratorOrDefault().resourceNameOrDefault();
    String message =
        Bounds.cut(model.lastFailure().flatMap(LastFailure::messageIfSet).orElse(""), 200)
            + Story.beyondItsQueue(model, resource, queue);
    Optional<ModelPlan> other = replan.instead(queue);
    if (other.isEmpty()) {
      exhausted(
          FailureCause.OutOfMemory,
          message + " Have its quota raised, then change spec.runID to run it again.");
      return;
    }
    model.failedNow(FailureCause.OutOfMemory, message, now());
    replan.take(other.get(), message);
    model.phase(Phase.Pending);
  }

  private boolean isTriedAgain(FailureCause cause) {
    return RetryPolicy.again(
        cause, model.retries(), sameCauseBefore(cause), spec().retryLimitOrDefault());
  }

  private void retry(FailureCause cause, String message, Consumer<ModelDraft> next) {
    model.failedNow(cause, message, now());
    next.accept(model);
    Duration delay = RetryPolicy.delay(failures(), pass.input().settings());
    pass.tell(Story.retry(model, cause, message, delay));
    proceed();
  }

  private void exhausted(FailureCause cause, String message) {
    model.failed(cause, message, now());
    long done = datasetsDone();
    if (model.stage() == Stage.Infer && done > 0) {
      pass.tell(Story.incomplete(model, cause, done));
      enter(Stage.Score);
      return;
    }
    List<ResultRow> failedRows =
        seen
            .attempt(model.stage(), model.attempt())
            .flatMap(this::report)
            .map(StageReport::results)
            .orElse(List.of())
            .stream()
            .filter(row -> !Phases.ROW_SUCCEEDED.equals(row.phase()))
            .toList();
    store(failedRows, model.stage() + " failed with " + cause + ": " + message);
  }

  private void store(List<ResultRow> reported, String otherwise) {
    storing = true;
    pass.act(
        new Action.StoreResults(
            model.name(),
            ResultRows.complete(model.name(), spec().datasets(), reported, otherwise)));
  }

  /** Starts the attempt the model is at, unless something stands in its way. */
  private void start() {
    if (pass.isSuspended()) {
      Suspension.rest(pass, model, seen);
      return;
    }
    if (isOver()) {
      new DeviceGate(pass).leave(model);
      exhausted(FailureCause.DeadlineExceeded, pass.over().orElseThrow());
      return;
    }
    if (!seen.livePods().isEmpty()) {
      waitForPods(
          "A pod of this model is still ending (" + String.join(", ", seen.livePods()) + ").");
      return;
    }
    if (failures() > 0 && model.lastFailure().isPresent()) {
      Instant due = due(model.lastFailure().get());
      Duration left = Duration.between(now(), due);
      if (!left.isNegative() && !left.isZero()) {
        pass.waitFor(model.name(), refusedBefore().orElseGet(() -> backOff(due)));
        pass.again(left);
        return;
      }
    }
    Optional<String> plan = pass.plan(model);
    if (plan.isEmpty() || pass.hold().isPresent()) {
      new DeviceGate(pass).leave(model);
      return;
    }
    DeviceGate gate = new DeviceGate(pass);
    if (!gate.opens(model)) {
      return;
    }
    pass.act(
        new Action.StartStage(
            model.name(),
            model.stage(),
            model.attempt(),
            plan.get(),
            gate.chargedTo(model).map(QuotaView::name)));
    refusedBefore().ifPresent(why -> pass.waitFor(model.name(), why));
    model.phase(StageOrder.phase(model.stage()));
  }

  /**
   * What is told until the next attempt runs: a node that refuses one pod may refuse the next, and
   * that this is made says nothing yet.
   */
  private Optional<Wait> refusedBefore() {
    return seen.attempt(model.stage(), model.attempt() - 1)
        .map(AttemptObservation::state)
        .filter(state -> state instanceof AttemptObservation.Failed)
        .map(AttemptObservation.Failed.class::cast)
        .filter(AttemptObservation.Failed::refusedByNode)
        .map(refused -> new Wait(WaitingReason.Admission, refused.message()));
  }

  private Wait backOff(Instant due) {
    return new Wait(
        WaitingReason.BackOff,
        "Attempt "
            + (model.attempt() - 1)
            + " of "
            + model.stage()
            + " of model "
            + model.name()
            + " ended with "
            + model.lastFailure().flatMap(LastFailure::causeIfSet).orElse("")
            + "; the next is made at "
            + Conditions.time(due)
            + ", after a delay that grows with each.");
  }

  private Instant due(LastFailure failure) {
    Instant at = failure.timeIfSet().map(Instant::parse).orElse(now());
    return at.plus(RetryPolicy.delay(failures(), pass.input().settings()));
  }

  private int failures() {
    return model.retries() + model.disruptions();
  }

  private void waitForPods(String message) {
    pass.waitFor(
        model.name(),
        new Wait(
            WaitingReason.PodsRemain,
            message
                + " The next attempt starts when it is gone; delete it by hand if its node is."));
  }

  private int sameCauseBefore(FailureCause cause) {
    long seenBefore =
        seen.attempts().stream()
            .filter(old -> old.stage() == model.stage() && old.attempt() < model.attempt())
            // One whose pod is gone by now reads as Unknown, whatever it was.
            .filter(old -> old.podUid().isPresent())
            .filter(
                old ->
                    old.state() instanceof AttemptObservation.Failed failed
                        && failed.cause() == cause)
            .count();
    boolean written =
        model.before().attempt() == model.attempt()
            && model.retries() > 0
            && model
                .lastFailure()
                .flatMap(LastFailure::causeIfSet)
                .filter(cause.name()::equals)
                .isPresent();
    return (int) Math.max(seenBefore, written ? 1 : 0);
  }

  private long datasetsDone() {
    return Stream.concat(
            seen.attempts().stream()
                .filter(old -> old.stage() == Stage.Infer)
                .flatMap(old -> old.termination().stream())
                .map(left -> (long) left.datasetsDone()),
            model.progress().map(Progress::datasetsDone).stream())
        .max(Long::compare)
        .orElse(0L);
  }

  private void progress(long samplesDone, long samplesTotal, long datasetsDone) {
    Optional<Instant> start =
        seen.attempts().stream()
            .filter(attempt -> attempt.stage() == Stage.Infer)
            .flatMap(attempt -> attempt.started().stream())
            .min(Comparator.naturalOrder());
    model.progress(
        ProgressTotals.ofModel(
            samplesDone,
            samplesTotal,
            datasetsDone,
            datasetCount(),
            model.progress(),
            start,
            now()));
  }

  /** How far an attempt came that ended badly, where no report of it came through. */
  private void leftBehind(TerminationMessage left) {
    long known = model.progress().map(Progress::samplesDone).orElse(0L);
    if (model.stage() == Stage.Infer && left.samplesDone() > known) {
      progress(left.samplesDone(), left.samplesTotal(), left.datasetsDone());
    }
  }

  private void inferDone(AttemptObservation attempt) {
    Optional<TerminationMessage> left = attempt.termination();
    long samples =
        Math.max(
            left.map(TerminationMessage::samplesTotal).orElse(0L),
            model.progress().map(Progress::samplesTotal).orElse(0L));
    model.progress(new Progress(samples, samples, datasetCount(), datasetCount(), 100, null));
  }

  private long datasetCount() {
    return spec().datasets().size();
  }

  private EvalJobSpec spec() {
    return pass.input().job().getSpec();
  }

  private Instant now() {
    return pass.input().now();
  }
}
