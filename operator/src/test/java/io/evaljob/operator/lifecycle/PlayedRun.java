package io.evaljob.operator.lifecycle;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.ModelObservation;
import io.evaljob.operator.observe.QueuePlace;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.observe.TerminationMessage;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.PlanSize;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.resources.RunHash;
import io.evaljob.operator.validate.Manifests;
import io.evaljob.operator.validate.Validation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A run of one model played by hand: every action succeeds at once, what is seen and the time are
 * the test's to say, and each pass begins with the status that the last one wrote.
 */
final class PlayedRun {

  static final String MODEL = "base";
  static final Instant START = Instant.parse("2026-11-23T15:00:00Z");

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Manifests manifests;
  private final Set<String> plans = new HashSet<>();
  private final List<Action> actions = new ArrayList<>();
  private final List<EventNote> events = new ArrayList<>();
  private EvalJob job;
  private Instant now = START;
  private List<AttemptObservation> attempts = List.of();
  private List<String> livePods = List.of();
  private Map<String, StageReport> reports = Map.of();
  private Optional<QuotaView> quota = Optional.empty();
  private Conclusion last;

  private PlayedRun(Manifests manifests) {
    this.manifests = manifests;
    job = manifests.job();
  }

  /**
   * A run of which nothing has happened.
   *
   * @param spec further lines of the spec, in flow style and without indentation
   */
  static PlayedRun of(String... spec) {
    return of(Manifests.of(manifest(spec)));
  }

  static PlayedRun of(Manifests manifests) {
    return new PlayedRun(manifests);
  }

  private static String manifest(String... spec) {
    StringBuilder text =
        new StringBuilder(
            Manifests.PROGRAM
                + """
            apiVersion: evaljob.io/v1alpha1
            kind: EvalJob
            metadata: {name: job, namespace: vlm}
            spec:
              runtimeRef: {name: program}
              models: [{name: base}]
              datasets: [{name: shapes}]
            """);
    for (String line : spec) {
      text.append("  ").append(line).append('\n');
    }
    return text.toString();
  }

  /** Another run that has come as far as this one, and goes on by itself. */
  PlayedRun copy() {
    PlayedRun copy = new PlayedRun(manifests);
    copy.job = MAPPER.convertValue(MAPPER.valueToTree(job), EvalJob.class);
    copy.plans.addAll(plans);
    copy.now = now;
    copy.attempts = attempts;
    copy.livePods = livePods;
    copy.reports = reports;
    copy.quota = quota;
    copy.last = last;
    return copy;
  }

  /** What the pod of the attempt that is seen reports from now on. */
  PlayedRun reports(StageReport report) {
    reports = Map.of(report.podUid(), report);
    return this;
  }

  /** The EvalQuota of the namespace from now on. */
  PlayedRun quota(QuotaView view) {
    quota = Optional.of(view);
    return this;
  }

  /** Passes, one after the other, until nothing is to be done at once any more. */
  PlayedRun settle() {
    do {
      pass();
    } while (last.requeueAfter().filter(Duration::isZero).isPresent());
    return this;
  }

  /** One pass. */
  Conclusion pass() {
    Validation validation = manifests.validate(job, new DeviceContext.RequestedInPod());
    Decision decision =
        Lifecycle.decide(
            new LifecycleInput(
                job,
                validation,
                validation instanceof Validation.Valid
                    ? Optional.of(RunHash.of(job, manifests.runtime()))
                    : Optional.empty(),
                Map.of(MODEL, new ModelObservation(attempts, livePods)),
                List.of(),
                plans,
                Set.of(),
                reports,
                now,
                LifecycleSettings.DEFAULT,
                quota));
    actions.addAll(decision.actions());
    last = decision.conclude(decision.actions().stream().map(this::done).toList());
    job.setStatus(last.status());
    events.addAll(last.events());
    return last;
  }

  private Outcome done(Action action) {
    if (action instanceof Action.NamePlan plan) {
      return planned(plan, plan.model(), plan.run().number(), plan.size());
    }
    if (action instanceof Action.EnsurePlan plan) {
      long run = status().runIfSet().map(RunStatus::number).orElse(0L);
      Outcome.Planned planned =
          planned(plan, plan.model(), run, PlanHistory.present(status().models().get(0)));
      plans.add(planned.name());
      return planned;
    }
    if (action instanceof Action.StartStage start) {
      return new Outcome.Started(start, "uid-" + start.stage() + "-" + start.attempt());
    }
    return new Outcome.Done(action, "results");
  }

  private static Outcome.Planned planned(
      Action action, String model, long run, Optional<PlanSize> size) {
    String name = "plan-" + run + size.map(PlayedRun::suffix).orElse("");
    return new Outcome.Planned(action, model, name, "sha256:" + name);
  }

  private static String suffix(PlanSize size) {
    return "-" + size.processes() + "x" + size.devicesPerProcess() + "-" + size.reservePercent();
  }

  /** The run is in its Infer stage at the first attempt, of which nothing is seen yet. */
  PlayedRun inferring() {
    settle();
    return sees(attempt(Stage.Prefetch, 1, new AttemptObservation.Succeeded())).settle();
  }

  /** What is seen from now on; live pods are those of attempts that run, wait or leave. */
  PlayedRun sees(AttemptObservation... seen) {
    attempts = List.of(seen);
    livePods =
        attempts.stream()
            .filter(attempt -> attempt.podUid().isPresent() && !attempt.ended())
            .map(attempt -> attempt.podName().orElseThrow())
            .toList();
    return this;
  }

  /** The Job of an attempt at the plan of the first run. */
  static Action start(Stage stage, int attempt) {
    return new Action.StartStage(MODEL, stage, attempt, "plan-1", Optional.empty());
  }

  PlayedRun after(Duration time) {
    now = now.plus(time);
    return this;
  }

  /** The EvalRuntime is edited, as its generation tells. */
  PlayedRun runtimeGeneration(long generation) {
    manifests.runtime().getMetadata().setGeneration(generation);
    return this;
  }

  /** The EvalRuntime is edited: pods may run for so long. */
  PlayedRun runtimeAllows(int activeSeconds) {
    manifests.editRuntime(spec -> spec.putObject("limits").put("maxActiveSeconds", activeSeconds));
    return this;
  }

  /** Sets a field of the spec. */
  PlayedRun edit(String field, Object value) {
    ObjectNode tree = MAPPER.valueToTree(job);
    ((ObjectNode) tree.get("spec")).putPOJO(field, value);
    job = MAPPER.convertValue(tree, EvalJob.class);
    return this;
  }

  String uid() {
    return Optional.ofNullable(job.getMetadata().getUid()).orElse("");
  }

  boolean isSuspended() {
    return job.getSpec().suspendOrDefault();
  }

  EvalJobStatus status() {
    return job.getStatus();
  }

  ModelStatus model() {
    return status().models().get(0);
  }

  Instant now() {
    return now;
  }

  Optional<Duration> requeueAfter() {
    return last.requeueAfter();
  }

  /** The actions since this was last asked. */
  List<Action> actions() {
    List<Action> taken = List.copyOf(actions);
    actions.clear();
    return taken;
  }

  /** The reasons of all events so far. */
  List<String> eventReasons() {
    return events.stream().map(EventNote::reason).toList();
  }

  String condition(String type) {
    return status().conditions().stream()
        .filter(condition -> condition.type().equals(type))
        .map(condition -> condition.status() + "/" + condition.reason())
        .findFirst()
        .orElse("");
  }

  AttemptObservation running(Stage stage, int number) {
    return attempt(stage, number, new AttemptObservation.Running());
  }

  AttemptObservation leaving(Stage stage, int number) {
    return attempt(stage, number, new AttemptObservation.Leaving());
  }

  AttemptObservation failed(Stage stage, int number, FailureCause cause) {
    return attempt(stage, number, new AttemptObservation.Failed(cause, "it failed.", false, false));
  }

  AttemptObservation disrupted(Stage stage, int number) {
    return attempt(
        stage,
        number,
        new AttemptObservation.Failed(FailureCause.Evicted, "It was evicted.", true, false));
  }

  AttemptObservation waits(Stage stage, int number, WaitingReason reason) {
    return attempt(
        stage, number, new AttemptObservation.Waits(new Wait(reason, reason + " is the cause.")));
  }

  /** An attempt whose Job waits in a queue of Kueue, which may say that it asks for too much. */
  AttemptObservation queued(Stage stage, int number, OptionalInt most) {
    return new AttemptObservation(
        stage,
        number,
        "job-" + stage + "-" + number,
        "uid-" + stage + "-" + number,
        new AttemptObservation.Waits(new Wait(WaitingReason.Kueue, "Kueue has no quota for it.")),
        Optional.of(new QueuePlace("team", true, most)),
        Optional.of(START),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** An attempt with a pod on a node, whose container began a minute after the run. */
  AttemptObservation attempt(Stage stage, int number, AttemptObservation.State state) {
    boolean begun = !(state instanceof AttemptObservation.Waits);
    return new AttemptObservation(
        stage,
        number,
        "job-" + stage + "-" + number,
        "uid-" + stage + "-" + number,
        state,
        Optional.empty(),
        Optional.of(START),
        stage == Stage.Infer && !state.isEnd(),
        Optional.of("node-1"),
        Optional.empty(),
        Optional.of("pod-uid-" + stage + "-" + number),
        Optional.of("pod-" + stage + "-" + number),
        begun ? Optional.of(START.plusSeconds(60)) : Optional.empty(),
        Optional.of(START.plusSeconds(30)),
        state.isEnd() ? Optional.of(START.plusSeconds(360)) : Optional.empty(),
        Optional.<TerminationMessage>empty());
  }
}
