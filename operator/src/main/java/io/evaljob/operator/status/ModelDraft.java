package io.evaljob.operator.status;

import io.evaljob.api.v1alpha1.DeviceWeights;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.LastFailure;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.PlanRecord;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.SmokeTestStatus;
import io.evaljob.api.v1alpha1.Stage;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The status of one model while a pass works on it.
 *
 * <p>Longer than most: it has the fields of one object, each with what a pass does to it.
 */
public final class ModelDraft {

  private final ModelStatus before;
  private Phase phase;
  private Stage stage;
  private int attempt;
  private int retries;
  private int disruptions;
  private String queuedTime;
  private String jobUid;
  private String attemptStartTime;
  private String strategy;
  private Integer processes;
  private Integer devicesPerProcess;
  private String note;
  private List<PlanRecord> planHistory;
  private String planName;
  private String planDigest;
  private String nodeName;
  private List<String> deviceIds;
  private List<DeviceWeights> deviceWeights;
  private SmokeTestStatus smokeTest;
  private String imageId;
  private Progress progress;
  private LastFailure lastFailure;
  private String resultsName;

  /**
   * Starts from what is written.
   *
   * @param before the model's status now
   */
  public ModelDraft(ModelStatus before) {
    this.before = before;
    phase = Phase.of(before.phaseIfSet().orElse(Phase.Pending.name()));
    stage = before.stageIfSet().map(Stage::of).orElse(Stage.Unknown);
    attempt = before.attempt();
    retries = before.retries();
    disruptions = before.disruptions();
    queuedTime = before.queuedTime();
    jobUid = before.jobUID();
    attemptStartTime = before.attemptStartTime();
    strategy = before.strategy();
    processes = before.processes();
    devicesPerProcess = before.devicesPerProcess();
    note = before.note();
    planHistory = before.planHistory();
    planName = before.planName();
    planDigest = before.planDigest();
    nodeName = before.nodeName();
    deviceIds = before.deviceIDs();
    deviceWeights = before.deviceWeights();
    smokeTest = before.smokeTest();
    imageId = before.imageID();
    progress = before.progress();
    lastFailure = before.lastFailure();
    resultsName = before.resultsName();
  }

  /** Name of the model. */
  public String name() {
    return before.name();
  }

  /** What was written when the pass began. */
  public ModelStatus before() {
    return before;
  }

  /** Where the model is. */
  public Phase phase() {
    return phase;
  }

  /** Sets where the model is. */
  public void phase(Phase now) {
    phase = now;
  }

  /** The stage it is in, {@link Stage#Unknown} before the first. */
  public Stage stage() {
    return stage;
  }

  /** The attempt it is at, 0 before the first. */
  public int attempt() {
    return attempt;
  }

  /** Retries charged in this stage. */
  public int retries() {
    return retries;
  }

  /** Attempts of this stage that the world outside ended. */
  public int disruptions() {
    return disruptions;
  }

  /** Whether any stage has been started. */
  public boolean started() {
    return stage != Stage.Unknown;
  }

  /** Whether nothing more happens to the model in this run. */
  public boolean ended() {
    return isEnd(phase);
  }

  /** Whether this pass has ended it. */
  public boolean justEnded() {
    return ended() && !isEnd(Phase.of(before.phaseIfSet().orElse(Phase.Pending.name())));
  }

  private static boolean isEnd(Phase phase) {
    return phase == Phase.Succeeded || phase == Phase.PartiallyFailed || phase == Phase.Failed;
  }

  /** Enters a stage at its first attempt. */
  public void enter(Stage next) {
    stage = next;
    attempt = 1;
    retries = 0;
    disruptions = 0;
    queuedTime = null;
    jobUid = null;
  }

  /** Takes back that a stage has been entered, where none had been before this pass. */
  public void startAgain() {
    if (before.stageIfSet().isEmpty()) {
      stage = Stage.Unknown;
      attempt = before.attempt();
      phase = Phase.of(before.phaseIfSet().orElse(Phase.Pending.name()));
    }
  }

  /** Goes on to the next attempt, for which nothing is charged. */
  public void nextAttempt() {
    attempt++;
    queuedTime = null;
    jobUid = null;
  }

  /** Goes on to the next attempt after one that failed. */
  public void retry() {
    nextAttempt();
    retries++;
  }

  /** Goes on to the next attempt after one that the world outside ended. */
  public void retryDisrupted() {
    nextAttempt();
    disruptions++;
  }

  /** Sets the UID of the Job of this attempt, which waits for no devices any more. */
  public void job(String uid) {
    jobUid = uid;
    queuedTime = null;
  }

  /** Sets when the pod of this attempt began to run; null while none is known to. */
  public void attemptStarted(String time) {
    attemptStartTime = time;
  }

  /** Since when this attempt waits for devices. */
  public Optional<Instant> queuedTime() {
    return Optional.ofNullable(queuedTime).map(Instant::parse);
  }

  /** Sets since when this attempt waits for devices. */
  public void queued(Instant since) {
    queuedTime = Conditions.time(since);
  }

  /** This attempt waits for no devices. */
  public void notQueued() {
    queuedTime = null;
  }

  /** How it is spread over the devices of a process. */
  public String strategy() {
    return strategy == null ? "None" : strategy;
  }

  /** Processes of its plan. */
  public int processes() {
    return processes == null ? 0 : processes;
  }

  /** Devices of each process of its plan. */
  public int devicesPerProcess() {
    return devicesPerProcess == null ? 0 : devicesPerProcess;
  }

  /** Devices of all its processes together. */
  public int devices() {
    return processes() * devicesPerProcess();
  }

  /** The plans it had in this run, in their order; empty while it has the first. */
  public List<PlanRecord> planHistory() {
    return planHistory;
  }

  /** Takes another plan, the last of the history. */
  public void replan(
      String nowStrategy,
      int nowProcesses,
      int nowDevicesPerProcess,
      String nowNote,
      List<PlanRecord> history) {
    strategy = nowStrategy;
    processes = nowProcesses;
    devicesPerProcess = nowDevicesPerProcess;
    note = nowNote;
    planHistory = List.copyOf(history);
    deviceIds = List.of();
    deviceWeights = List.of();
  }

  /** ConfigMap with the plan. */
  public Optional<String> planName() {
    return Optional.ofNullable(planName);
  }

  /** Sets the ConfigMap with the plan, and the digest of what it holds. */
  public void plan(String name, String digest) {
    planName = name;
    planDigest = digest;
  }

  /** Sets the node of the last pod. */
  public void nodeName(String name) {
    nodeName = name;
  }

  /** Sets the image as it ran. */
  public void imageId(String id) {
    imageId = Bounds.cut(id, Bounds.MESSAGE);
  }

  /** Sets the physical devices, in logical order. */
  public void deviceIds(List<String> ids) {
    deviceIds = ids.stream().limit(Bounds.DEVICE_IDS).map(id -> Bounds.cut(id, 128)).toList();
  }

  /** Sets the weights on each device. */
  public void deviceWeights(List<DeviceWeights> weights) {
    deviceWeights = weights.stream().limit(Bounds.DEVICE_IDS).toList();
  }

  /** Sets what the short run came to. */
  public void smokeTest(String outcome, String message) {
    smokeTest = new SmokeTestStatus(outcome, Bounds.cut(message, Bounds.MESSAGE));
  }

  /** How far the model is. */
  public Optional<Progress> progress() {
    return Optional.ofNullable(progress);
  }

  /** Sets how far the model is. */
  public void progress(Progress now) {
    progress = now;
  }

  /** The last failed attempt. */
  public Optional<LastFailure> lastFailure() {
    return Optional.ofNullable(lastFailure);
  }

  /** Notes a failed attempt; the same failure noted twice keeps its time. */
  public void failed(FailureCause cause, String message, Instant at) {
    String text = Bounds.cut(message, Bounds.MESSAGE);
    boolean known =
        lastFailure().flatMap(LastFailure::causeIfSet).filter(cause.name()::equals).isPresent()
            && lastFailure().flatMap(LastFailure::messageIfSet).filter(text::equals).isPresent();
    if (!known) {
      lastFailure = new LastFailure(cause.name(), text, Conditions.time(at));
    }
  }

  /** Notes a failed attempt whose time counts anew. */
  public void failedNow(FailureCause cause, String message, Instant at) {
    lastFailure =
        new LastFailure(cause.name(), Bounds.cut(message, Bounds.MESSAGE), Conditions.time(at));
  }

  /** ConfigMap with the rows. */
  public Optional<String> resultsName() {
    return Optional.ofNullable(resultsName);
  }

  /** Sets the ConfigMap with the rows. */
  public void resultsName(String name) {
    resultsName = name;
  }

  /** An estimate says nothing any more once the evaluation is over. */
  private Progress shownProgress() {
    return progress == null || (stage == Stage.Infer && !ended())
        ? progress
        : new Progress(
            progress.samplesDone(),
            progress.samplesTotal(),
            progress.datasetsDone(),
            progress.datasetsTotal(),
            progress.percent(),
            null);
  }

  /** The status to write. */
  public ModelStatus build() {
    return new ModelStatus(
        before.name(),
        phase.name(),
        started() ? stage.name() : null,
        attempt,
        retries,
        disruptions,
        queuedTime,
        jobUid,
        attemptStartTime,
        strategy,
        processes,
        devicesPerProcess,
        planName,
        planDigest,
        planHistory,
        note,
        nodeName,
        deviceIds,
        deviceWeights,
        smokeTest,
        imageId,
        shownProgress(),
        lastFailure,
        resultsName);
  }
}
