package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.ModelObservation;
import io.evaljob.operator.observe.StageFailure;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.observe.TerminationMessage;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.resources.RunHash;
import io.evaljob.operator.validate.Manifests;
import io.evaljob.operator.validate.Validation;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Decisions that no scenario can tell apart from the outside. */
class LifecycleTest {
  private static final AttemptObservation.State SUCCEEDED = new AttemptObservation.Succeeded();
  private static final TerminationMessage LEFT =
      new TerminationMessage(
          TerminationMessage.Outcome.Failed, FailureCause.RankFailed, "rank 1 died", 0, 1, 3, 12);
  private static final Instant NOW = Instant.parse("2026-11-23T15:00:00Z");
  private final Manifests manifests =
      Manifests.of(
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

  private Map<String, StageReport> reports = Map.of();
  private final EvalJob job = manifests.job();
  private Optional<QuotaView> quota = Optional.empty();

  private Decision decide(Set<String> plans) {
    return decide(plans, List.of());
  }

  private Decision decide(Set<String> plans, List<AttemptObservation> attempts) {
    Validation validation = manifests.validate();
    return Lifecycle.decide(
        new LifecycleInput(
            job,
            validation,
            Optional.of(RunHash.of(job, manifests.runtime())),
            Map.of("base", new ModelObservation(attempts, List.of())),
            List.of(),
            plans,
            Set.of(),
            reports,
            NOW,
            LifecycleSettings.DEFAULT,
            quota));
  }

  /** The next pass begins with what this one wrote. */
  private Conclusion conclude(Decision decision, List<Outcome> outcomes) {
    Conclusion conclusion = decision.conclude(outcomes);
    job.setStatus(conclusion.status());
    return conclusion;
  }

  /** Runs the first pass, which writes down the run and the name of its plan. */
  private Conclusion begin() {
    Decision first = decide(Set.of());
    Action.NamePlan named = (Action.NamePlan) first.actions().get(0);
    return conclude(
        first, List.of(new Outcome.Planned(named, "base", "job-base-plan-1", "sha256:1")));
  }

  @Test
  void aPlanIsOnRecordBeforeItExistsAndBeforeAJobIsMadeFromIt() {
    Conclusion begun = begin();

    assertThat(begun.requeueAfter()).contains(Duration.ZERO);
    assertThat(begun.status().models().get(0).planName()).isEqualTo("job-base-plan-1");
    assertThat(begun.status().models().get(0).planDigest()).isEqualTo("sha256:1");
    assertThat(decide(Set.of()).actions())
        .containsExactly(
            new Action.EnsurePlan("base"),
            new Action.StartStage("base", Stage.Prefetch, 1, "job-base-plan-1"));
    assertThat(decide(Set.of("job-base-plan-1")).actions())
        .containsExactly(new Action.StartStage("base", Stage.Prefetch, 1, "job-base-plan-1"));
  }

  @Test
  void aPlanThatCannotBeMadeIsTriedAgainLaterAndNotAtOnce() {
    begin();

    Decision second = decide(Set.of());
    Conclusion blocked =
        conclude(
            second,
            List.of(
                new Outcome.Blocked(
                    second.actions().get(0), new Wait(WaitingReason.NameTaken, "taken")),
                new Outcome.Postponed((Action.StartStage) second.actions().get(1))));

    assertThat(blocked.requeueAfter()).contains(LifecycleSettings.DEFAULT.blockedDelay());
    assertThat(blocked.status().waiting().reason()).isEqualTo("NameTaken");
    assertThat(blocked.status().models().get(0).stageIfSet()).isEmpty();
    assertThat(blocked.status().models().get(0).attempt()).isZero();
    assertThat(blocked.events()).noneMatch(event -> event.reason().equals("PrefetchStarted"));
  }

  @Test
  void aPlanThatBecameAnotherBeforeItWasMadeIsOnRecordBeforeAJobIsMadeFromIt() {
    begin();

    Decision second = decide(Set.of());
    Conclusion replanned =
        conclude(
            second,
            List.of(
                new Outcome.Planned(second.actions().get(0), "base", "job-base-plan-2", "sha256:2"),
                new Outcome.Postponed((Action.StartStage) second.actions().get(1))));

    assertThat(replanned.requeueAfter()).contains(Duration.ZERO);
    assertThat(replanned.status().models().get(0).planName()).isEqualTo("job-base-plan-2");
    assertThat(replanned.status().models().get(0).stageIfSet()).isEmpty();
    assertThat(decide(Set.of("job-base-plan-2")).actions())
        .containsExactly(new Action.StartStage("base", Stage.Prefetch, 1, "job-base-plan-2"));
  }

  @Test
  void aPlanThatIsGoneIsMadeAgainForAModelThatHasBegun() {
    begin();
    Decision start = decide(Set.of("job-base-plan-1"));
    conclude(start, List.of(started(start)));

    assertThat(job.getStatus().models().get(0).stage()).isEqualTo("Prefetch");
    assertThat(decide(Set.of()).actions()).contains(new Action.EnsurePlan("base"));
    assertThat(decide(Set.of(), List.of(ended(Stage.Prefetch, SUCCEEDED, LEFT))).actions())
        .containsExactly(
            new Action.EnsurePlan("base"),
            new Action.StartStage("base", Stage.Infer, 1, "job-base-plan-1"));
  }

  private static Outcome started(Decision decision) {
    return new Outcome.Started((Action.StartStage) decision.actions().get(0), "job-uid");
  }

  @Test
  void whatEveryAttemptGoesThroughIsToldOnceItLasts() {
    begin();
    Decision start = decide(Set.of("job-base-plan-1"));
    Conclusion started = conclude(start, List.of(started(start)));
    AttemptObservation.State starts =
        new AttemptObservation.Waits(new Wait(WaitingReason.Starting, "it starts"));

    Conclusion young = passWith(attempt(starts, NOW.minusSeconds(4)));
    assertThat(young.status()).isEqualTo(started.status());
    assertThat(young.requeueAfter()).contains(Duration.ofSeconds(6));
    assertThat(passWith(attempt(new AttemptObservation.Running(), NOW)).status())
        .isEqualTo(started.status());

    assertThat(passWith(attempt(starts, NOW.minusSeconds(10))).status().waiting().reason())
        .isEqualTo("Starting");
    assertThat(passWith(attempt(starts, NOW.plusSeconds(3600))).status().waiting())
        .as("a clock that is not ours")
        .isNotNull();
    AttemptObservation.State unschedulable =
        new AttemptObservation.Waits(new Wait(WaitingReason.Unschedulable, "no node"));
    assertThat(passWith(attempt(unschedulable, NOW)).status().waiting().reason())
        .isEqualTo("Unschedulable");
  }

  private Conclusion passWith(AttemptObservation attempt) {
    return decide(Set.of("job-base-plan-1"), List.of(attempt)).conclude(List.of());
  }

  @Test
  void theTerminationMessageTellsHowFarAnAttemptCameThatReportedNothing() {
    begin();
    conclude(
        decide(Set.of("job-base-plan-1"), List.of(ended(Stage.Prefetch, SUCCEEDED, LEFT))),
        List.of());

    Conclusion failed =
        conclude(
            decide(
                Set.of("job-base-plan-1"),
                List.of(
                    ended(Stage.Prefetch, SUCCEEDED, LEFT),
                    ended(
                        Stage.Infer,
                        new AttemptObservation.Failed(
                            FailureCause.RankFailed, "rank 1 died", false, false),
                        LEFT))),
            List.of());

    assertThat(failed.status().models().get(0).progress())
        .isEqualTo(new Progress(3, 12, 0, 1, 25, "2026-11-23T15:03:00Z"));
  }

  @Test
  void aDataSetThatIsNotToBeHadIsToldAndTheOthersGoOn() {
    begin();
    AttemptObservation prefetched = ended(Stage.Prefetch, SUCCEEDED, LEFT);
    reports =
        Map.of(
            "pod-Prefetch",
            new StageReport(
                "vlm",
                "job",
                "uid",
                "base",
                "pod",
                "pod-Prefetch",
                Stage.Prefetch,
                1,
                1,
                true,
                new Progress(0, 0, 0, 1, 0, null),
                Optional.empty(),
                List.of(),
                Optional.of(new StageFailure(FailureCause.DatasetFailed, "gone: no such file"))));

    Decision decision = decide(Set.of("job-base-plan-1"), List.of(prefetched));

    assertThat(decision.actions())
        .contains(new Action.StartStage("base", Stage.Infer, 1, "job-base-plan-1"));
    assertThat(conclude(decision, List.of()).status().models().get(0).lastFailure().message())
        .isEqualTo("gone: no such file");
  }

  private static AttemptObservation attempt(AttemptObservation.State state, Instant made) {
    return new AttemptObservation(
        Stage.Prefetch,
        1,
        "job",
        "job-uid",
        state,
        Optional.empty(),
        Optional.of(made),
        false,
        Optional.of("node-1"),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static AttemptObservation ended(
      Stage stage, AttemptObservation.State state, TerminationMessage left) {
    return new AttemptObservation(
        stage,
        1,
        "job",
        "job-uid",
        state,
        Optional.empty(),
        Optional.of(NOW.minusSeconds(90)),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.of("pod-" + stage),
        Optional.of("pod"),
        Optional.of(NOW.minusSeconds(60)),
        Optional.empty(),
        Optional.empty(),
        Optional.of(left));
  }
}
