package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.ModelObservation;
import io.evaljob.operator.observe.TerminationMessage;
import io.evaljob.operator.observe.Wait;
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
          """
          apiVersion: evaljob.io/v1alpha1
          kind: EvalRuntime
          metadata: {name: program}
          spec:
            harness: Command
            command: {args: [python3, /opt/eval.py]}
            image: registry.example/eval:1
            allow: {namespaceSelector: {}}
          ---
          apiVersion: evaljob.io/v1alpha1
          kind: EvalJob
          metadata: {name: job, namespace: vlm}
          spec:
            runtimeRef: {name: program}
            models: [{name: base}]
            datasets: [{name: shapes}]
          """);

  private final EvalJob job = manifests.job();

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
            Map.of(),
            NOW,
            LifecycleSettings.DEFAULT));
  }

  /** The next pass begins with what this one wrote. */
  private Conclusion conclude(Decision decision, List<Outcome> outcomes) {
    Conclusion conclusion = decision.conclude(outcomes);
    job.setStatus(conclusion.status());
    return conclusion;
  }

  @Test
  void aPlanIsOnRecordBeforeAJobIsMadeFromIt() {
    conclude(decide(Set.of()), List.of());

    Decision second = decide(Set.of());
    Action.EnsurePlan plan = new Action.EnsurePlan("base");
    assertThat(second.actions()).containsExactly(plan);
    Conclusion planned =
        conclude(second, List.of(new Outcome.Planned(plan, "job-base-plan-1", "sha256:1")));
    assertThat(planned.requeueAfter()).contains(Duration.ZERO);
    assertThat(planned.status().models().get(0).planName()).isEqualTo("job-base-plan-1");
    assertThat(planned.status().models().get(0).planDigest()).isEqualTo("sha256:1");

    assertThat(decide(Set.of("job-base-plan-1")).actions())
        .singleElement()
        .isInstanceOf(Action.StartStage.class);
  }

  @Test
  void aPlanThatCannotBeMadeIsTriedAgainLaterAndNotAtOnce() {
    conclude(decide(Set.of()), List.of());

    Conclusion blocked =
        conclude(
            decide(Set.of()),
            List.of(
                new Outcome.Blocked(
                    new Action.EnsurePlan("base"), new Wait(WaitingReason.NameTaken, "taken"))));

    assertThat(blocked.requeueAfter()).contains(LifecycleSettings.DEFAULT.blockedDelay());
    assertThat(blocked.status().waiting().reason()).isEqualTo("NameTaken");
    assertThat(blocked.status().models().get(0).stageIfSet()).isEmpty();
  }

  @Test
  void noJobIsMadeFromAPlanThatIsNotAsItWasMade() {
    conclude(decide(Set.of()), List.of());
    conclude(
        decide(Set.of()),
        List.of(new Outcome.Planned(new Action.EnsurePlan("base"), "job-base-plan-1", "sha256:1")));
    assertThat(decide(Set.of()).actions()).containsExactly(new Action.EnsurePlan("base"));

    Decision start = decide(Set.of("job-base-plan-1"));
    Action first = start.actions().get(0);
    conclude(start, List.of(new Outcome.Done(first, "job-base-prefetch-1")));
    assertThat(job.getStatus().models().get(0).stage()).isEqualTo("Prefetch");
    assertThat(decide(Set.of()).actions())
        .as("a model that has begun")
        .containsExactly(new Action.EnsurePlan("base"));
  }

  @Test
  void theTerminationMessageTellsHowFarAnAttemptCameThatReportedNothing() {
    conclude(decide(Set.of()), List.of());
    conclude(
        decide(Set.of()),
        List.of(new Outcome.Planned(new Action.EnsurePlan("base"), "job-base-plan-1", "sha256:1")));
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

  private static AttemptObservation ended(
      Stage stage, AttemptObservation.State state, TerminationMessage left) {
    return new AttemptObservation(
        stage,
        1,
        "job",
        state,
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.of("pod-" + stage),
        Optional.of("pod"),
        Optional.of(NOW.minusSeconds(60)),
        Optional.of(left));
  }
}
