package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.DeviceWeights;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.SmokeTestStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.testbed.Edits;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** How runs end, as a user sees it. */
abstract class OutcomeScenarios extends ScenarioBase {

  @Test
  void aRunGoesThroughAllStagesToScores() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    RequestTap tap = startOperator();
    apply(job("qwen", "base"));

    EvalJob job = awaitPhase("qwen", "Succeeded");

    Outcomes.assertWholeRun(job, jobsOf(job));
    EvalJobStatus status = job.getStatus();
    ModelStatus model = status.models().get(0);
    assertThat(model.deviceIDs()).containsExactly("GPU-1");
    assertThat(model.deviceWeights()).containsExactly(new DeviceWeights(0, 8192L, 4096L));
    assertThat(model.smokeTest())
        .isEqualTo(new SmokeTestStatus("Passed", "4 samples of each data set"));
    assertThat(model.nodeName()).isEqualTo(cluster().nodeName());
    ConfigMap results =
        cluster()
            .client()
            .configMaps()
            .inNamespace(namespace())
            .withName(model.resultsName())
            .get();
    assertThat(results.getData().toString()).contains("0.5", "0.75");
    await().untilAsserted(() -> Outcomes.assertEventsOfWholeRun(eventReasons("qwen")));
    // What can be seen between two passes varies: at most five states of each stage, and the plan.
    assertThat(tap.writes()).filteredOn(write -> write.endsWith("/status")).hasSizeLessThan(20);
  }

  @Test
  void oneModelFailsAndTheOtherKeepsItsScores() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            model.equals("bad") && stage == Stage.Infer
                ? new Ending.Fails(FailureCause.HarnessFailed, "the harness gave up", 0)
                : succeeds(model));
    startOperator();
    apply(job("two", "good", "bad"));

    EvalJob job = awaitPhase("two", "PartiallyFailed");

    Outcomes.assertOneModelFailed(job);
    // Events follow the status that tells the same.
    await()
        .untilAsserted(
            () ->
                assertThat(eventReasons("two"))
                    .contains("RetryScheduled")
                    .endsWith("PartiallyFailed"));
  }

  @Test
  void someDatasetsFailAndTheOthersAreScored() {
    givenRuntime();
    ResultRow failed =
        new ResultRow("base", "two", "Failed", null, null, null, null, null, "no such file");
    whenJobs(
        (model, stage, attempt) ->
            switch (stage) {
              case Infer -> new Ending.Fails(FailureCause.DatasetFailed, "two failed", 1);
              case Score -> new Ending.Succeeds(List.of(row("base", "one", "0.5"), failed));
              default -> succeeds(model);
            });
    startOperator();
    apply(job("part", "base"));

    EvalJob job = awaitPhase("part", "PartiallyFailed");

    Outcomes.assertOneDatasetFailed(job, jobsOf(job), "base");
  }

  @Test
  void aRankCrashesAndTheNextAttemptSucceeds() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && attempt == 1
                ? new Ending.Fails(FailureCause.RankFailed, "rank 1 died of signal 9", 0)
                : succeeds(model));
    startOperator();
    apply(job("crash", "base"));

    EvalJob job = awaitPhase("crash", "Succeeded");

    Outcomes.assertSecondAttemptSucceeded(job, jobsOf(job), "base", "RankFailed");
    assertThat(job.getStatus().models().get(0).lastFailure().message()).contains("signal 9");
    await().untilAsserted(() -> assertThat(eventReasons("crash")).contains("RetryScheduled"));
  }

  @Test
  void outOfMemoryIsTriedOnceMoreAndNotThreeTimes() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer
                ? new Ending.Fails(FailureCause.OutOfMemory, "device 0 is full", 0)
                : succeeds(model));
    startOperator();
    apply(job("oom", "base"));

    EvalJob job = awaitPhase("oom", "Failed");

    Outcomes.assertOutOfDeviceMemory(job, jobsOf(job), "base");
  }

  @Test
  void outOfMemoryIsFollowedByALargerPlanWhereTheSpecWantsThat() {
    givenRuntime();
    givenQuota("team", 2);
    apply(Samples.profile(namespace(), "grow", 1, 2, 4));
    CountDownLatch charged = new CountDownLatch(1);
    whenJobs(
        (model, stage, attempt) -> {
          if (stage == Stage.Infer && attempt == 1) {
            return new Ending.Fails(FailureCause.OutOfMemory, "device 0 is full", 0);
          }
          if (stage == Stage.Infer) {
            charged.await();
          }
          return succeeds(model);
        });
    startOperator();
    apply(Samples.replanned(Samples.onOneDevice(job("larger", "grow"), "grow")));
    EvalJob replanned =
        awaitJob(
            "larger",
            status ->
                status.models().stream()
                    .anyMatch(model -> model.attempt() == 2 && model.jobUIDIfSet().isPresent()));
    assertThat(replanned.getStatus().devices().get(0).requested()).isEqualTo(2);
    assertThat(awaitQuota("team", status -> status.reservations().size() == 1).reservations())
        .as("charged for what it has now")
        .extracting(reservation -> reservation.devices())
        .containsExactly(2);
    charged.countDown();

    EvalJob job = awaitPhase("larger", "Succeeded");

    Outcomes.assertLargerPlan(job, jobsOf(job), "grow");
    List<String> plans =
        cluster().client().configMaps().inNamespace(namespace()).list().getItems().stream()
            .map(found -> found.getMetadata().getName())
            .filter(name -> name.contains("-plan-"))
            .toList();
    assertThat(plans)
        .as("the smaller plan stays as it was made")
        .hasSize(2)
        .contains(job.getStatus().models().get(0).planName());
    await().untilAsserted(() -> assertThat(eventReasons("larger")).contains("Replanned"));
  }

  @Test
  void aLargerPlanThanTheQuotaCanGrantIsNotTried() {
    givenRuntime();
    givenQuota("team", 1);
    apply(Samples.profile(namespace(), "grow", 1, 2));
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer
                ? new Ending.Fails(FailureCause.OutOfMemory, "device 0 is full", 0)
                : succeeds(model));
    startOperator();
    apply(Samples.replanned(Samples.onOneDevice(job("capped", "grow"), "grow")));

    EvalJob job = awaitPhase("capped", "Failed");

    Outcomes.assertOutOfDeviceMemory(job, jobsOf(job), "grow");
    assertThat(job.getStatus().models().get(0).lastFailure().message())
        .contains("device 0 is full", "takes 2 nvidia.com/gpu", "EvalQuota " + quota("team"));
    assertThat(job.getStatus().models().get(0).planHistory()).isEmpty();
  }

  @Test
  void anExitCodeOfZeroDoesNotMakeASuccess() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && attempt == 1
                ? new Ending.SaysOneDoesAnother(FailureCause.HarnessFailed)
                : succeeds(model));
    startOperator();
    apply(job("liar", "base"));

    EvalJob job = awaitPhase("liar", "Succeeded");

    Outcomes.assertSecondAttemptSucceeded(job, jobsOf(job), "base", "HarnessFailed");
  }

  @Test
  void aProcessThatDiesWithoutAWordIsTriedOnceMore() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) -> stage == Stage.Prefetch ? new Ending.Dies(3) : succeeds(model));
    startOperator();
    apply(job("dead", "base"));

    EvalJob job = awaitPhase("dead", "Failed");

    assertThat(jobsOf(job)).containsExactly("base/prefetch/1", "base/prefetch/2");
    assertThat(job.getStatus().models().get(0).lastFailure().message()).contains("code 3");
  }

  @Test
  void anEvictionChargesNoRetry() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && attempt <= 5 ? new Ending.IsEvicted() : succeeds(model));
    startOperator();
    apply(job("evicted", "base"));

    EvalJob job = awaitPhase("evicted", "Succeeded");

    assertThat(jobsOf(job)).contains("base/infer/6");
    assertThat(job.getStatus().models().get(0).lastFailure().cause()).isEqualTo("Evicted");
  }

  @Test
  void evictionsTakeNoRetryFromALaterFailure() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            switch (stage == Stage.Infer ? attempt : 4) {
              case 1, 2 -> new Ending.IsEvicted();
              case 3 -> new Ending.Dies(3);
              default -> succeeds(model);
            });
    startOperator();
    apply(job("later", "base"));

    EvalJob job = awaitPhase("later", "Succeeded");

    assertThat(jobsOf(job)).contains("base/infer/4").doesNotContain("base/infer/5");
  }

  @Test
  void scoresThatWereNeverStoredAreReportedByASecondScoreStage() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Score && attempt == 1 ? new Ending.ForgetsToReport() : succeeds(model));
    startOperator();
    apply(job("lost", "base"));

    EvalJob job = awaitPhase("lost", "Succeeded");

    assertThat(jobsOf(job)).contains("base/score/2").doesNotContain("base/infer/2");
    assertThat(job.getStatus().resultsTotal()).isEqualTo(2);
  }

  @Test
  void everyFieldOfTheStatusIsWrittenBySomeRun() throws Exception {
    CountDownLatch seen = new CountDownLatch(1);
    CountDownLatch taken = new CountDownLatch(1);
    whenJobs(
        (model, stage, attempt) -> {
          if (stage == Stage.Infer && model.equals("grow")) {
            return attempt == 1
                ? new Ending.Fails(FailureCause.OutOfMemory, "device 0 is full", 0)
                : succeeds(model);
          }
          if (stage == Stage.Infer && attempt == 1) {
            return new Ending.Fails(FailureCause.RankFailed, "rank 1 died", 1);
          }
          if (stage == Stage.Infer) {
            return new Ending.RunsUntil(model.equals("taker") ? taken : seen, succeeds(model));
          }
          return stage == Stage.Score && model.equals("base")
              ? new Ending.Succeeds(
                  List.of(
                      new ResultRow(
                          model, "one", "Succeeded", "accuracy", "0.5", "judge-1", 6L, 0L, null),
                      new ResultRow(
                          model, "two", "Failed", null, null, null, 0L, 0L, "no such file")))
              : succeeds(model);
        });
    startOperator();
    apply(job("whole", "base"));
    EvalJobStatus waiting = awaitWaiting("whole", "RuntimeNotFound").getStatus();
    apply(
        Samples.edited(
            job("late", "late"),
            "models",
            List.of(Map.of("name", "late", "profileName", "absent"))));
    awaitWaiting("late", "RuntimeNotFound");
    givenRuntime();
    EvalJobStatus twice = awaitWaiting("late", "ProfileNotFound").getStatus();
    edit("late", "suspend", true);
    apply(Samples.profile(namespace(), "absent", 1, 2));
    EvalJobStatus found =
        awaitJob("late", status -> status.lastWaitingIfSet().isPresent()).getStatus();
    EvalJobStatus half =
        awaitJob(
                "whole",
                status ->
                    status.models().stream()
                            .flatMap(model -> model.progressIfSet().stream())
                            .anyMatch(progress -> progress.estimatedCompletionTime() != null)
                        && status.models().get(0).attemptStartTimeIfSet().isPresent())
            .getStatus();
    seen.countDown();
    EvalJobStatus end = awaitPhase("whole", "PartiallyFailed").getStatus();
    apply(Samples.profile(namespace(), "grow", 1, 2));
    apply(Samples.replanned(job("larger", "grow")));
    EvalJobStatus larger = awaitPhase("larger", "Succeeded").getStatus();
    givenQuota("all", 2);
    apply(job("taker", "taker"));
    awaitJob("taker", status -> conditions(status).containsValue("True/Reserved"));
    apply(job("good", "good"));
    EvalJobStatus queued = awaitWaiting("good", "EvalQuota").getStatus();
    taken.countDown();
    EvalJobStatus good = awaitPhase("good", "Succeeded").getStatus();
    edit("whole", "runID", "2");
    EvalJobStatus next = awaitJob("whole", status -> status.run().number() == 2).getStatus();
    edit("good", "runID", "2");
    EvalJobStatus after = awaitJob("good", status -> status.run().number() == 2).getStatus();
    edit("whole", "suspend", true);
    EvalJobStatus paused =
        awaitJob("whole", status -> "Suspended".equals(status.phase())).getStatus();

    EvalRuntime runtime = Samples.runtime(namespace(), cluster().nodeName());
    Edits.untilWritten(() -> cluster().client().resource(runtime).edit(Samples::withLimitedTime));
    apply(job("limited", "base"));
    EvalJobStatus limited =
        awaitJob(
                "limited",
                status -> status.runIfSet().flatMap(RunStatus::maxActiveSecondsIfSet).isPresent())
            .getStatus();

    Set<String> written = new TreeSet<>();
    StatusFields.written(limited, written);
    StatusFields.written(waiting, written);
    StatusFields.written(twice, written);
    StatusFields.written(found, written);
    StatusFields.written(half, written);
    StatusFields.written(end, written);
    StatusFields.written(larger, written);
    StatusFields.written(queued, written);
    StatusFields.written(good, written);
    StatusFields.written(next, written);
    StatusFields.written(after, written);
    StatusFields.written(paused, written);
    assertThat(written).isEqualTo(StatusFields.declared());
    assertThat(half.models().get(0).progress().percent()).isEqualTo(50);
    assertThat(end.models().get(0).progress().estimatedCompletionTimeIfSet()).isEmpty();
    assertThat(end.progress().estimatedCompletionTimeIfSet()).isEmpty();
    assertThat(end.models().get(0).imageID()).isEqualTo("registry/eval@sha256:00");
    assertThat(end.models().get(0).note()).contains("memory is not checked");
    assertThat(end.results().get(1).message()).isEqualTo("no such file");
    assertThat(end.results().get(0).samples()).isEqualTo(6);
  }

  @Test
  void modelsTakeTurnsWhereOnlyOneMayRun() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(Samples.oneAtATime(job("turns", "a", "b", "c")));

    EvalJob job = awaitPhase("turns", "Succeeded");

    await()
        .untilAsserted(
            () ->
                assertThat(eventsOf("turns"))
                    .filteredOn(event -> event.getReason().endsWith("Started"))
                    .extracting(event -> event.getMessage().substring(0, "Model a".length()))
                    .containsExactly(
                        "Model a", "Model a", "Model a", "Model b", "Model b", "Model b", "Model c",
                        "Model c", "Model c"));
    assertThat(job.getStatus().models()).allMatch(model -> "Succeeded".equals(model.phase()));
    assertThat(job.getStatus().summary().devices()).isEqualTo("0/2");
  }
}
