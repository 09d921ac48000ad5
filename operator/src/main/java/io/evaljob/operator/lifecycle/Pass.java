package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelSpec;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.PreviousRun;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.status.ModelDraft;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What one pass gathers while it decides: drafts, actions, waits, events. */
final class Pass {

  static final EvalJobStatus UNSEEN =
      new EvalJobStatus(
          -1L, null, null, null, List.of(), null, null, List.of(), null, List.of(), List.of(), 0,
          List.of(), null);

  private final LifecycleInput input;
  private final EvalJobStatus before;
  private final Map<String, ModelDraft> models = new LinkedHashMap<>();
  private final List<Action> actions = new ArrayList<>();
  private final Map<String, Wait> waits = new LinkedHashMap<>();
  private final List<EventNote> events = new ArrayList<>();
  private final Set<String> settledReports = new LinkedHashSet<>();
  private final Set<String> ensured = new HashSet<>();
  private Optional<RunStatus> run;
  private Optional<Duration> requeueAfter = Optional.empty();
  private Optional<Hold> hold = Optional.empty();
  private List<PreviousRun> previousRuns;
  private Optional<String> over = Optional.empty();
  private boolean newRun;

  Pass(LifecycleInput input) {
    this.input = input;
    EvalJobStatus written = input.job().getStatus();
    before = written == null ? UNSEEN : written;
    run = before.runIfSet();
    previousRuns = before.previousRuns();
    for (ModelStatus model : before.models()) {
      models.put(model.name(), new ModelDraft(model));
    }
  }

  LifecycleInput input() {
    return input;
  }

  EvalJobStatus before() {
    return before;
  }

  Optional<RunStatus> run() {
    return run;
  }

  /** Begins a run with models of which nothing has happened. */
  void begin(RunStatus next, List<ModelStatus> fresh) {
    if (run.filter(old -> old.number() != next.number()).isPresent()) {
      previousRuns = PreviousRuns.with(before, input.now());
    }
    run = Optional.of(next);
    newRun = true;
    models.clear();
    for (ModelStatus model : fresh) {
      models.put(model.name(), new ModelDraft(model));
    }
  }

  /** The runs before this one, the newest first. */
  List<PreviousRun> previousRuns() {
    return previousRuns;
  }

  /** Whether the spec wants nothing to run for now. */
  boolean isSuspended() {
    return input.job().getSpec().suspendOrDefault();
  }

  boolean newRun() {
    return newRun;
  }

  /** Drafts in the order of the status, which is the spec's. */
  List<ModelDraft> models() {
    return List.copyOf(models.values());
  }

  ModelDraft model(String name) {
    return models.get(name);
  }

  /**
   * The plan on record of a model, where it is there as it was made, or is made again in this pass:
   * Jobs come from no other.
   */
  Optional<String> plan(ModelDraft model) {
    return model
        .planName()
        .filter(name -> input.presentPlans().contains(name) || ensured.contains(model.name()));
  }

  /** Has a plan made that is not there. */
  void ensurePlan(ModelDraft model) {
    ensured.add(model.name());
    act(new Action.EnsurePlan(model.name()));
  }

  List<String> modelNames() {
    return input.job().getSpec().models().stream().map(ModelSpec::name).toList();
  }

  void act(Action action) {
    actions.add(action);
  }

  List<Action> actions() {
    return List.copyOf(actions);
  }

  void waitFor(String model, Wait why) {
    waits.put(model, why);
  }

  Map<String, Wait> waits() {
    return waits;
  }

  void tell(EventNote event) {
    events.add(event);
  }

  List<EventNote> events() {
    return events;
  }

  void settle(String podUid) {
    settledReports.add(podUid);
  }

  Set<String> settledReports() {
    return settledReports;
  }

  void again(Duration after) {
    requeueAfter = Optional.of(requeueAfter.filter(d -> d.compareTo(after) < 0).orElse(after));
  }

  Optional<Duration> requeueAfter() {
    return requeueAfter;
  }

  /** Ends what evaluates: a deadline of the run has passed. */
  void over(Optional<String> why) {
    over = why;
  }

  /** Which deadline has passed, with the remedy. */
  Optional<String> over() {
    return over;
  }

  /** Keeps new Jobs from being made: the spec is not one that can go on. */
  void hold(Hold why) {
    hold = Optional.of(why);
  }

  Optional<Hold> hold() {
    return hold;
  }
}
