package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SuspensionTest {

  /**
   * A state in which the run is suspended, and what follows.
   *
   * @param name the state
   * @param run the run in that state
   * @param stops names of the Jobs that are deleted
   * @param stage the stage that the model is in then
   * @param attempt the attempt that follows
   */
  record Case(String name, PlayedRun run, List<String> stops, Stage stage, int attempt) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() {
    PlayedRun running = PlayedRun.of().inferring();
    running.sees(running.running(Stage.Infer, 1)).settle();
    PlayedRun waiting = PlayedRun.of().inferring();
    waiting.sees(waiting.waits(Stage.Infer, 1, WaitingReason.ImagePull)).settle();
    PlayedRun starting = PlayedRun.of().inferring();
    starting.sees(starting.waits(Stage.Infer, 1, WaitingReason.Starting)).settle();
    PlayedRun leaving = PlayedRun.of().inferring();
    leaving.sees(leaving.leaving(Stage.Infer, 1)).settle();
    PlayedRun failed = PlayedRun.of().inferring();
    failed.sees(failed.failed(Stage.Infer, 1, FailureCause.HarnessFailed));
    PlayedRun succeeded = PlayedRun.of().inferring();
    succeeded.sees(succeeded.attempt(Stage.Infer, 1, new AttemptObservation.Succeeded()));
    PlayedRun unseen = PlayedRun.of().inferring().sees();
    PlayedRun prefetching = PlayedRun.of().settle();
    prefetching.sees(prefetching.running(Stage.Prefetch, 1)).settle();
    return Stream.of(
        new Case("prefetching", prefetching, List.of("job-Prefetch-1"), Stage.Prefetch, 2),
        new Case("running", running, List.of("job-Infer-1"), Stage.Infer, 2),
        new Case("waiting with devices", waiting, List.of("job-Infer-1"), Stage.Infer, 2),
        new Case("starting", starting, List.of("job-Infer-1"), Stage.Infer, 2),
        new Case("leaving already", leaving, List.of(), Stage.Infer, 2),
        new Case("its Job not seen yet", unseen, List.of(), Stage.Infer, 1),
        new Case("failed meanwhile", failed, List.of(), Stage.Infer, 2),
        new Case("succeeded meanwhile", succeeded, List.of(), Stage.Score, 1));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void nothingRunsThenAndTheRunGoesOnLater(Case state) {
    PlayedRun run = state.run();
    run.actions();

    run.edit("suspend", true).settle();

    assertThat(run.actions())
        .containsExactlyElementsOf(
            state.stops().stream().map((String name) -> new Action.DeleteJob(name)).toList());
    assertThat(run.status().phase()).isEqualTo("Suspended");
    assertThat(run.eventReasons()).endsWith("Suspended");

    run.sees().settle();
    assertThat(run.actions()).isEmpty();
    assertThat(run.status().waitingIfSet()).isEmpty();
    assertThat(run.condition("Accepted")).isEqualTo("True/Planned");
    assertThat(run.condition("Ready")).isEqualTo("True/Suspended");
    assertThat(run.condition("Finished")).isEqualTo("False/Suspended");
    assertThat(run.condition("Reconciling")).isEqualTo("False/Suspended");
    assertThat(run.condition("Stalled")).isEqualTo("False/Suspended");
    assertThat(run.requeueAfter()).isEmpty();
    int retries = run.model().retries();

    run.edit("suspend", false).settle();
    assertThat(run.actions()).containsExactly(PlayedRun.start(state.stage(), state.attempt()));
    assertThat(run.model().retries()).isEqualTo(retries);
    assertThat(run.model().disruptions()).isZero();
    assertThat(run.status().phase()).isNotEqualTo("Suspended");
    assertThat(run.eventReasons()).contains("Resumed");
  }

  @Test
  void itIsToldUntilThePodsAreGone() {
    PlayedRun run = PlayedRun.of().inferring();
    run.sees(run.running(Stage.Infer, 1)).settle();
    run.edit("suspend", true).settle();
    run.sees(run.leaving(Stage.Infer, 1)).settle();

    assertThat(run.status().waiting().reason()).isEqualTo("PodsRemain");
    assertThat(run.status().waiting().devicesHeld()).isEqualTo(1);
    assertThat(run.condition("Ready")).isEqualTo("False/Waiting");

    run.edit("suspend", false).settle();
    assertThat(run.actions())
        .as("never two pods of a model")
        .noneMatch(action -> action instanceof Action.StartStage start && start.attempt() == 2);
    run.sees().settle();
    assertThat(run.actions()).containsExactly(PlayedRun.start(Stage.Infer, 2));
  }

  @Test
  void aRunThatHasNotBegunStaysEditable() {
    PlayedRun run = PlayedRun.of("suspend: true").settle();

    assertThat(run.status().runIfSet()).as("what would forbid edits").isEmpty();
    assertThat(run.status().phase()).isEqualTo("Suspended");
    assertThat(run.condition("Ready")).isEqualTo("True/Suspended");
    assertThat(run.eventReasons()).containsExactly("Suspended");

    run.settle();
    assertThat(run.eventReasons()).containsExactly("Suspended");
    run.edit("suspend", false).settle();
    assertThat(run.actions()).contains(PlayedRun.start(Stage.Prefetch, 1));
  }

  @Test
  void theNextRunIsNotBegunEither() {
    PlayedRun run = PlayedRun.of().inferring();
    run.edit("suspend", true).edit("runID", "2").sees().settle();

    assertThat(run.status().run().id()).isEqualTo("1");
    assertThat(run.status().phase()).isEqualTo("Suspended");
    run.edit("suspend", false).settle();
    assertThat(run.status().run().id()).isEqualTo("2");
    assertThat(run.status().previousRuns())
        .singleElement()
        .satisfies(old -> assertThat(old.phase()).isEqualTo("Stopped"));
  }

  @Test
  void aRefusedSpecIsStillRefused() {
    PlayedRun run = PlayedRun.of("suspend: true", "priorityClassName: high").settle();

    assertThat(run.status().phase()).isEqualTo("Failed");
    assertThat(run.condition("Accepted")).isEqualTo("False/NotAllowed");
  }

  @Test
  void itDoesNotLengthenTheBackOff() {
    PlayedRun run = PlayedRun.of().inferring();
    for (int attempt = 1; attempt <= 4; attempt++) {
      run.sees(run.running(Stage.Infer, attempt)).settle();
      run.edit("suspend", true).settle();
      run.sees().edit("suspend", false).settle();
    }
    run.sees(run.failed(Stage.Infer, 5, FailureCause.HarnessFailed));
    run.actions();
    run.after(Duration.ofMinutes(1)).settle();

    assertThat(run.actions()).containsExactly(PlayedRun.start(Stage.Infer, 6));
  }
}
