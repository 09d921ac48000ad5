package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.validate.Manifests;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeadlinesTest {

  @ParameterizedTest(name = "after {0} s: ended {1}, again in {2} s")
  @CsvSource({"0,false,600", "599,false,1", "600,true,", "601,true,"})
  void aRunThatDoesNotBeginToEvaluateFails(long seconds, boolean ended, Integer again) {
    PlayedRun run = PlayedRun.of("startDeadlineSeconds: 600").inferring();
    run.sees(run.waits(Stage.Infer, 1, WaitingReason.Unschedulable)).settle();
    run.actions();

    run.after(Duration.ofSeconds(seconds)).settle();

    if (ended) {
      assertThat(run.actions()).contains(new Action.DeleteJob("job-Infer-1"));
      assertThat(run.model().phase()).isEqualTo("Failed");
      assertThat(run.model().lastFailure().cause()).isEqualTo("DeadlineExceeded");
      assertThat(run.model().lastFailure().message())
          .contains("spec.startDeadlineSeconds (600)")
          .contains("Unschedulable is the cause.")
          .contains("new spec.runID");
      run.sees().settle();
      assertThat(run.condition("Finished")).isEqualTo("True/Failed");
    } else {
      assertThat(run.actions()).isEmpty();
      assertThat(run.requeueAfter()).contains(Duration.ofSeconds(again));
    }
  }

  @Test
  void suspendedTimeIsNotCountedBeforeTheStart() {
    PlayedRun run = PlayedRun.of("startDeadlineSeconds: 600").settle();
    run.after(Duration.ofSeconds(100)).edit("suspend", true).settle();
    run.after(Duration.ofHours(5)).settle();
    assertThat(run.status().phase()).isEqualTo("Suspended");

    run.edit("suspend", false).settle();
    assertThat(run.status().run().suspendedSeconds()).isEqualTo(18000);
    assertThat(run.status().run().suspendTimeIfSet()).isEmpty();
    assertThat(run.requeueAfter()).contains(Duration.ofSeconds(500));
    run.after(Duration.ofSeconds(500)).settle();
    assertThat(run.model().phase()).isEqualTo("Failed");
  }

  @Test
  void whatHasBegunToEvaluateHasMadeTheStart() {
    PlayedRun run = PlayedRun.of("startDeadlineSeconds: 600").inferring();
    run.sees(run.running(Stage.Infer, 1)).settle();
    assertThat(run.status().run().evaluationStartTime()).isEqualTo("2026-11-23T15:01:00Z");

    run.sees().after(Duration.ofHours(5)).settle();

    assertThat(run.status().phase()).isNotEqualTo("Failed");
  }

  @Test
  void theRunningTimeOfAllAttemptsIsAddedUp() {
    PlayedRun run = PlayedRun.of("activeDeadlineSeconds: 1000").inferring();
    assertThat(run.status().run().activeSeconds()).as("of the prefetch").isEqualTo(300);
    run.sees(run.failed(Stage.Infer, 1, FailureCause.HarnessFailed)).settle();
    assertThat(run.status().run().activeSeconds()).as("and of the failed attempt").isEqualTo(600);
    run.settle();
    assertThat(run.status().run().activeSeconds()).as("once").isEqualTo(600);

    // Its container runs since a minute after the start.
    run.sees(run.failed(Stage.Infer, 1, FailureCause.HarnessFailed), run.running(Stage.Infer, 2));
    run.after(Duration.ofSeconds(459)).settle();
    assertThat(run.status().phase()).isEqualTo("Running");
    assertThat(run.requeueAfter()).contains(Duration.ofSeconds(1));
    run.actions();

    run.after(Duration.ofSeconds(1)).settle();
    assertThat(run.actions()).contains(new Action.DeleteJob("job-Infer-2"));
    assertThat(run.model().lastFailure().cause()).isEqualTo("DeadlineExceeded");
    assertThat(run.model().lastFailure().message()).contains("spec.activeDeadlineSeconds (1000)");
    assertThat(run.status().run().activeSeconds()).isEqualTo(1000);
  }

  @Test
  void aLimitThatIsRaisedInTimeHolds() {
    PlayedRun run = PlayedRun.of("activeDeadlineSeconds: 1000").inferring();
    run.sees(run.running(Stage.Infer, 1)).after(Duration.ofSeconds(700)).settle();

    run.edit("activeDeadlineSeconds", 2000).after(Duration.ofSeconds(700)).settle();

    assertThat(run.status().phase()).isEqualTo("Running");
  }

  @Test
  void whatIsCompleteIsScored() {
    PlayedRun run = PlayedRun.of("activeDeadlineSeconds: 301").inferring();
    run.sees(run.attempt(Stage.Infer, 1, new AttemptObservation.Succeeded()))
        .after(Duration.ofHours(1))
        .settle();

    assertThat(run.model().stage()).isEqualTo("Score");
    run.sees(run.running(Stage.Score, 1)).after(Duration.ofHours(1)).settle();
    assertThat(run.model().phase()).isEqualTo("Scoring");
  }

  @ParameterizedTest(name = "{0} for {1} s: given up {2}")
  @CsvSource({
    "ImagePull,59,false",
    "ImagePull,60,true",
    "Starting,60,true",
    "ContainerConfig,60,true",
    "Unschedulable,60,false"
  })
  void aPodThatDoesNotRunGivesItsDevicesBack(WaitingReason why, long seconds, boolean givenUp) {
    PlayedRun run = PlayedRun.of("podStartDeadlineSeconds: 60").inferring();
    AttemptObservation waits = run.waits(Stage.Infer, 1, why);
    run.sees(why == WaitingReason.Unschedulable ? unbound(waits) : waits);
    run.actions();

    run.after(Duration.ofSeconds(30 + seconds)).settle();

    assertThat(run.actions().contains(new Action.DeleteJob("job-Infer-1"))).isEqualTo(givenUp);
    assertThat(run.model().retries()).isEqualTo(givenUp ? 1 : 0);
    if (givenUp) {
      assertThat(run.model().lastFailure().message())
          .contains("node node-1", "spec.podStartDeadlineSeconds (60)", why + " is the cause.");
      assertThat(run.status().waiting().reason()).isEqualTo("PodsRemain");
      run.sees().settle();
      assertThat(run.actions()).containsExactly(PlayedRun.start(Stage.Infer, 2));
    }
  }

  private static AttemptObservation unbound(AttemptObservation seen) {
    return new AttemptObservation(
        seen.stage(),
        seen.attempt(),
        seen.jobName(),
        seen.jobUid(),
        seen.state(),
        seen.queue(),
        seen.made(),
        false,
        java.util.Optional.empty(),
        seen.imageId(),
        seen.podUid(),
        seen.podName(),
        seen.started(),
        java.util.Optional.empty(),
        seen.finished(),
        seen.termination());
  }

  @Test
  void aPodThatIsDeletedByForceHasRunAllTheSame() {
    PlayedRun run = PlayedRun.of("activeDeadlineSeconds: 1000").inferring();
    run.sees(run.running(Stage.Infer, 1)).settle();
    assertThat(run.model().attemptStartTime()).isEqualTo("2026-11-23T15:01:00Z");

    run.sees().after(Duration.ofSeconds(400)).settle();
    assertThat(run.status().run().activeSeconds()).as("prefetch, and the pod").isEqualTo(640);
    assertThat(run.model().attemptStartTimeIfSet()).isEmpty();
    run.after(Duration.ofSeconds(100)).settle();
    assertThat(run.status().run().activeSeconds()).as("once").isEqualTo(640);

    Instant second = PlayedRun.START.plusSeconds(500);
    run.sees(startedAt(run.running(Stage.Infer, 1), second)).settle();
    run.after(Duration.ofSeconds(359)).settle();
    assertThat(run.status().phase()).isEqualTo("Running");
    run.sees(startedAt(run.running(Stage.Infer, 1), second.plusSeconds(359))).settle();
    assertThat(run.status().run().activeSeconds())
        .as("a pod in its place begins anew")
        .isEqualTo(999);
    run.after(Duration.ofSeconds(1)).settle();

    assertThat(run.model().lastFailure().message()).contains("spec.activeDeadlineSeconds (1000)");
  }

  @Test
  void thePodOfAnAttemptThatFailsIsCountedOnceWithItsEnd() {
    PlayedRun run = PlayedRun.of("activeDeadlineSeconds: 10000").inferring();
    run.sees(run.running(Stage.Infer, 1)).settle();
    run.sees(run.failed(Stage.Infer, 1, FailureCause.HarnessFailed))
        .after(Duration.ofHours(1))
        .settle();

    assertThat(run.status().run().activeSeconds()).isEqualTo(600);
    assertThat(run.model().attemptStartTimeIfSet()).isEmpty();
  }

  @ParameterizedTest(name = "asked for {0}, allowed {1}: {2}")
  @CsvSource({
    ",1000,limits.maxActiveSeconds: 1000",
    "900,1000,spec.activeDeadlineSeconds (900)",
    "1000,1000,spec.activeDeadlineSeconds (1000)",
  })
  void theRuntimesLimitHoldsWhereNoneIsAskedFor(Integer asked, int most, String message) {
    PlayedRun run = limited(most, asked).inferring();
    assertThat(run.status().run().maxActiveSeconds()).isEqualTo(most);
    int limit = asked == null ? most : asked;
    run.sees(run.running(Stage.Infer, 1)).after(Duration.ofSeconds(limit - 300 + 59L)).settle();
    assertThat(run.status().phase()).isEqualTo("Running");
    assertThat(run.requeueAfter()).contains(Duration.ofSeconds(1));

    run.after(Duration.ofSeconds(1)).settle();

    assertThat(run.model().lastFailure().message()).contains(message);
  }

  @Test
  void anEditBeyondWhatTheRunBeganWithStartsNothingNew() {
    PlayedRun run = limited(1000, null).settle();
    run.actions();
    run.edit("activeDeadlineSeconds", 1001)
        .sees(run.attempt(Stage.Prefetch, 1, new AttemptObservation.Succeeded()))
        .settle();

    assertThat(run.actions()).doesNotHaveAnyElementsOfTypes(Action.StartStage.class);
    assertThat(run.condition("Accepted")).isEqualTo("False/NotAllowed");

    run.edit("activeDeadlineSeconds", 1000).settle();
    assertThat(run.actions()).contains(PlayedRun.start(Stage.Infer, 1));
  }

  @Test
  void aRuntimeThatAllowsLessMeanwhileTakesNothingBack() {
    PlayedRun run = limited(1000, 900).settle();
    run.actions();
    run.runtimeAllows(100)
        .sees(run.attempt(Stage.Prefetch, 1, new AttemptObservation.Succeeded()))
        .settle();

    assertThat(run.actions()).contains(PlayedRun.start(Stage.Infer, 1));
    assertThat(run.status().run().maxActiveSeconds()).isEqualTo(1000);
  }

  @ParameterizedTest(name = "a pod of {0} remains: {1}")
  @CsvSource({"Prefetch,Prefetching,PodsRemain", "Infer,Running,PodsRemain"})
  void whatRemainsOfARunThatIsOverIsCalledWhatItIs(Stage stage, String phase, String waiting) {
    PlayedRun run = PlayedRun.of("activeDeadlineSeconds: 301").settle();
    if (stage == Stage.Infer) {
      run = run.inferring();
    }
    run.sees(run.running(stage, 1)).settle();
    run.after(Duration.ofHours(1)).settle();
    assertThat(run.model().phase()).isEqualTo("Failed");

    run.sees(run.leaving(stage, 1)).settle();

    assertThat(run.status().phase()).isEqualTo(phase);
    assertThat(run.condition("Finished")).startsWith("False/");
    assertThat(run.status().waiting().reason()).isEqualTo(waiting);
    assertThat(run.status().waiting().message()).contains("pod-" + stage + "-1");
    run.sees().settle();
    assertThat(run.status().phase()).isEqualTo("Failed");
    assertThat(run.status().waitingIfSet()).isEmpty();
  }

  private static PlayedRun limited(int most, Integer asked) {
    String job = asked == null ? "" : "  activeDeadlineSeconds: " + asked + "\n";
    return PlayedRun.of(
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
              limits: {maxActiveSeconds: MOST}
            ---
            apiVersion: evaljob.io/v1alpha1
            kind: EvalJob
            metadata: {name: job, namespace: vlm}
            spec:
              runtimeRef: {name: program}
              models: [{name: base}]
              datasets: [{name: shapes}]
            """
                    .replace("MOST", Integer.toString(most))
                + job));
  }

  private static AttemptObservation startedAt(AttemptObservation seen, Instant start) {
    return new AttemptObservation(
        seen.stage(),
        seen.attempt(),
        seen.jobName(),
        seen.jobUid(),
        seen.state(),
        seen.queue(),
        seen.made(),
        seen.holdsDevices(),
        seen.nodeName(),
        seen.imageId(),
        seen.podUid(),
        seen.podName(),
        java.util.Optional.of(start),
        seen.bound(),
        seen.finished(),
        seen.termination());
  }
}
