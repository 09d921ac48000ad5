package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Reservation;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.Workload;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.testbed.Edits;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Infer stages that Kueue admits, evicts and admits again. */
abstract class KueueScenarios extends ScenarioBase {

  static final String QUEUE = "team-vlm";

  private final AtomicBoolean evicted = new AtomicBoolean();
  private PlayedKueue<?> kueue;

  /** Kueue is installed, with one queue in the namespace and this many devices for it. */
  <T extends Workload> void givenKueue(Class<T> version, int devices) {
    cluster().serveWorkloads();
    kueue = new PlayedKueue<>(cluster().client(), namespace(), version, QUEUE);
    kueue.start();
    kueue.setQuota(devices);
  }

  PlayedKueue<?> kueue() {
    return kueue;
  }

  @AfterEach
  void closeKueue() {
    if (kueue != null) {
      kueue.close();
    }
  }

  EvalJob queued(String name) {
    return Samples.edited(job(name, "base"), "queueName", QUEUE);
  }

  private void whenInferRunsOnUntilItIsEvicted() {
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && !evicted.get() ? new Ending.RunsOn() : succeeds(model));
  }

  EvalJob awaitWait(String name, String reason, String text) {
    return awaitJob(
        name,
        status ->
            status
                .waitingIfSet()
                .filter(why -> reason.equals(why.reason()) && why.message().contains(text))
                .isPresent());
  }

  private static boolean holdsItsDevices(EvalJobStatus status) {
    return status.summary() != null && "2/2".equals(status.summary().devices());
  }

  private Job inferJob(EvalJob job) {
    return jobs(job).stream()
        .filter(child -> "infer".equals(child.getMetadata().getLabels().get(Labels.STAGE)))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void theInferStageWaitsInItsQueueAndRunsWhereKueuePutsIt() {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 0);
    whenJobs((model, stage, attempt) -> succeeds(model));
    RequestTap tap = startOperator();
    EvalJob job = applied(queued("queued"));

    EvalJob waiting = awaitWait("queued", "Kueue", "WaitingForQuota");
    assertThat(waiting.getStatus().waiting().message())
        .contains(QUEUE, "insufficient unused quota for nvidia.com/gpu", "2 more needed");
    assertThat(waiting.getStatus().phase()).isEqualTo("Pending");
    assertThat(waiting.getStatus().summary().devices()).isEqualTo("0/2");
    assertThat(jobsOf(job)).containsExactly("base/infer/1", "base/prefetch/1");
    assertThat(jobs(job))
        .filteredOn(child -> child.getMetadata().getLabels().containsKey(Labels.QUEUE))
        .containsExactly(inferJob(job));
    assertThat(inferJob(job).getMetadata().getLabels()).containsEntry(Labels.QUEUE, QUEUE);

    kueue.setQuota(2);
    EvalJob done = awaitPhase("queued", "Succeeded");

    Job admitted = inferJob(job);
    assertThat(admitted.getSpec().getSuspend()).isFalse();
    assertThat(admitted.getSpec().getTemplate().getSpec().getNodeSelector())
        .containsEntry(PlayedKueue.FLAVOR_KEY, PlayedKueue.FLAVOR);
    assertThat(admitted.getSpec().getTemplate().getSpec().getTolerations())
        .contains(PlayedKueue.TOLERATION);
    assertThat(jobsOf(job)).containsExactly("base/infer/1", "base/prefetch/1", "base/score/1");
    assertThat(done.getStatus().waitingIfSet()).isEmpty();
    assertThat(tap.kindsOfWrites())
        .as("a Job is made once and then left to Kueue")
        .filteredOn(write -> write.endsWith(" jobs"))
        .containsExactly("POST jobs");
  }

  @Test
  void evictionIsARequeueAndNoFailure() {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 2);
    whenInferRunsOnUntilItIsEvicted();
    startOperator();
    EvalJob job = applied(queued("evicted"));
    awaitJob("evicted", KueueScenarios::holdsItsDevices);
    String firstPod = podOf(inferJob(job)).getMetadata().getUid();
    String uid = inferJob(job).getMetadata().getUid();

    evicted.set(true);
    kueue.evictAll("Preempted");

    EvalJob waiting = awaitWait("evicted", "Kueue", "evicted (Preempted), work is kept");
    assertThat(waiting.getStatus().phase()).isEqualTo("Pending");
    awaitJob("evicted", status -> "0/2".equals(status.summary().devices()));

    kueue.setQuota(2);
    EvalJob done = awaitPhase("evicted", "Succeeded");

    Job again = inferJob(job);
    assertThat(again.getMetadata().getUid()).as("the same Job").isEqualTo(uid);
    assertThat(podOf(again).getMetadata().getUid()).as("another pod").isNotEqualTo(firstPod);
    ModelStatus model = done.getStatus().models().get(0);
    assertThat(model.lastFailureIfSet()).isEmpty();
    assertThat(model.retries()).isZero();
    assertThat(jobsOf(job)).containsExactly("base/infer/1", "base/prefetch/1", "base/score/1");
    await().untilAsserted(() -> assertThat(eventReasons("evicted")).contains("Kueue", "Succeeded"));
    assertThat(eventReasons("evicted")).doesNotContain("RetryScheduled");
  }

  private Pod podOf(Job job) {
    return cluster().client().pods().inNamespace(namespace()).list().getItems().stream()
        .filter(
            pod ->
                pod.getMetadata()
                    .getOwnerReferences()
                    .get(0)
                    .getUid()
                    .equals(job.getMetadata().getUid()))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aQueueThatIsNotThereIsToldWithItsRemedyAndCanBeCorrected() {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 2);
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    EvalJob job = applied(Samples.edited(job("moved", "base"), "queueName", "team-vlmm"));

    EvalJob waiting = awaitWait("moved", "Kueue", "LocalQueue team-vlmm doesn't exist");
    assertThat(waiting.getStatus().waiting().message()).contains("correct spec.queueName");
    String uid = inferJob(job).getMetadata().getUid();

    edit("moved", "queueName", QUEUE);
    EvalJob done = awaitPhase("moved", "Succeeded");

    assertThat(inferJob(job).getMetadata().getUid()).isNotEqualTo(uid);
    assertThat(inferJob(job).getMetadata().getLabels()).containsEntry(Labels.QUEUE, QUEUE);
    assertThat(jobsOf(job)).as("no attempt is used up").contains("base/infer/1");
    assertThat(done.getStatus().models().get(0).retries()).isZero();
  }

  @Test
  void aJobTakenOutOfItsQueueRunsWithoutOne() {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 0);
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    EvalJob job = applied(queued("out"));
    awaitWait("out", "Kueue", "WaitingForQuota");

    edit("out", "queueName", null);

    awaitPhase("out", "Succeeded");
    assertThat(inferJob(job).getMetadata().getLabels()).doesNotContainKey(Labels.QUEUE);
    assertThat(inferJob(job).getSpec().getSuspend()).isNotEqualTo(true);
  }

  @Test
  void whatKueueAdmittedIsNotChargedThoughTheSpecNamesNoQueueByNow() {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 2);
    whenInferRunsOnUntilItIsEvicted();
    startOperator();
    EvalJob job = applied(queued("theirs"));
    awaitJob("theirs", KueueScenarios::holdsItsDevices);
    edit("theirs", "queueName", null);

    givenQuota("team", 2);
    EvalJob ours = applied(job("ours", "base"));
    awaitJob("ours", KueueScenarios::holdsItsDevices);

    assertThat(awaitQuota("team", status -> !status.reservations().isEmpty()).reservations())
        .map(Reservation::uid)
        .containsExactly(ours.getMetadata().getUid());
    assertThat(inferJob(job).getMetadata().getLabels()).containsEntry(Labels.QUEUE, QUEUE);
  }

  @Test
  void aLargerPlanThanTheQueueCanGiveIsTakenBack() {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 1);
    kueue.setCapacity(1);
    apply(Samples.profile(namespace(), "grow", 1, 2));
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer
                ? new Ending.Fails(FailureCause.OutOfMemory, "device 0 is full", 0)
                : succeeds(model));
    startOperator();
    EvalJob job =
        applied(
            Samples.edited(
                Samples.replanned(Samples.onOneDevice(job("beyond", "grow"), "grow")),
                "queueName",
                QUEUE));

    EvalJob done = awaitPhase("beyond", "Failed");

    assertThat(done.getStatus().models().get(0).lastFailure().message())
        .contains(
            "device 0 is full",
            "takes 2 nvidia.com/gpu",
            "Kueue's queue " + QUEUE + " can never give more than 1");
    await().untilAsserted(() -> assertThat(jobsOf(job)).doesNotContain("grow/infer/2"));
  }

  @Test
  void whatAsksForMoreThanTheQueueHasWaitsAndSaysSo() {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 2);
    kueue.setCapacity(1);
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    EvalJob job = applied(queued("toolarge"));

    EvalJob waiting = awaitWait("toolarge", "Kueue", "the queue can never give as much");
    assertThat(waiting.getStatus().waiting().message()).contains("maximum capacity (1)");
    kueue.setCapacity(2);

    awaitPhase("toolarge", "Succeeded");
    assertThat(jobsOf(job)).contains("base/infer/1");
  }

  @Test
  void whatIsDeactivatedWaitsForWhoeverDidIt() {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 0);
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    EvalJob job = applied(queued("inactive"));
    awaitWait("inactive", "Kueue", "WaitingForQuota");

    setActive(job, false);
    kueue.setQuota(2);
    EvalJob waiting = awaitWait("inactive", "Kueue", "is deactivated");
    assertThat(waiting.getStatus().waiting().message()).contains("spec.active to true");

    setActive(job, true);
    awaitPhase("inactive", "Succeeded");
  }

  private void setActive(EvalJob job, boolean active) {
    Edits.untilWritten(
        () ->
            cluster()
                .client()
                .resources(Workload.V1Beta2.class)
                .inNamespace(namespace())
                .withName("job-" + inferJob(job).getMetadata().getName())
                .edit(
                    now -> {
                      now.setSpec(new Workload.Spec(active));
                      return now;
                    }));
  }

  @Test
  void theOperatorMayStopBetweenMakingTheJobAndSayingSo() throws InterruptedException {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 2);
    whenInferRunsOnUntilItIsEvicted();
    RequestTap tap = cutOffOnceTheSecondJobIsMade();
    startOperator(tap);
    EvalJob job = applied(queued("stopped"));
    tap.cutOff().await();
    abandonOperator();
    await().until(() -> Boolean.FALSE.equals(inferJob(job).getSpec().getSuspend()));
    String uid = inferJob(job).getMetadata().getUid();

    startOperator();
    awaitJob("stopped", KueueScenarios::holdsItsDevices);

    assertThat(jobsOf(job)).containsExactly("base/infer/1", "base/prefetch/1");
    assertThat(read("stopped").getStatus().models().get(0).jobUID())
        .as("the Job that Kueue has written to is still ours")
        .isEqualTo(uid);
  }

  @Test
  void aJobMadeForAnotherQueueDoesNotRunBesideTheOneThatTakesItsPlace()
      throws InterruptedException {
    givenRuntime();
    givenKueue(Workload.V1Beta2.class, 0);
    whenJobs((model, stage, attempt) -> succeeds(model));
    RequestTap tap = cutOffOnceTheSecondJobIsMade();
    startOperator(tap);
    EvalJob job = applied(Samples.edited(job("orphan", "base"), "queueName", "team-vlmm"));
    tap.cutOff().await();
    abandonOperator();
    assertThat(jobsOf(job)).contains("base/infer/1");
    edit("orphan", "queueName", QUEUE);

    startOperator();
    awaitJob("orphan", status -> status.models().get(0).attempt() == 2);
    await().until(() -> !jobsOf(job).contains("base/infer/1"));
    kueue.setQuota(2);
    awaitPhase("orphan", "Succeeded");

    assertThat(jobsOf(job)).isEqualTo(List.of("base/infer/2", "base/prefetch/1", "base/score/1"));
  }

  /** Nothing gets through any more once the second Job has been made. */
  private RequestTap cutOffOnceTheSecondJobIsMade() {
    RequestTap tap = RequestTap.open();
    tap.before(
        request -> request.startsWith("POST") && request.endsWith("/jobs"),
        () -> {
          if (tap.writes(namespace()).stream().filter(w -> w.endsWith("/jobs")).count() == 1) {
            tap.cutAfter(0);
          }
        });
    return tap;
  }
}
