package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.EvalRuntimeStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.report.PodIdentity;
import io.evaljob.operator.report.Stored;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.resources.Names;
import io.evaljob.operator.testbed.Edits;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** For what runs wait, what they refuse, and what they leave alone. */
abstract class WaitingScenarios extends ScenarioBase {

  @Test
  void aSpecThatCanNeverRunIsRefusedWithoutAChild() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    RequestTap tap = startOperator();
    apply(
        Samples.edited(
            job("bad", "base"),
            "placement",
            Map.of("nodeSelector", Map.of("kubernetes.io/hostname", "gpu-1"))));

    EvalJob job = awaitPhase("bad", "Failed");

    assertThat(conditions(job.getStatus()))
        .containsEntry("Accepted", "False/NotAllowed")
        .containsEntry("Finished", "True/Invalid")
        .containsEntry("Ready", "False/Invalid")
        .containsEntry("Reconciling", "False/Invalid")
        .containsEntry("Stalled", "True/Invalid");
    assertThat(job.getStatus().conditions().get(0).message()).contains("spec.placement");
    assertThat(jobsOf(job)).isEmpty();
    assertThat(tap.writes()).noneMatch(write -> write.contains("/configmaps"));
    assertThat(job.getStatus().runIfSet()).isEmpty();
  }

  @Test
  void aSpecThatIsMendedRuns() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(
        Samples.edited(
            job("mended", "base"),
            "placement",
            Map.of("nodeSelector", Map.of("kubernetes.io/hostname", "gpu-1"))));
    awaitPhase("mended", "Failed");

    edit("mended", "placement", Map.of("nodeSelector", Map.of("pool", "gpu")));

    awaitPhase("mended", "Succeeded");
  }

  @Test
  void aRuntimeThatComesLaterIsWaitedFor() {
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(job("early", "base"));

    EvalJob waiting = awaitWaiting("early", "RuntimeNotFound");
    assertThat(conditions(waiting.getStatus()))
        .containsEntry("Accepted", "False/RuntimeNotFound")
        .containsEntry("Reconciling", "True/Waiting")
        .containsEntry("Stalled", "False/Waiting");
    assertThat(waiting.getStatus().phase()).isEqualTo("Pending");

    givenRuntime();
    EvalJob done = awaitPhase("early", "Succeeded");
    assertThat(done.getStatus().waitingIfSet()).isEmpty();
  }

  @Test
  void aStrangersJobUnderOurNameIsNotTouched() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    EvalJob job = applied(job("taken", "base"));
    String name = Names.stage("taken", job.getMetadata().getUid(), 1, "base", Stage.Prefetch, 1);
    Job stranger = Samples.strangersJob(namespace(), name);
    apply(stranger);
    startOperator();

    EvalJob waiting = awaitWaiting("taken", "NameTaken");
    assertThat(waiting.getStatus().waiting().message()).contains(name);
    assertThat(jobsOf(job)).isEmpty();

    cluster().client().resource(stranger).delete();
    awaitPhase("taken", "Succeeded");
  }

  @Test
  void aStrangersClaimThatIsBeingDeletedStillHasTheName() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    EvalJob job = applied(job("behind", "base"));
    PersistentVolumeClaim claim =
        new PersistentVolumeClaimBuilder(
                Samples.strangersClaim(
                    namespace(),
                    Names.workspace("behind", job.getMetadata().getUid(), "base", false)))
            .editMetadata()
            .withFinalizers("example.com/stays")
            .endMetadata()
            .build();
    apply(claim);
    startOperator();
    awaitWaiting("behind", "NameTaken");
    cluster().client().resource(claim).delete();

    EvalJob waiting =
        awaitJob(
            "behind",
            status ->
                status
                    .waitingIfSet()
                    .filter(why -> why.message().contains("is being deleted"))
                    .isPresent());

    assertThat(waiting.getStatus().waiting().reason()).isEqualTo("NameTaken");
    assertThat(waiting.getStatus().waiting().recentReasons()).isEmpty();
    Edits.untilWritten(
        () ->
            cluster()
                .client()
                .resource(claim)
                .edit(
                    found ->
                        new PersistentVolumeClaimBuilder(found)
                            .editMetadata()
                            .withFinalizers(List.of())
                            .endMetadata()
                            .build()));
    awaitPhase("behind", "Succeeded");
  }

  @Test
  void noJobIsMadeWhileAPodOfTheModelLives() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    EvalJob job = applied(job("fence", "base"));
    Pod old =
        new PodBuilder()
            .withNewMetadata()
            .withName("old")
            .withNamespace(namespace())
            .withLabels(Labels.of(job, "base"))
            .endMetadata()
            .withNewSpec()
            .withSchedulerName("nobody")
            .withAutomountServiceAccountToken(false)
            .withNewSecurityContext()
            .withRunAsNonRoot(true)
            .withNewSeccompProfile()
            .withType("RuntimeDefault")
            .endSeccompProfile()
            .endSecurityContext()
            .addNewContainer()
            .withName("x")
            .withImage("registry/old:1")
            .withNewSecurityContext()
            .withAllowPrivilegeEscalation(false)
            .withNewCapabilities()
            .withDrop("ALL")
            .endCapabilities()
            .endSecurityContext()
            .endContainer()
            .endSpec()
            .build();
    apply(old);
    startOperator();

    EvalJob waiting = awaitWaiting("fence", "PodsRemain");
    assertThat(waiting.getStatus().waiting().message()).contains("old");
    assertThat(jobsOf(job)).isEmpty();

    cluster().client().resource(old).delete();
    awaitPhase("fence", "Succeeded");
  }

  @Test
  void aUsedUpQuotaIsWaitedForAndNeverAFailure() {
    givenRuntime();
    cluster().useUpQuota(namespace());
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(job("quota", "base"));

    EvalJob waiting = awaitWaiting("quota", "ResourceQuota");
    assertThat(waiting.getStatus().phase()).isEqualTo("Pending");
    assertThat(waiting.getStatus().waiting().message())
        .isEqualTo(
            "ResourceQuota pods in namespace "
                + namespace()
                + ": the pod asks for 1 pods, and 0 of 0 are used; it starts when other pods end,"
                + " or raise the quota.");
    assertThat(conditions(waiting.getStatus())).containsEntry("Reconciling", "True/Waiting");

    cluster().raiseQuota(namespace());
    EvalJob done = awaitPhase("quota", "Succeeded");
    assertThat(jobsOf(done)).containsExactly("base/infer/1", "base/prefetch/1", "base/score/1");
    assertThat(done.getStatus().models().get(0).retries()).isZero();
  }

  @Test
  void aChangedRunIdStartsANewRunAndEndsTheOldOne() {
    givenRuntime();
    AtomicBoolean second = new AtomicBoolean();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && !second.get() ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(job("again", "base"));
    EvalJob first = awaitJob("again", WaitingScenarios::infers);

    second.set(true);
    edit("again", "runID", "2");
    EvalJob job = awaitPhase("again", "Succeeded");

    assertThat(job.getStatus().run().number()).isEqualTo(2);
    assertThat(job.getStatus().run().id()).isEqualTo("2");
    assertThat(job.getStatus().run().specHash()).isNotEqualTo(first.getStatus().run().specHash());
    assertThat(jobs(job))
        .allSatisfy(
            child -> assertThat(child.getMetadata().getLabels()).containsEntry(Labels.RUN, "2"));
  }

  @Test
  void nothingIsWrittenWhenNothingChanged() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) -> stage == Stage.Infer ? new Ending.RunsOn() : succeeds(model));
    RequestTap tap = startOperator();
    apply(job("quiet", "base"));
    EvalJob job = awaitJob("quiet", WaitingScenarios::infers);
    settledWrites(tap);
    int before = tap.requests().size();

    for (int i = 0; i < 5; i++) {
      String value = Integer.toString(i);
      Edits.untilWritten(
          () ->
              cluster()
                  .client()
                  .pods()
                  .inNamespace(namespace())
                  .withName(inferPod(job).getMetadata().getName())
                  .edit(
                      pod ->
                          new PodBuilder(pod)
                              .editMetadata()
                              .addToAnnotations("touched", value)
                              .endMetadata()
                              .build()));
    }
    // An edit that matters comes after the touches. All that passes read is in the caches.
    EvalJob edited = edit("quiet", "retryLimit", 5);
    awaitJob(
        "quiet",
        status -> edited.getMetadata().getGeneration().equals(status.observedGeneration()));

    assertThat(tap.requests().subList(before, tap.requests().size()))
        .containsExactly(writeOfStatus("quiet"));
  }

  @Test
  void aFinishedRunIsLeftAlone() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    RequestTap tap = startOperator();
    apply(job("done", "base"));
    EvalJob done = awaitPhase("done", "Succeeded");
    int before = settledWrites(tap);

    EvalJob edited = edit("done", "retryLimit", 5);
    EvalJob after =
        awaitJob(
            "done",
            status -> edited.getMetadata().getGeneration().equals(status.observedGeneration()));

    assertThat(tap.writes().subList(before, tap.writes().size())).hasSize(1);
    assertThat(after.getStatus().conditions())
        .allSatisfy(
            condition ->
                assertThat(condition.observedGeneration())
                    .isEqualTo(edited.getMetadata().getGeneration()));
    assertThat(after.getStatus().completionTime()).isEqualTo(done.getStatus().completionTime());
  }

  @Test
  void aFinalReportIsAcknowledgedOnlyWhenItIsStored() throws Exception {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) -> stage == Stage.Score ? new Ending.RunsOn() : succeeds(model));
    RequestTap tap = startOperator();
    EvalJob job = applied(job("ack", "base"));
    awaitJob(
        "ack",
        status -> "Scoring".equals(status.phase()) && status.models().get(0).nodeName() != null);
    PodIdentity who =
        await()
            .until(() -> sink().find(pod(job, "score").getMetadata().getUid()), Optional::isPresent)
            .orElseThrow();
    assertThat(who.datasets()).containsExactlyInAnyOrder("one", "two");

    tap.cut();
    CompletableFuture<Stored> first = submitScores(who, 1);
    assertThat(tap.cutOff().await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(first).isNotDone();

    stopOperator();
    startOperator();
    await().until(() -> sink().find(who.podUid()), Optional::isPresent);
    CompletableFuture<Stored> second = submitScores(who, 2);
    assertThat(second.get(60, TimeUnit.SECONDS)).isEqualTo(Stored.STORED);
    EvalJobStatus stored = read("ack").getStatus();
    assertThat(stored.resultsTotal()).isEqualTo(2);
    assertThat(stored.models().get(0).resultsName()).isNotBlank();
  }

  @Test
  void aRuntimeSaysWhetherItCanBeUsed() {
    startOperator();
    givenRuntime();

    await()
        .untilAsserted(
            () ->
                assertThat(
                        Optional.ofNullable(
                                cluster()
                                    .client()
                                    .resources(EvalRuntime.class)
                                    .withName(runtimeName())
                                    .get()
                                    .getStatus())
                            .map(EvalRuntimeStatus::conditions)
                            .orElse(List.of()))
                    .singleElement()
                    .satisfies(
                        ready -> {
                          assertThat(ready.type()).isEqualTo("Ready");
                          assertThat(ready.status()).isEqualTo("True");
                          assertThat(ready.reason()).isEqualTo("Valid");
                        }));
  }

  private CompletableFuture<Stored> submitScores(PodIdentity who, long sequence) {
    return sink()
        .submit(
            PretendedRunner.reportOf(
                who,
                Stage.Score,
                sequence,
                List.of(row("base", "one", "0.5"), row("base", "two", "0.75")),
                Optional.empty(),
                2))
        .toCompletableFuture();
  }

  private Pod inferPod(EvalJob job) {
    return pod(job, "infer");
  }

  private Pod pod(EvalJob job, String stage) {
    return cluster()
        .client()
        .pods()
        .inNamespace(namespace())
        .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
        .withLabel(Labels.STAGE, stage)
        .list()
        .getItems()
        .get(0);
  }

  private static boolean infers(EvalJobStatus status) {
    return "Running".equals(status.phase())
        && "Infer".equals(status.models().get(0).stage())
        && status.summary().devices().startsWith("2/");
  }

  /** Writes so far, once no event or status of the state awaited is still on its way. */
  private int settledWrites(RequestTap tap) {
    int[] last = {-1};
    await()
        .pollInterval(java.time.Duration.ofMillis(300))
        .until(
            () -> {
              int now = tap.writes().size();
              boolean same = now == last[0];
              last[0] = now;
              return same;
            });
    return last[0];
  }
}
