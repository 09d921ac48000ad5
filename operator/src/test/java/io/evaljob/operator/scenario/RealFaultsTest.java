package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.leader.Fence;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Faults that only a whole control plane has, and what remains after them: nothing. */
@RealCluster(ours = true)
class RealFaultsTest extends ScenarioBase {

  private static final List<String> WATCHED =
      List.of(
          "configmaps",
          "events",
          "evaljobs.evaljob.io",
          "evalruntimes.evaljob.io",
          "jobs.batch",
          "modelprofiles.evaljob.io",
          "namespaces",
          "persistentvolumeclaims",
          "pods");

  private final ControlPlane plane;
  private LifecycleSettings limits = AT_ONCE;
  private RealServerCluster real;

  RealFaultsTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    real = new RealServerCluster(plane);
    return real;
  }

  @Override
  LifecycleSettings limits() {
    return limits;
  }

  @Test
  void aDeletedEvalJobTakesItsChildrenAlong() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            model.equals("on") && stage == Stage.Infer ? new Ending.RunsOn() : succeeds(model));
    RequestTap tap = startOperator();
    apply(job("gone", "on", "done"));
    awaitJob("gone", status -> infers(status) && "Succeeded".equals(model(status, 1)));
    assertThat(real.left(namespace()))
        .extracting(name -> name.substring(0, name.indexOf(' ')))
        .contains("EvalJob", "Job", "Pod", "PersistentVolumeClaim", "ConfigMap");

    cluster().client().resources(EvalJob.class).inNamespace(namespace()).withName("gone").delete();

    awaitNothing();
    assertThat(runners()).as("the runner that all EvalJobs share").hasSize(1);
    apply(job("next", "done"));
    awaitPhase("next", "Succeeded");
    assertThat(tap.writes(namespace()))
        .as("nothing is made for what is deleted")
        .filteredOn(write -> write.startsWith("POST ") && write.endsWith("/jobs"))
        .hasSize(2 + 3 + 3);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "Unknown")
  void deletionInAnyStageLeavesNothing(Stage reached) {
    givenRuntime();
    whenJobs((model, stage, attempt) -> stage == reached ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(job("gone", "base"));
    String runs = "gone-base-" + reached.name().toLowerCase(Locale.ROOT) + "-";
    await()
        .until(
            () ->
                cluster().client().pods().inNamespace(namespace()).list().getItems().stream()
                    .filter(pod -> pod.getMetadata().getName().startsWith(runs))
                    .anyMatch(pod -> "Running".equals(pod.getStatus().getPhase())));

    cluster().client().resources(EvalJob.class).inNamespace(namespace()).withName("gone").delete();

    awaitNothing();
  }

  @Test
  void aNamespaceThatIsDeletedInMidRunIsLeftAlone() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            model.equals("on") && stage == Stage.Infer ? new Ending.RunsOn() : succeeds(model));
    RequestTap tap = startOperator();
    String doomed = cluster().newNamespace();
    apply(Samples.edited(Samples.job(doomed, "on", "on"), "runtimeRef", runtimeRef()));
    String stays = namespace();
    turnTo(doomed);
    awaitJob("on", RealFaultsTest::infers);

    cluster().client().namespaces().withName(doomed).delete();
    await().until(() -> cluster().client().namespaces().withName(doomed).get() == null);
    int writes = tap.writes(doomed).size();

    turnTo(stays);
    apply(job("after", "base"));
    awaitPhase("after", "Succeeded");
    assertThat(tap.writes(doomed)).hasSize(writes);
    assertThat(writes).as(tap.writes(doomed).toString()).isLessThan(30);
  }

  @ParameterizedTest
  @CsvSource({
    "count/jobs.batch, 0, Job overfull-base-prefetch-",
    "persistentvolumeclaims, 0, PersistentVolumeClaim overfull-base-workspace-",
    "configmaps, 1, ConfigMap overfull-base-plan-",
  })
  void aQuotaOfAnythingWeMakeIsWaitedFor(String resource, String most, String what) {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    givenQuota(resource, most);
    startOperator();
    apply(job("overfull", "base"));

    EvalJob waiting = awaitWaiting("overfull", "ResourceQuota");

    assertThat(waiting.getStatus().waiting().message())
        .startsWith("ResourceQuota few in namespace " + namespace() + ": " + what)
        .containsPattern("asks for 1 " + resource + ", and [01] of " + most + " are used; ")
        .endsWith("; raise the quota or delete what is not needed.");
    assertThat(conditions(waiting.getStatus()))
        .containsEntry("Reconciling", "True/Waiting")
        .containsEntry("Stalled", "False/Waiting");
    cluster().client().resourceQuotas().inNamespace(namespace()).withName("few").delete();
    awaitPhase("overfull", "Succeeded");
  }

  @Test
  void aPreemptedRunWaitsForDevicesAndGoesOn() {
    givenRuntime();
    CountDownLatch preempted = new CountDownLatch(1);
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && attempt == 1 ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(job("pushed", "base"));
    awaitJob("pushed", RealFaultsTest::infers);
    apply(
        new PriorityClassBuilder()
            .withNewMetadata()
            .withName("urgent-" + namespace())
            .endMetadata()
            .withValue(1000)
            .build());
    Pod urgent = urgent();
    // The API server admits by its own watch of PriorityClasses, which may be a moment behind.
    await()
        .ignoreExceptionsMatching(
            e -> e instanceof KubernetesClientException refused && refused.getCode() == 403)
        .untilAsserted(() -> apply(urgent));
    preempted.countDown();

    EvalJob waiting = awaitWaiting("pushed", "Unschedulable");

    assertThat(waiting.getStatus().waiting().message())
        .isEqualTo(
            "The only node does not take the pod: 1 Insufficient nvidia.com/gpu; it starts when"
                + " devices become free, or ask for fewer.");
    assertThat(waiting.getStatus().models().get(0).lastFailure().cause()).isEqualTo("Evicted");
    assertThat(waiting.getStatus().models().get(0).lastFailure().message())
        .startsWith("The pod was preempted (PreemptionByScheduler: default-scheduler: preempting");
    assertThat(waiting.getStatus().models().get(0).retries()).isZero();
    cluster().client().resource(urgent).delete();
    EvalJob done = awaitPhase("pushed", "Succeeded");
    assertThat(jobsOf(done)).contains("base/infer/2").doesNotContain("base/infer/3");
  }

  @Test
  void anImageThatCannotBePulledIsWaitedFor() {
    givenRuntime();
    CountDownLatch pulled = new CountDownLatch(1);
    whenJobs(
        (model, stage, attempt) ->
            new Ending.PullsLate(
                "Back-off pulling image \"registry/eval:1\": not found", pulled, succeeds(model)));
    startOperator();
    apply(job("pull", "base"));

    EvalJob waiting = awaitWaiting("pull", "ImagePull");

    assertThat(waiting.getStatus().waiting().message())
        .isEqualTo(
            "The image cannot be pulled (ImagePullBackOff: Back-off pulling image"
                + " \"registry/eval:1\": not found); correct the EvalRuntime's image or"
                + " imagePullSecretNames.");
    pulled.countDown();
    awaitPhase("pull", "Succeeded");
  }

  @Test
  void aPodThatDoesNotStartGivesItsDevicesBack() {
    CountDownLatch never = new CountDownLatch(1);
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && attempt == 1
                ? new Ending.PullsLate("no such image", never, new Ending.RunsOn())
                : succeeds(model));
    startOperator();
    apply(Samples.edited(job("stuck", "base"), "podStartDeadlineSeconds", 5));

    EvalJob done = awaitPhase("stuck", "Succeeded");

    ModelStatus model = done.getStatus().models().get(0);
    assertThat(model.lastFailure().cause()).isEqualTo("DeadlineExceeded");
    assertThat(model.lastFailure().message())
        .contains("spec.podStartDeadlineSeconds (5)", "ImagePull");
    assertThat(jobsOf(done)).containsExactly("base/infer/2", "base/prefetch/1", "base/score/1");
    await()
        .untilAsserted(
            () -> assertThat(eventReasons("stuck")).contains("ImagePull", "RetryScheduled"));
  }

  @Test
  void aPodThatItsNodeRefusesIsMadeAgain() {
    limits =
        new LifecycleSettings(
            Duration.ofSeconds(2),
            Duration.ofSeconds(2),
            Duration.ofMillis(50),
            Duration.ZERO,
            true);
    AtomicBoolean healthy = new AtomicBoolean();
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && !healthy.get()
                ? new Ending.IsRefused(
                    "UnexpectedAdmissionError", "Allocate failed: no healthy devices present")
                : succeeds(model));
    startOperator();
    apply(job("refused", "base"));

    EvalJob waiting = awaitWaiting("refused", "Admission");

    assertThat(waiting.getStatus().waiting().message())
        .isEqualTo(
            "The node refused the pod (UnexpectedAdmissionError: Allocate failed: no healthy"
                + " devices present); another one is made, and if it goes on, look at the device"
                + " plugin of the node.");
    healthy.set(true);
    EvalJob done = awaitPhase("refused", "Succeeded");
    assertThat(done.getStatus().models().get(0).retries()).isZero();
    assertThat(done.getStatus().models().get(0).lastFailure().cause()).isEqualTo("Evicted");
  }

  @Test
  void aLostNodeCostsNoRetryAndNoSecondPodBesideTheFirst() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && attempt == 1 ? new Ending.RunsOn() : succeeds(model));
    real.addIdleNode();
    startOperator();
    apply(job("lost", "base"));
    EvalJob running = awaitJob("lost", RealFaultsTest::infers);
    Pod pod = inferPods(running).get(0);

    real.kubelet().die();
    EvalJob waiting = awaitWaiting("lost", "PodsRemain");

    String name = pod.getMetadata().getName();
    assertThat(waiting.getStatus().waiting().message())
        .isEqualTo(
            "A pod of this model is still ending ("
                + name
                + " on node "
                + pod.getSpec().getNodeName()
                + "). The next attempt starts when it is gone; delete it by hand if its node is.");
    assertThat(waiting.getStatus().models().get(0).lastFailure().cause()).isEqualTo("NodeLost");
    assertThat(waiting.getStatus().models().get(0).lastFailure().message())
        .startsWith("The node was lost (DeletionByTaintManager: ");
    assertThat(inferPods(running)).hasSize(1);

    plane.kubectl().run("delete", "pod", "-n", namespace(), name, "--force", "--grace-period=0");
    awaitWaiting("lost", "Unschedulable");
    real.kubelet().revive();
    EvalJob done = awaitPhase("lost", "Succeeded");
    assertThat(done.getStatus().models().get(0).retries()).isZero();
    assertThat(jobsOf(done)).contains("base/infer/2").doesNotContain("base/infer/3");
  }

  /** Its pods tolerate that for long, as pods of a cluster do for five minutes. */
  @Test
  void aNodeThatFallsSilentIsNamedUntilItSpeaksAgain() {
    apply(
        Samples.tolerating(
            Samples.runtime(namespace(), cluster().nodeName()), "node.kubernetes.io/unreachable"));
    whenJobs(
        (model, stage, attempt) -> stage == Stage.Infer ? new Ending.RunsOn() : succeeds(model));
    real.addIdleNode();
    startOperator();
    apply(job("silent", "base"));
    awaitJob("silent", RealFaultsTest::infers);

    real.kubelet().die();
    EvalJob waiting = awaitWaiting("silent", "NodeNotReady");

    assertThat(waiting.getStatus().waiting().message())
        .startsWith("Node " + cluster().nodeName() + " is not ready, and nothing is heard");
    assertThat(waiting.getStatus().waiting().devicesHeld()).isEqualTo(2);
    assertThat(waiting.getStatus().phase()).isEqualTo("Running");
    real.kubelet().revive();
    EvalJob back = awaitJob("silent", status -> status.waitingIfSet().isEmpty());
    assertThat(jobsOf(back)).containsExactly("base/infer/1", "base/prefetch/1");
    assertThat(inferPods(back)).hasSize(1);
  }

  /** Its node cannot say when it ended. */
  @Test
  void aPodThatIsDeletedByForceWhileItsNodeIsGoneHasRunAllTheSame() {
    apply(
        Samples.tolerating(
            Samples.runtime(namespace(), cluster().nodeName()), "node.kubernetes.io/unreachable"));
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && attempt == 1 ? new Ending.RunsOn() : succeeds(model));
    real.addIdleNode();
    startOperator();
    apply(job("forced", "base"));
    EvalJob running = awaitJob("forced", RealFaultsTest::infers);
    Pod pod = inferPods(running).get(0);
    String began =
        pod.getStatus().getContainerStatuses().get(0).getState().getRunning().getStartedAt();
    real.kubelet().die();
    EvalJob silent = awaitWaiting("forced", "NodeNotReady");
    Instant deleted = Instant.now();

    plane
        .kubectl()
        .run(
            "delete",
            "pod",
            "-n",
            namespace(),
            pod.getMetadata().getName(),
            "--force",
            "--grace-period=0");

    EvalJob next = awaitJob("forced", status -> status.models().get(0).attempt() == 2);
    assertThat(next.getStatus().run().activeSeconds())
        .isGreaterThanOrEqualTo(
            silent.getStatus().run().activeSeconds()
                + Duration.between(Instant.parse(began), deleted).toSeconds());
    real.kubelet().revive();
    EvalJob done = awaitPhase("forced", "Succeeded");
    assertThat(jobsOf(done)).contains("base/infer/2").doesNotContain("base/infer/3");
  }

  @Test
  void aPriorityClassThatComesLaterIsWaitedFor() {
    String urgency = "urgent-" + namespace();
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(Samples.edited(job("urgent", "base"), "priorityClassName", urgency));

    EvalJob waiting = awaitWaiting("urgent", "PriorityClassNotFound");

    assertThat(waiting.getStatus().waiting().message())
        .isEqualTo(
            "PriorityClass "
                + urgency
                + " does not exist, and the API server makes no pod that names it; create it, or"
                + " correct spec.priorityClassName.");
    apply(
        new PriorityClassBuilder()
            .withNewMetadata()
            .withName(urgency)
            .endMetadata()
            .withValue(10)
            .build());
    awaitPhase("urgent", "Succeeded");
  }

  @ParameterizedTest
  @CsvSource({
    "mjob.kb.io, kueue, Kueue, Kueue's webhook mjob.kb.io does not answer",
    "jobs.policy.example, policy, Admission, The webhook jobs.policy.example does not answer",
  })
  void aWebhookThatDoesNotAnswerIsWaitedFor(String name, String path, String reason, String told) {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    MutatingWebhookConfiguration webhook = webhook(name, path);
    apply(webhook);
    await()
        .until(
            () ->
                refusal(Samples.strangersJob(namespace(), "asked"))
                    .filter(said -> said.contains("failed calling webhook"))
                    .isPresent());
    startOperator();
    apply(job("mute", "base"));

    EvalJob waiting = awaitWaiting("mute", reason);

    assertThat(waiting.getStatus().waiting().message())
        .startsWith(told)
        .contains("the API server does not make Job mute-base-prefetch-");
    cluster().client().resource(webhook).delete();
    awaitPhase("mute", "Succeeded");
  }

  @Test
  void anApiServerThatGoesAwayInMidRunIsWaitedFor() {
    givenRuntime();
    CountDownLatch back = new CountDownLatch(1);
    whenJobs(
        (model, stage, attempt) -> {
          if (stage == Stage.Infer) {
            back.await();
          }
          return succeeds(model);
        });
    startOperator();
    apply(job("away", "base"));
    awaitJob(
        "away", status -> status.models().stream().anyMatch(one -> "Infer".equals(one.stage())));

    plane.processes().stopApiServer();
    long before = AuditLog.length(plane);
    plane.processes().startApiServer();
    back.countDown();

    Outcomes.assertWholeRun(awaitPhase("away", "Succeeded"), jobsOf(read("away")));
    await()
        .untilAsserted(
            () ->
                assertThat(AuditLog.since(before, plane))
                    .as("every kind is watched again")
                    .contains(WATCHED.stream().map(kind -> "watch " + kind).toArray(String[]::new))
                    .as("what has not changed for long is too old to go on from: 410, and a list")
                    .contains("list modelprofiles.evaljob.io"));
    EvalJob edited = edit("away", "retryLimit", 5);
    awaitJob(
        "away", status -> edited.getMetadata().getGeneration().equals(status.observedGeneration()));
  }

  @Test
  void whoeverWritesBetweenReadAndWriteIsNotOverwritten() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    AtomicInteger edits = new AtomicInteger();
    RequestTap tap = RequestTap.open();
    tap.before(
        request -> request.equals(writeOfStatus("edited")) && edits.get() < 5,
        () -> label("edited", "edit-" + edits.incrementAndGet()));
    startOperator(tap);
    apply(job("edited", "base"));

    EvalJob done = awaitPhase("edited", "Succeeded");

    Outcomes.assertWholeRun(done, jobsOf(done));
    assertThat(done.getMetadata().getLabels())
        .containsOnlyKeys("edit-1", "edit-2", "edit-3", "edit-4", "edit-5");
    await().untilAsserted(() -> Outcomes.assertEventsOfWholeRun(eventReasons("edited")));
  }

  private void label(String name, String key) {
    plane.kubectl().run("label", "evaljob", "-n", namespace(), name, key + "=yes");
  }

  private Map<String, String> runtimeRef() {
    return Map.of("name", runtimeName());
  }

  private void givenQuota(String resource, String most) {
    cluster()
        .client()
        .resource(
            new ResourceQuotaBuilder()
                .withNewMetadata()
                .withName("few")
                .withNamespace(namespace())
                .endMetadata()
                .withNewSpec()
                .addToHard(resource, new Quantity(most))
                .endSpec()
                .build())
        .create();
    await()
        .until(
            () ->
                !cluster()
                    .client()
                    .resourceQuotas()
                    .inNamespace(namespace())
                    .withName("few")
                    .get()
                    .getStatus()
                    .getHard()
                    .isEmpty());
  }

  /** One for the Jobs of the namespace, at an address where nobody listens. */
  private MutatingWebhookConfiguration webhook(String name, String path) {
    return new MutatingWebhookConfigurationBuilder()
        .withNewMetadata()
        .withName("mute-" + namespace())
        .endMetadata()
        .addNewWebhook()
        .withName(name)
        .withAdmissionReviewVersions("v1")
        .withSideEffects("None")
        .withTimeoutSeconds(2)
        .withNewClientConfig()
        .withUrl("https://127.0.0.1:1/" + path)
        .endClientConfig()
        .withNewNamespaceSelector()
        .addToMatchLabels(TestCluster.NAME_LABEL, namespace())
        .endNamespaceSelector()
        .addNewRule()
        .withApiGroups("batch")
        .withApiVersions("v1")
        .withOperations("CREATE")
        .withResources("jobs")
        .endRule()
        .endWebhook()
        .build();
  }

  /** Asked once: the client otherwise asks again and again where the API server says 500. */
  private Optional<String> refusal(Job job) {
    try {
      Fence.singleTry(cluster().client()).resource(job).dryRun().create();
      return Optional.empty();
    } catch (KubernetesClientException e) {
      return Optional.ofNullable(e.getMessage());
    }
  }

  private Pod urgent() {
    return new PodBuilder()
        .withNewMetadata()
        .withName("urgent")
        .withNamespace(namespace())
        .endMetadata()
        .withNewSpec()
        .withPriorityClassName("urgent-" + namespace())
        .withAutomountServiceAccountToken(false)
        .withNewSecurityContext()
        .withRunAsNonRoot(true)
        .withNewSeccompProfile()
        .withType("RuntimeDefault")
        .endSeccompProfile()
        .endSecurityContext()
        .addNewContainer()
        .withName("x")
        .withImage("registry/urgent:1")
        .withNewResources()
        .addToLimits("nvidia.com/gpu", new Quantity(Integer.toString(ScriptedKubelet.DEVICES)))
        .endResources()
        .withNewSecurityContext()
        .withAllowPrivilegeEscalation(false)
        .withNewCapabilities()
        .withDrop("ALL")
        .endCapabilities()
        .endSecurityContext()
        .endContainer()
        .endSpec()
        .build();
  }

  private List<Pod> inferPods(EvalJob job) {
    return cluster()
        .client()
        .pods()
        .inNamespace(namespace())
        .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
        .withLabel(Labels.STAGE, "infer")
        .list()
        .getItems();
  }

  private List<String> runners() {
    return cluster().client().configMaps().inNamespace(namespace()).list().getItems().stream()
        .map(map -> map.getMetadata().getName())
        .filter(name -> name.startsWith("evaljob-runner-"))
        .toList();
  }

  private void awaitNothing() {
    await().untilAsserted(() -> assertThat(real.left(namespace())).isEmpty());
  }

  private static boolean infers(EvalJobStatus status) {
    return status.summary() != null && status.summary().devices().startsWith("2/");
  }

  private static String model(EvalJobStatus status, int index) {
    return status.models().get(index).phase();
  }
}
