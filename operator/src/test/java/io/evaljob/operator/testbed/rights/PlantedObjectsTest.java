package io.evaljob.operator.testbed.rights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.resources.Names;
import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.Edits;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Somebody who may also write Jobs, ConfigMaps and claims plants them under the names that children
 * will have: they are never taken for ours.
 */
@RealCluster
class PlantedObjectsTest {

  private static final String SPEC =
      "models: [{name: base, devicesPerProcess: 1}]\ndatasets: [{name: MMStar}]\n";

  private final ControlPlane cluster;
  private final String namespace;
  private final String runtime;
  private final Author planter;
  private KubernetesClient operatorClient;
  private EvalJobOperator operator;

  PlantedObjectsTest(ControlPlane cluster) {
    this.cluster = cluster;
    cluster.installOperator();
    namespace = cluster.namespace("planted");
    runtime = "planted-" + namespace;
    planter = Author.with(cluster, namespace, "edit", "planter");
  }

  @BeforeEach
  void start() {
    operatorClient = cluster.operatorClient(Map.of());
    operator = Author.operator(operatorClient, namespace);
  }

  @AfterEach
  void stop() {
    operator.close();
    operatorClient.close();
    planter.close();
    cluster
        .admin()
        .genericKubernetesResources("evaljob.io/v1alpha1", "EvalRuntime")
        .withName(runtime)
        .delete();
  }

  /** An EvalJob that waits for its runtime, so that there is time to plant something. */
  private EvalJob waiting(String name) {
    planter.submit(name, runtime, SPEC);
    return planter.awaitJob(name, status -> waits(status, "RuntimeNotFound").isPresent());
  }

  private void giveRuntime() {
    cluster
        .admin()
        .resource(
            """
            apiVersion: evaljob.io/v1alpha1
            kind: EvalRuntime
            metadata: {name: RUNTIME}
            spec:
              harness: VLMEvalKit
              vlmevalkit: {dialect: StatusFile}
              image: registry.example/vlmevalkit:1
              allow: {namespaceSelector: {}}
            """
                .replace("RUNTIME", runtime))
        .create();
  }

  private static Optional<String> waits(EvalJobStatus status, String reason) {
    return status
        .waitingIfSet()
        .filter(why -> reason.equals(why.reason()))
        .map(why -> why.message());
  }

  private String awaitWaiting(String name, String reason) {
    EvalJob job = planter.awaitJob(name, status -> waits(status, reason).isPresent());
    return waits(job.getStatus(), reason).get();
  }

  private void plant(HasMetadata object) {
    planter.client().resource(object).create();
  }

  private String uidUnder(HasMetadata object) {
    HasMetadata found = cluster.admin().resource(object).get();
    return found == null ? "" : found.getMetadata().getUid();
  }

  private void remove(HasMetadata object) {
    String planted = uidUnder(object);
    planter.client().resource(object).delete();
    await().pollInterval(Duration.ofMillis(50)).until(() -> !uidUnder(object).equals(planted));
  }

  private static String nameOf(EvalJob job, Stage stage) {
    return Names.stage(
        job.getMetadata().getName(), job.getMetadata().getUid(), 1, "base", stage, 1);
  }

  /** A Job of the planter's with our name and every label of ours. */
  private Job evil(EvalJob job, Stage stage, boolean forged, boolean suspended) {
    JobBuilder evil =
        new JobBuilder(
                Serialization.unmarshal(
                    """
                    apiVersion: batch/v1
                    kind: Job
                    metadata: {namespace: NAMESPACE}
                    spec:
                      backoffLimit: 0
                      template:
                        metadata: {}
                        spec:
                          restartPolicy: Never
                          securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
                          containers:
                          - name: evaluator
                            image: evil:1
                            securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                    """
                        .replace("NAMESPACE", namespace),
                    Job.class))
            .editMetadata()
            .withName(nameOf(job, stage))
            .endMetadata()
            .editSpec()
            .withSuspend(suspended)
            .endSpec();
    Map<String, String> labels =
        Map.of(
            Labels.MANAGED_BY,
            Labels.MANAGED_BY_VALUE,
            Labels.JOB,
            job.getMetadata().getName(),
            Labels.JOB_UID,
            job.getMetadata().getUid(),
            Labels.MODEL,
            "base",
            Labels.RUN,
            "1",
            Labels.STAGE,
            Names.word(stage),
            Labels.ATTEMPT,
            "1");
    evil.editMetadata().addToLabels(labels).endMetadata();
    evil.editSpec()
        .editTemplate()
        .editMetadata()
        .addToLabels(labels)
        .endMetadata()
        .endTemplate()
        .endSpec();
    if (forged) {
      evil.editMetadata()
          .addNewOwnerReference()
          .withApiVersion(job.getApiVersion())
          .withKind(job.getKind())
          .withName(job.getMetadata().getName())
          .withUid(job.getMetadata().getUid())
          .withController(true)
          .endOwnerReference()
          .endMetadata();
    }
    return evil.build();
  }

  @Test
  void aJobUnderOurNameIsAStrangers() {
    EvalJob job = waiting("job");
    Job evil = evil(job, Stage.Prefetch, false, true);
    plant(evil);
    giveRuntime();

    assertThat(awaitWaiting("job", "NameTaken"))
        .contains(evil.getMetadata().getName() + " exists and is not this EvalJob's; delete it");
    remove(evil);
    assertOurs("job", 1);
  }

  @Test
  void aJobWithOurOwnerReferenceIsNotAnAttempt() {
    EvalJob job = waiting("forged");
    plant(evil(job, Stage.Prefetch, true, true));
    giveRuntime();

    assertOurs("forged", 2);
  }

  @Test
  void aPodOfAPlantedJobIsNamedAndWaitedFor() {
    EvalJob job = waiting("pods");
    Job evil = evil(job, Stage.Prefetch, true, false);
    plant(evil);
    await()
        .until(
            () ->
                !cluster
                    .admin()
                    .pods()
                    .inNamespace(namespace)
                    .withLabel(Labels.JOB, "pods")
                    .list()
                    .getItems()
                    .isEmpty());
    giveRuntime();

    assertThat(awaitWaiting("pods", "PodsRemain")).contains(evil.getMetadata().getName() + "-");
    remove(evil);
    assertOurs("pods", 1);
  }

  @Test
  void aJobOfALaterStageIsNotAnAttemptEither() {
    EvalJob job = waiting("later");
    plant(evil(job, Stage.Infer, true, true));
    giveRuntime();
    assertOurs("later", 1);
    ended(ours("later", 1));

    EvalJob next =
        planter.awaitJob(
            "later",
            status ->
                "Infer".equals(status.models().get(0).stage())
                    && status.models().get(0).jobUIDIfSet().isPresent());
    assertThat(next.getStatus().models().get(0).attempt()).isEqualTo(2);
    assertThat(
            cluster.admin().batch().v1().jobs().inNamespace(namespace).list().getItems().stream()
                .filter(
                    made ->
                        made.getMetadata()
                            .getUid()
                            .equals(next.getStatus().models().get(0).jobUID())))
        .singleElement()
        .satisfies(made -> assertThat(imageOf(made)).isEqualTo("registry.example/vlmevalkit:1"));
  }

  /** Plays the Job controller for a Job whose pod no node runs. */
  private void ended(Job job) {
    cluster
        .admin()
        .pods()
        .inNamespace(namespace)
        .withLabel("batch.kubernetes.io/job-name", job.getMetadata().getName())
        .resources()
        .forEach(
            pod ->
                Edits.untilWritten(
                    () ->
                        pod.editStatus(
                            found -> {
                              found.getStatus().setPhase("Succeeded");
                              return found;
                            })));
    await()
        .until(
            () ->
                Optional.ofNullable(cluster.admin().resource(job).get().getStatus().getSucceeded())
                    .orElse(0),
            succeeded -> succeeded == 1);
  }

  @Test
  void aRunnerOfSomebodyElseRunsNowhere() {
    ConfigMap evil =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(Names.runner(RunnerArchive.fromClassPath()))
            .addToLabels(Labels.MANAGED_BY, Labels.MANAGED_BY_VALUE)
            .addToLabels(Labels.CONTENT, "runner")
            .endMetadata()
            .addToBinaryData(RunnerArchive.FILE_NAME, "ZXZpbA==")
            .build();
    plant(evil);
    giveRuntime();
    planter.submit("runner", runtime, SPEC);

    assertThat(awaitWaiting("runner", "NameTaken"))
        .contains(evil.getMetadata().getName(), "does not hold what the operator writes there");
    assertThat(planter.children("runner")).isEmpty();
    remove(evil);
    assertOurs("runner", 1);
  }

  @Test
  void aClaimUnderOurNameIsAStrangers() {
    EvalJob job = waiting("claim");
    PersistentVolumeClaim evil =
        Serialization.unmarshal(
            """
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: NAME, namespace: NAMESPACE}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}
            """
                .replace("NAMESPACE", namespace)
                .replace(
                    "NAME", Names.workspace("claim", job.getMetadata().getUid(), "base", false)),
            PersistentVolumeClaim.class);
    plant(evil);
    giveRuntime();

    assertThat(awaitWaiting("claim", "NameTaken"))
        .contains(evil.getMetadata().getName() + " exists and is not this EvalJob's; delete it");
    remove(evil);
    assertOurs("claim", 1);
  }

  /** The model is at this attempt of Prefetch, with a Job of ours. */
  private void assertOurs(String name, int attempt) {
    EvalJob job =
        planter.awaitJob(
            name,
            status ->
                status.models().stream()
                    .anyMatch(
                        model -> model.jobUIDIfSet().isPresent() && model.attempt() == attempt));
    ModelStatus model = job.getStatus().models().get(0);
    Job ours = ours(name, attempt);
    assertThat(ours.getMetadata().getUid()).isEqualTo(model.jobUID());
    assertThat(imageOf(ours)).isEqualTo("registry.example/vlmevalkit:1");
    assertThat(job.getStatus().models().get(0).retries()).as("nothing is charged").isZero();
  }

  private Job ours(String name, int attempt) {
    return planter.children(name).stream()
        .filter(
            job ->
                job.getMetadata().getLabels().get(Labels.STAGE).equals("prefetch")
                    && job.getMetadata()
                        .getLabels()
                        .get(Labels.ATTEMPT)
                        .equals(Integer.toString(attempt)))
        .findFirst()
        .orElseThrow();
  }

  private static String imageOf(Job job) {
    return job.getSpec().getTemplate().getSpec().getContainers().get(0).getImage();
  }
}
