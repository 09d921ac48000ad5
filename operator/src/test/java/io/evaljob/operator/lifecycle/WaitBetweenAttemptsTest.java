package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.api.v1alpha1.WaitingStatus;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.Wait;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An attempt has failed, and the next does not run yet: what is told stays until it does. */
class WaitBetweenAttemptsTest {

  private final PlayedRun run = PlayedRun.of().inferring();

  @Test
  void theBackOffSaysWhenTheNextAttemptIsMade() {
    run.sees(run.failed(Stage.Infer, 1, FailureCause.RankFailed)).settle();
    assertThat(waiting()).as("the first retry does not wait").isEmpty();
    run.sees(run.failed(Stage.Infer, 2, FailureCause.RankFailed)).settle();

    assertThat(waiting()).contains("BackOff");
    assertThat(run.status().waiting().message())
        .isEqualTo(
            "Attempt 2 of Infer of model base ended with RankFailed; the next is made at"
                + " 2026-11-23T15:00:10Z, after a delay that grows with each.");
    run.after(Duration.ofSeconds(4)).settle();
    assertThat(waiting()).contains("BackOff");
    assertThat(run.status().waiting().since()).isEqualTo("2026-11-23T15:00:00Z");
    run.after(Duration.ofSeconds(6)).settle();
    assertThat(waiting()).isEmpty();
    assertThat(run.model().attempt()).isEqualTo(3);
  }

  @Test
  void aNodeThatRefusesPodsIsNamedUntilOneRuns() {
    run.sees(refused(1)).settle();
    assertThat(waiting()).contains("Admission");
    // The next pod is made, and says nothing yet.
    run.sees(refused(1), starting(2)).settle();
    assertThat(waiting()).contains("Admission");
    run.sees(refused(1), refused(2)).settle();
    assertThat(waiting()).as("also while the back-off lasts").contains("Admission");
    run.after(Duration.ofSeconds(10)).settle();
    assertThat(waiting()).as("the next one is made").contains("Admission");
    assertThat(run.status().waiting().since()).isEqualTo("2026-11-23T15:00:00Z");
    run.after(Duration.ofSeconds(5)).sees(refused(2), run.running(Stage.Infer, 3)).settle();
    assertThat(waiting()).isEmpty();
  }

  @Test
  void aRunOnASilentNodeWaitsAndGoesOn() {
    Wait silence = new Wait(WaitingReason.NodeNotReady, "Node node-1 is not ready.");
    run.after(Duration.ofDays(1))
        .sees(run.attempt(Stage.Infer, 1, new AttemptObservation.Running(Optional.of(silence))))
        .settle();

    assertThat(waiting()).contains("NodeNotReady");
    assertThat(run.status().phase()).isEqualTo("Running");
    assertThat(run.condition("Reconciling")).isEqualTo("True/Waiting");
    assertThat(run.model().attempt()).as("its time to start is long over").isEqualTo(1);
    run.sees(run.running(Stage.Infer, 1)).settle();
    assertThat(waiting()).isEmpty();
  }

  /** What an attempt goes through in its first seconds is told later; this is none of it. */
  @ParameterizedTest
  @EnumSource(
      value = Stage.class,
      names = {"Prefetch", "Infer"})
  void aNodeThatIsSilentIsNamedHoweverYoungTheAttempt(Stage stage) {
    Wait silence = new Wait(WaitingReason.NodeNotReady, "Node node-1 is not ready.");
    PlayedRun young = PlayedRun.of().settle();
    if (stage == Stage.Infer) {
      young = PlayedRun.of().inferring();
    }
    young
        .sees(young.attempt(stage, 1, new AttemptObservation.Running(Optional.of(silence))))
        .settle();

    assertThat(young.status().waiting().reason()).isEqualTo("NodeNotReady");
    assertThat(young.status().waiting().since()).isEqualTo("2026-11-23T15:00:00Z");
  }

  @Test
  void aWaitThatComesBackSoonIsTheSameAndThatOfTheNextAttemptIsAnother() {
    run.sees(run.waits(Stage.Infer, 1, WaitingReason.Unschedulable)).settle();
    run.after(Duration.ofSeconds(20)).sees(run.running(Stage.Infer, 1)).settle();
    assertThat(waiting()).isEmpty();
    assertThat(run.status().lastWaiting().reason()).isEqualTo("Unschedulable");
    assertThat(run.status().lastWaiting().until()).isEqualTo("2026-11-23T15:00:20Z");
    run.after(Duration.ofSeconds(5))
        .sees(run.waits(Stage.Infer, 1, WaitingReason.Unschedulable))
        .settle();
    assertThat(run.status().waiting().since()).isEqualTo("2026-11-23T15:00:00Z");
    run.after(Duration.ofSeconds(5)).sees(run.running(Stage.Infer, 1)).settle();
    assertThat(waiting()).as("it has come back before").contains("Unschedulable");
    assertThat(run.requeueAfter()).contains(Duration.ofSeconds(20));
    run.after(Duration.ofSeconds(20)).settle();
    assertThat(waiting()).isEmpty();

    run.sees(run.failed(Stage.Infer, 1, FailureCause.RankFailed)).settle();
    assertThat(run.status().lastWaitingIfSet()).as("of an attempt that is over").isEmpty();
    run.after(Duration.ofSeconds(5))
        .sees(run.waits(Stage.Infer, 2, WaitingReason.Unschedulable))
        .settle();
    assertThat(run.status().waiting().since()).isEqualTo("2026-11-23T15:00:55Z");
    run.after(Duration.ofSeconds(1)).sees(run.running(Stage.Infer, 2)).settle();
    assertThat(waiting()).isEmpty();
  }

  @Test
  void theWaitOfAnAttemptThatIsOverIsNotKept() {
    run.sees(run.waits(Stage.Infer, 1, WaitingReason.Unschedulable)).settle();
    run.after(Duration.ofSeconds(2)).sees(run.running(Stage.Infer, 1)).settle();
    run.sees(run.waits(Stage.Infer, 1, WaitingReason.Unschedulable)).settle();
    run.after(Duration.ofSeconds(2)).sees(run.failed(Stage.Infer, 1, FailureCause.RankFailed));
    run.settle();
    assertThat(waiting()).as("though it has just come back").isEmpty();

    run.after(Duration.ofSeconds(2))
        .sees(run.waits(Stage.Infer, 2, WaitingReason.Unschedulable))
        .settle();
    assertThat(run.status().waiting().since()).isEqualTo("2026-11-23T15:00:06Z");
  }

  private Optional<String> waiting() {
    return run.status().waitingIfSet().map(WaitingStatus::reason);
  }

  private AttemptObservation refused(int attempt) {
    return run.attempt(
        Stage.Infer,
        attempt,
        new AttemptObservation.Failed(FailureCause.Evicted, "The node refused it.", true, true));
  }

  /** One whose Job was just made. */
  private AttemptObservation starting(int attempt) {
    return run.attempt(
        Stage.Infer,
        attempt,
        new AttemptObservation.Waits(new Wait(WaitingReason.Starting, "It starts.")));
  }
}
