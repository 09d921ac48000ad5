package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What its author does with a run while it lives. */
abstract class LifeScenarios extends ScenarioBase {

  @Test
  void aSuspendedRunGivesItsDevicesBackAndGoesOnLater() {
    AtomicBoolean goesOn = new AtomicBoolean();
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && !goesOn.get() ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(job("paused", "base"));
    awaitJob("paused", LifeScenarios::holdsItsDevices);

    edit("paused", "suspend", true);
    EvalJob suspended =
        awaitJob("paused", status -> "True/Suspended".equals(conditions(status).get("Ready")));

    assertThat(suspended.getStatus().phase()).isEqualTo("Suspended");
    assertThat(suspended.getStatus().summary().devices()).isEqualTo("0/2");
    assertThat(podsThatLive(suspended)).isEmpty();
    assertThat(jobsOf(suspended)).containsExactly("base/prefetch/1");

    goesOn.set(true);
    edit("paused", "suspend", false);
    EvalJob done = awaitPhase("paused", "Succeeded");
    assertThat(jobsOf(done)).containsExactly("base/infer/2", "base/prefetch/1", "base/score/1");
    assertThat(done.getStatus().models().get(0).retries()).isZero();
    assertThat(done.getStatus().models().get(0).disruptions()).isZero();
    await()
        .untilAsserted(
            () -> assertThat(eventReasons("paused")).containsOnlyOnce("Suspended", "Resumed"));
  }

  @Test
  void aJobThatIsMadeSuspendedIsEditedFreelyUntilItIsResumed() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(Samples.edited(job("draft", "base"), "suspend", true));
    awaitJob("draft", status -> "True/Suspended".equals(conditions(status).get("Ready")));

    edit("draft", "datasets", List.of(java.util.Map.of("name", "one")));
    EvalJob edited = edit("draft", "suspend", false);

    EvalJob done = awaitPhase("draft", "Succeeded");
    assertThat(edited.getSpec().runIDOrDefault()).isEqualTo("1");
    assertThat(done.getStatus().resultsTotal()).isEqualTo(1);
  }

  @Test
  void aRunThatAnotherFollowsKeepsItsResultsInTheStatus() {
    AtomicBoolean second = new AtomicBoolean();
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && second.get() ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(job("again", "base"));
    EvalJob first = awaitPhase("again", "Succeeded");

    second.set(true);
    edit("again", "runID", "2");
    awaitJob("again", LifeScenarios::holdsItsDevices);
    edit("again", "runID", "3");
    EvalJob third = awaitJob("again", status -> status.run().number() == 3);

    assertThat(third.getStatus().previousRuns())
        .satisfiesExactly(
            stopped -> {
              assertThat(stopped.id()).isEqualTo("2");
              assertThat(stopped.phase()).isEqualTo("Stopped");
            },
            ended -> {
              assertThat(ended.id()).isEqualTo("1");
              assertThat(ended.phase()).isEqualTo("Succeeded");
              assertThat(ended.score()).isEqualTo(first.getStatus().summary().score());
              assertThat(ended.results()).hasSize(2);
              assertThat(ended.resultsNames())
                  .containsExactly(first.getStatus().models().get(0).resultsName());
            });
    assertThat(
            cluster()
                .client()
                .configMaps()
                .inNamespace(namespace())
                .withName(first.getStatus().models().get(0).resultsName())
                .get())
        .isNotNull();
    await().untilAsserted(() -> assertThat(podsThatLive(third)).allMatch(pod -> runOf(pod) == 3));
  }

  @Test
  void aFinishedJobIsDeletedWhenItsTimeIsOver() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(job("short", "base"));
    awaitPhase("short", "Succeeded");

    edit("short", "ttlSecondsAfterFinished", 0);

    await().until(() -> read("short") == null);
  }

  @Test
  void aDeadlineEndsWhatEvaluates() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) -> stage == Stage.Infer ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(job("late", "base"));
    awaitJob("late", LifeScenarios::holdsItsDevices);

    edit("late", "activeDeadlineSeconds", 1);
    EvalJob ended = awaitPhase("late", "Failed");

    assertThat(ended.getStatus().models().get(0).lastFailure().cause())
        .isEqualTo("DeadlineExceeded");
    assertThat(ended.getStatus().results()).hasSize(2);
    assertThat(ended.getStatus().summary().devices()).isEqualTo("0/2");
    assertThat(podsThatLive(ended)).isEmpty();
  }

  @Test
  void aRunThatIsNotLetStartEndsAtItsStartDeadline() {
    givenRuntime();
    cluster().useUpQuota(namespace());
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(job("queued", "base"));
    awaitWaiting("queued", "ResourceQuota");

    edit("queued", "startDeadlineSeconds", 1);
    EvalJob ended = awaitPhase("queued", "Failed");

    assertThat(ended.getStatus().models().get(0).lastFailure().message())
        .contains("spec.startDeadlineSeconds (1)")
        .contains("ResourceQuota");
    assertThat(jobsOf(ended)).isEmpty();
  }

  List<Pod> podsThatLive(EvalJob job) {
    return cluster()
        .client()
        .pods()
        .inNamespace(namespace())
        .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
        .list()
        .getItems()
        .stream()
        .filter(pod -> !List.of("Succeeded", "Failed").contains(pod.getStatus().getPhase()))
        .toList();
  }

  private static long runOf(Pod pod) {
    return Long.parseLong(pod.getMetadata().getLabels().get(Labels.RUN));
  }

  static boolean holdsItsDevices(EvalJobStatus status) {
    return status.summary() != null && status.summary().devices().startsWith("2/");
  }
}
