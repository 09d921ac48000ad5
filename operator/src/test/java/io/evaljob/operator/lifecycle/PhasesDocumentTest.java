package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.docs.GeneratedDocument;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.quota.AttemptKey;
import io.evaljob.operator.quota.Limits;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.validate.Manifests;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The phases of an EvalJob and what leads from one to the other, as the decisions take them: every
 * event is played in every state that the events lead to. The document is made from that.
 */
class PhasesDocumentTest {

  private static final String MANIFESTS =
      Manifests.PROGRAM
          + """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalJob
      metadata: {name: job, namespace: vlm, uid: uid}
      spec:
        runtimeRef: {name: program}
        models: [{name: base}]
        datasets: [{name: one}, {name: two}]
        retryLimit: 1
        disruptionLimit: 1
        startDeadlineSeconds: 5000000
        podStartDeadlineSeconds: 1800
        ttlSecondsAfterFinished: 604800
      """;

  private static final Duration BACK_OFF = Duration.ofHours(1);

  private static final Duration START_DEADLINE = Duration.ofSeconds(5_000_000);

  private static final Duration TTL = Duration.ofDays(7);

  private static final String DELETED = "ttlSecondsAfterFinished passes: the EvalJob is deleted";

  /** Something that happens to a run. */
  private record Event(String name, Predicate<PlayedRun> possible, UnaryOperator<PlayedRun> play) {}

  private static final List<Event> EVENTS =
      List.of(
          seen("a pod waits for its image", new AttemptObservation.Waits(null)),
          seen("a pod runs", new AttemptObservation.Running()),
          new Event(
              "Prefetch or Infer succeeds",
              run -> isIn(run, Stage.Prefetch) || isIn(run, Stage.Infer),
              run -> sees(run, new AttemptObservation.Succeeded())),
          scores("Score reports all data sets", 2),
          scores("Score reports some data sets", 1),
          scores("Score reports none", 0),
          new Event(
              "the pod ends after its report",
              run -> run.status().completionTime() == null && !isActive(run),
              run -> sees(run, new AttemptObservation.Succeeded())),
          new Event(
              "a stage fails",
              PhasesDocumentTest::isActive,
              run -> run.sees(run.failed(stage(run), attempt(run), FailureCause.RankFailed))),
          new Event(
              "a node is lost",
              PhasesDocumentTest::isActive,
              run -> run.sees(run.disrupted(stage(run), attempt(run)))),
          new Event(
              "the back-off passes",
              PhasesDocumentTest::isActive,
              run -> run.sees().after(BACK_OFF)),
          new Event(
              "the quota is full", run -> isActive(run) && !isSuspended(run), run -> full(run)),
          new Event(
              "Kueue keeps the Job waiting, or takes its devices back",
              run -> isIn(run, Stage.Infer),
              run -> waits(run, WaitingReason.Kueue)),
          new Event(
              "podStartDeadlineSeconds passes",
              run -> isActive(run) && !isSuspended(run),
              run -> waits(run, WaitingReason.ImagePull).after(BACK_OFF)),
          new Event(
              "startDeadlineSeconds passes",
              run -> isActive(run) && !isSuspended(run),
              run -> run.sees().after(START_DEADLINE)),
          new Event("the quota grants devices", run -> isIn(run, Stage.Infer), run -> granted(run)),
          new Event("suspend is set", run -> !isSuspended(run), run -> run.edit("suspend", true)),
          new Event(
              "the pods of a suspended run are gone",
              PhasesDocumentTest::isSuspended,
              PlayedRun::sees),
          new Event(
              "suspend is taken back",
              PhasesDocumentTest::isSuspended,
              run -> run.edit("suspend", false)),
          new Event(
              "runID is changed",
              run -> run.status().completionTime() != null,
              run -> run.edit("runID", "again").sees()));

  /** Its pod has just been bound. */
  private static PlayedRun waits(PlayedRun run, WaitingReason reason) {
    AttemptObservation attempt = run.waits(stage(run), attempt(run), reason);
    return run.sees(
        new AttemptObservation(
            attempt.stage(),
            attempt.attempt(),
            attempt.jobName(),
            attempt.jobUid(),
            attempt.state(),
            attempt.queue(),
            attempt.made(),
            attempt.holdsDevices(),
            attempt.nodeName(),
            attempt.imageId(),
            attempt.podUid(),
            attempt.podName(),
            attempt.started(),
            Optional.of(run.now()),
            attempt.finished(),
            attempt.termination()));
  }

  private static Event seen(String name, AttemptObservation.State state) {
    return new Event(
        name,
        run -> isActive(run) && !isSuspended(run),
        run ->
            state instanceof AttemptObservation.Waits
                ? waits(run, WaitingReason.ImagePull)
                : sees(run, state));
  }

  private static Event scores(String name, int good) {
    return new Event(
        name,
        run -> isIn(run, Stage.Score),
        run ->
            run.sees(run.running(Stage.Score, attempt(run)))
                .reports(
                    new StageReport(
                        "vlm",
                        "job",
                        "uid",
                        PlayedRun.MODEL,
                        "pod-Score-" + attempt(run),
                        "pod-uid-Score-" + attempt(run),
                        Stage.Score,
                        attempt(run),
                        1,
                        true,
                        new Progress(1, 1, good, 2, 100, null),
                        Optional.empty(),
                        List.of(row("one", good > 0), row("two", good > 1)),
                        Optional.empty())));
  }

  private static ResultRow row(String dataset, boolean good) {
    String phase = good ? Phases.ROW_SUCCEEDED : Phases.ROW_FAILED;
    return new ResultRow(PlayedRun.MODEL, dataset, phase, null, null, null, null, null, null);
  }

  private static PlayedRun full(PlayedRun run) {
    return run.quota(view(Set.of()));
  }

  private static PlayedRun granted(PlayedRun run) {
    long number = run.status().runIfSet().map(RunStatus::number).orElse(1L);
    String uid = run.uid();
    return run.quota(view(Set.of(new AttemptKey(uid, number, PlayedRun.MODEL, attempt(run)))));
  }

  private static QuotaView view(Set<AttemptKey> reserved) {
    Limits limits = new Limits(Map.of("nvidia.com/gpu", 8), Map.of(), Duration.ofMinutes(5));
    return new QuotaView("vlm", limits, Map.of(), Map.of(), reserved, Map.of());
  }

  private static PlayedRun sees(PlayedRun run, AttemptObservation.State state) {
    return run.sees(run.attempt(stage(run), attempt(run), state));
  }

  private static Optional<ModelStatus> model(PlayedRun run) {
    return run.status().models().stream().findFirst();
  }

  private static Stage stage(PlayedRun run) {
    return model(run).flatMap(ModelStatus::stageIfSet).map(Stage::of).orElse(Stage.Prefetch);
  }

  private static int attempt(PlayedRun run) {
    return Math.max(1, model(run).map(ModelStatus::attempt).orElse(1));
  }

  private static boolean isActive(PlayedRun run) {
    return run.status().completionTime() == null
        && model(run).filter(model -> !Phases.ended(Phase.of(model.phase()))).isPresent();
  }

  private static boolean isIn(PlayedRun run, Stage stage) {
    return isActive(run) && !isSuspended(run) && stage(run) == stage;
  }

  private static boolean isSuspended(PlayedRun run) {
    return run.isSuspended();
  }

  /** Whether a run that came to an end is deleted once its time is over, by its phase. */
  private final Map<Phase, Boolean> deletedAfter = new TreeMap<>();

  private void overTime(PlayedRun run) {
    if (run.status().completionTime() != null && !run.isSuspended()) {
      PlayedRun later = run.copy().after(TTL);
      later.actions();
      later.pass();
      deletedAfter.merge(
          phase(run), later.actions().contains(new Action.DeleteEvalJob()), Boolean::logicalAnd);
    }
  }

  /** What led from a phase to another, in the order of the phases. */
  private Map<Phase, Map<Phase, Set<String>>> play() {
    Map<Phase, Map<Phase, Set<String>>> changes = new TreeMap<>();
    Deque<PlayedRun> open = new ArrayDeque<>();
    Set<List<Object>> known = new HashSet<>();
    PlayedRun first = PlayedRun.of(Manifests.of(MANIFESTS));
    passes(first, Phase.Pending, "the plans are made", changes);
    open.add(first);
    known.add(state(first));
    while (!open.isEmpty()) {
      PlayedRun run = open.remove();
      overTime(run);
      for (Event event : EVENTS) {
        if (event.possible().test(run)) {
          PlayedRun next = event.play().apply(run.copy());
          passes(next, phase(run), event.name(), changes);
          if (known.add(state(next))) {
            open.add(next);
          }
        }
      }
    }
    return changes;
  }

  private static void passes(
      PlayedRun run, Phase from, String event, Map<Phase, Map<Phase, Set<String>>> changes) {
    Phase before = from;
    do {
      run.pass();
      Phase after = phase(run);
      if (after != before) {
        changes
            .computeIfAbsent(before, none -> new TreeMap<>())
            .computeIfAbsent(after, none -> new LinkedHashSet<>())
            .add(event);
      }
      before = after;
    } while (run.requeueAfter().filter(Duration::isZero).isPresent());
  }

  /** What of a run decides how it goes on, as far as the events tell runs apart. */
  private static List<Object> state(PlayedRun run) {
    EvalJobStatus status = run.status();
    return List.of(
        phase(run),
        stage(run),
        isSuspended(run),
        status.models().stream()
            .map(
                model ->
                    model.phase()
                        + (Math.min(1, model.retries()) * 2 + Math.min(1, model.disruptions())))
            .toList());
  }

  private static Phase phase(PlayedRun run) {
    return Phase.of(run.status().phase());
  }

  @Test
  void theDocumentShowsWhatTheDecisionsDo() throws IOException {
    Map<Phase, Map<Phase, Set<String>>> changes = play();

    Set<Phase> reached =
        changes.values().stream()
            .flatMap(to -> to.keySet().stream())
            .collect(Collectors.toCollection(LinkedHashSet::new));
    assertThat(reached)
        .as("the events lead to every phase")
        .containsAll(
            Arrays.stream(Phase.values())
                .filter(phase -> phase != Phase.Unknown && phase != Phase.Pending)
                .toList());
    for (Phase end : List.of(Phase.Succeeded, Phase.PartiallyFailed, Phase.Failed)) {
      assertThat(deletedAfter).as("phases after which it is deleted").containsKey(end);
    }
    assertThat(deletedAfter.values()).as("it is deleted").doesNotContain(false);
    GeneratedDocument.check("reference/phases.md", document(changes));
  }

  private static String document(Map<Phase, Map<Phase, Set<String>>> changes) {
    StringBuilder text =
        new StringBuilder(
            """
            # Phases of an EvalJob

            `status.phase` is one word for people; programs read the conditions. This page is made by a test that plays the events of the table to the operator's own decisions, in every state that they lead to: one model, two data sets, `retryLimit: 1` and `disruptionLimit: 1`, with the deadlines of a start and of a pod's start, and a time to live. `activeDeadlineSeconds` ends a run as `startDeadlineSeconds` does, but what is done by then is scored. With several models the job shows the furthest of what still runs: Running, Prefetching, Scoring, Suspended, Queued, Pending, in this order.

            ```mermaid
            stateDiagram-v2
                [*] --> Pending
            """);
    changes.forEach(
        (from, to) ->
            to.keySet()
                .forEach(
                    next ->
                        text.append("    ")
                            .append(from)
                            .append(" --> ")
                            .append(next)
                            .append('\n')));
    for (Phase end : List.of(Phase.Succeeded, Phase.PartiallyFailed, Phase.Failed)) {
      text.append("    ").append(end).append(" --> [*]\n");
    }
    text.append("```\n\n| from | to | when |\n|---|---|---|\n");
    changes.forEach(
        (from, to) ->
            to.forEach(
                (next, events) ->
                    text.append("| ")
                        .append(from)
                        .append(" | ")
                        .append(next)
                        .append(" | ")
                        .append(String.join("; ", events))
                        .append(" |\n")));
    for (Phase end : List.of(Phase.Succeeded, Phase.PartiallyFailed, Phase.Failed)) {
      text.append("| ").append(end).append(" | | ").append(DELETED).append(" |\n");
    }
    return text.toString();
  }
}
