package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.PlanRecord;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.quota.Limits;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.validate.Manifests;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplanTest {

  @Test
  void theNextAttemptGetsALargerPlanAndNoRetryIsCharged() {
    PlayedRun run = run("[1, 2, 4]", 2, 1, "retryLimit: 0");
    run.actions();
    outOfMemory(run, 1);

    assertThat(run.model().attempt()).isEqualTo(2);
    assertThat(run.model().retries()).isZero();
    assertThat(run.model().processes()).isEqualTo(1);
    assertThat(run.model().devicesPerProcess()).isEqualTo(2);
    assertThat(run.model().planHistory())
        .extracting(
            PlanRecord::attempt,
            PlanRecord::processes,
            PlanRecord::devicesPerProcess,
            PlanRecord::reason,
            PlanRecord::message)
        .containsExactly(
            tuple(1, 2, 1, "Planned", null), tuple(2, 1, 2, "OutOfMemory", "it failed."));
    assertThat(run.status().devices().get(0).requested()).isEqualTo(2);
    assertThat(run.eventReasons()).contains("Replanned").doesNotContain("RetryScheduled");
    List<Action> actions = run.actions();
    assertThat(actions.get(0)).isInstanceOf(Action.NamePlan.class);
    assertThat(actions.subList(1, 3))
        .as("on record before it is made, and made before its Job")
        .containsExactly(
            new Action.EnsurePlan("base"),
            new Action.StartStage("base", Stage.Infer, 2, "plan-1-1x2-10", Optional.empty()));
  }

  @Test
  void nothingStartsInThePassThatPlans() {
    PlayedRun run = run("[1, 2]", 1, 1);
    run.actions();
    run.sees(run.failed(Stage.Infer, 1, FailureCause.OutOfMemory)).pass();

    assertThat(run.actions()).hasOnlyElementsOfType(Action.NamePlan.class);
    assertThat(run.model().planName()).isEqualTo("plan-1-1x2-10");
    assertThat(run.model().phase()).isEqualTo("Pending");
    assertThat(run.requeueAfter()).contains(Duration.ZERO);
  }

  @Test
  void plansOfARunAreBounded() {
    PlayedRun run = run("[1, 2, 3, 4, 5, 6, 7, 8]", 1, 1);
    for (int attempt = 1; attempt <= 5; attempt++) {
      assertThat(run.model().devicesPerProcess()).isEqualTo(attempt);
      outOfMemory(run, attempt);
    }

    assertThat(run.model().planHistory()).hasSize(1 + Replan.MOST);
    assertThat(run.model().phase()).isEqualTo("Failed");
    assertThat(run.model().lastFailure().cause()).isEqualTo("OutOfMemory");
    assertThat(run.model().lastFailure().message())
        .contains("No larger plan follows the 5 that were tried")
        .contains("the 4 new plans that a run may have are used up");
  }

  @Test
  void theQuotaAndTheRuntimeAreNotExceededAndSaySo() {
    PlayedRun run = run("[1, 2, 4]", 1, 2).quota(quota(3));
    charge(run, 1);
    outOfMemory(run, 1);

    assertThat(run.model().devicesPerProcess()).isEqualTo(2);
    assertThat(run.model().attempt()).as("the same plan once more").isEqualTo(2);
    assertThat(run.model().planHistory()).isEmpty();
    assertThat(run.model().lastFailure().message())
        .contains(
            "the next larger plan takes 4 nvidia.com/gpu, and EvalQuota team gives it no more"
                + " than 3");

    PlayedRun limited = run("[1, 2, 8]", 1, 2);
    outOfMemory(limited, 1);
    assertThat(limited.model().lastFailure().message())
        .contains("EvalRuntime program (limits.maxDevicesPerEvalJob: 6) gives it no more than 6");
  }

  @Test
  void theNewCountIsWhatTheQuotaIsAskedFor() {
    PlayedRun run = run("[1, 2, 4]", 1, 2).quota(quota(4));
    charge(run, 1);
    run.actions();
    outOfMemory(run, 1);

    assertThat(run.model().phase()).isEqualTo("Queued");
    assertThat(run.model().devicesPerProcess()).isEqualTo(4);
    assertThat(run.status().waiting().message()).contains("needs 4");
    assertThat(run.actions()).doesNotHaveAnyElementsOfTypes(Action.StartStage.class);
  }

  @Test
  void aLargerPlanThatItsQueueCanNeverGiveIsTakenBack() {
    PlayedRun run = run("[1, 2, 4]", 1, 1, "queueName: team");
    outOfMemory(run, 1);
    run.sees(run.queued(Stage.Infer, 2, OptionalInt.empty())).settle();
    assertThat(run.status().waiting().reason()).as("it may come to its turn").isEqualTo("Kueue");
    run.actions();

    run.sees(run.queued(Stage.Infer, 2, OptionalInt.of(1))).settle();

    assertThat(run.actions()).contains(new Action.DeleteJob("job-Infer-2"));
    assertThat(run.model().phase()).isEqualTo("Failed");
    assertThat(run.model().lastFailure().cause()).isEqualTo("OutOfMemory");
    assertThat(run.model().lastFailure().message())
        .isEqualTo(
            "it failed. The larger plan of attempt 2 (spec.split.onOutOfMemory: Replan) takes 2"
                + " nvidia.com/gpu, and Kueue's queue team can never give more than 1. Have its"
                + " quota raised, then change spec.runID to run it again.");
  }

  @Test
  void aLargerReserveTakesThePlaceOfDevicesThatTheQueueCanNeverGive() {
    PlayedRun run =
        PlayedRun.of(
                Manifests.of(
                    manifestText("[2, 4]", 1, 2, "Replan", "queueName: team")
                        .replace(
                            "harness: Command\n  command: {args: [python3, /opt/eval.py]}",
                            "harness: VLMEvalKit\n  vlmevalkit: {dialect: StatusFile}")
                        .replace("split: {", "split: {strategy: None, ")))
            .inferring();
    outOfMemory(run, 1);
    assertThat(run.model().devicesPerProcess()).isEqualTo(4);
    run.actions();

    run.sees(run.queued(Stage.Infer, 2, OptionalInt.of(2))).settle();

    assertThat(run.model().attempt()).isEqualTo(3);
    assertThat(run.model().planHistory())
        .extracting(PlanRecord::devicesPerProcess, PlanRecord::reservePercent)
        .containsExactly(tuple(2, 10), tuple(4, 10), tuple(2, 20));
    assertThat(run.model().planHistory().get(2).message())
        .contains("Kueue's queue team can never give more than 2");
    assertThat(run.actions())
        .contains(new Action.DeleteJob("job-Infer-2"))
        .doesNotHaveAnyElementsOfTypes(Action.StoreResults.class)
        .endsWith(new Action.StartStage("base", Stage.Infer, 3, "plan-1-1x2-20", Optional.empty()));
  }

  @Test
  void aFirstPlanThatItsQueueCanNeverGiveWaits() {
    PlayedRun run = run("[1, 2, 4]", 1, 2, "queueName: team");
    run.actions();

    run.sees(run.queued(Stage.Infer, 1, OptionalInt.of(1))).settle();

    assertThat(run.status().waiting().reason()).isEqualTo("Kueue");
    assertThat(run.actions()).isEmpty();
  }

  @Test
  void aRuntimeThatWasEditedGivesNoNewPlan() {
    PlayedRun run = run("[1, 2]", 1, 1);
    run.runtimeGeneration(7L);
    outOfMemory(run, 1);

    assertThat(run.model().planHistory()).isEmpty();
    assertThat(run.model().lastFailure().message())
        .contains("EvalRuntime program is not as it was when the run began");
  }

  @ParameterizedTest
  @ValueSource(strings = {"HarnessFailed", "HostOutOfMemory"})
  void otherFailuresKeepThePlan(String cause) {
    PlayedRun run = run("[1, 2]", 1, 1);
    run.sees(run.failed(Stage.Infer, 1, FailureCause.valueOf(cause))).settle();

    assertThat(run.model().planHistory()).isEmpty();
    assertThat(run.model().devicesPerProcess()).isEqualTo(1);
  }

  @Test
  void byDefaultTheSamePlanIsTriedOnceMore() {
    PlayedRun run = PlayedRun.of(manifest("[1, 2]", 1, 1, "Fail")).inferring();
    outOfMemory(run, 1);
    assertThat(run.model().attempt()).isEqualTo(2);
    assertThat(run.model().planHistory()).isEmpty();
    run.sees(
            run.failed(Stage.Infer, 1, FailureCause.OutOfMemory),
            run.failed(Stage.Infer, 2, FailureCause.OutOfMemory))
        .settle();

    assertThat(run.model().phase()).isEqualTo("Failed");
  }

  @Test
  void aNewRunBeginsWithThePlanOfItsSpec() {
    PlayedRun run = run("[1, 2]", 1, 1);
    outOfMemory(run, 1);
    assertThat(run.model().devicesPerProcess()).isEqualTo(2);

    run.edit("runID", "2").sees().settle();

    assertThat(run.model().planHistory()).isEmpty();
    assertThat(run.model().devicesPerProcess()).isEqualTo(1);
  }

  private static void outOfMemory(PlayedRun run, int attempt) {
    run.sees(run.failed(Stage.Infer, attempt, FailureCause.OutOfMemory)).settle();
  }

  private static void charge(PlayedRun run, int attempt) {
    run.sees(run.running(Stage.Infer, attempt)).settle();
  }

  private static QuotaView quota(int devices) {
    return new QuotaView(
        "team",
        new Limits(Map.of("nvidia.com/gpu", devices), Map.of(), Duration.ofMinutes(10)),
        Map.of(),
        Map.of(),
        Set.of(),
        Map.of("base", 1));
  }

  private static PlayedRun run(String counts, int processes, int devices, String... spec) {
    return PlayedRun.of(manifest(counts, processes, devices, "Replan", spec)).inferring();
  }

  private static Manifests manifest(
      String counts, int processes, int devices, String onOutOfMemory, String... spec) {
    return Manifests.of(manifestText(counts, processes, devices, onOutOfMemory, spec));
  }

  private static String manifestText(
      String counts, int processes, int devices, String onOutOfMemory, String... spec) {
    StringBuilder more = new StringBuilder();
    for (String line : spec) {
      more.append("  ").append(line).append('\n');
    }
    return """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalRuntime
        metadata: {name: program}
        spec:
          harness: Command
          command: {args: [python3, /opt/eval.py]}
          image: registry.example/eval:1
          allow: {namespaceSelector: {}}
          limits: {maxDevicesPerEvalJob: 6}
        ---
        apiVersion: evaljob.io/v1alpha1
        kind: ModelProfile
        metadata: {name: sizes, namespace: vlm}
        spec:
          catalogEntries: [base]
          allowedDeviceCounts: COUNTS
        ---
        apiVersion: evaljob.io/v1alpha1
        kind: EvalJob
        metadata: {name: job, namespace: vlm}
        spec:
          runtimeRef: {name: program}
          models: [{name: base, processes: PROCESSES, devicesPerProcess: DEVICES}]
          datasets: [{name: shapes}]
          split: {onOutOfMemory: REPLAN}
        MORE"""
        .replace("COUNTS", counts)
        .replace("PROCESSES", "" + processes)
        .replace("DEVICES", "" + devices)
        .replace("REPLAN", onOutOfMemory)
        .replace("MORE", more);
  }
}
