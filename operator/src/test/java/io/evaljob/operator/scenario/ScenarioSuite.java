package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.report.ReportSink;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.resources.RunnerArchive;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a user sees of whole runs; a subclass brings the cluster. */
abstract class ScenarioSuite {

  static final String NAMESPACE = "vlm";
  static final LifecycleSettings AT_ONCE = new LifecycleSettings(Duration.ZERO, Duration.ZERO, 20);

  private final AtomicReference<EvalJobOperator> operator = new AtomicReference<>();
  private final List<KubernetesClient> operatorClients = new ArrayList<>();
  private TestCluster cluster;

  abstract TestCluster newCluster();

  @BeforeEach
  void begin() {
    cluster = newCluster();
    cluster
        .client()
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .create();
  }

  @AfterEach
  void end() {
    stopOperator();
    cluster.close();
  }

  @Test
  void aRunGoesThroughAllStagesToScores() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    RequestTap tap = startOperator();
    apply(Samples.job("qwen", "base"));

    EvalJob job = awaitPhase("qwen", "Succeeded");

    EvalJobStatus status = job.getStatus();
    assertThat(status.results())
        .extracting(ResultRow::model, ResultRow::dataset, ResultRow::phase, ResultRow::score)
        .containsExactly(
            tuple("base", "one", "Succeeded", "0.5"), tuple("base", "two", "Succeeded", "0.75"));
    assertThat(status.resultsTotal()).isEqualTo(2);
    assertThat(status.summary().models()).isEqualTo("1/1");
    assertThat(status.summary().devices()).isEqualTo("0/2");
    assertThat(status.summary().progress()).isEqualTo("100%");
    assertThat(status.summary().score()).isEqualTo("0.625");
    assertThat(status.run().number()).isEqualTo(1);
    assertThat(status.completionTime()).isNotNull();
    assertThat(status.waitingIfSet()).isEmpty();
    assertThat(conditions(status))
        .containsEntry("Accepted", "True/Planned")
        .containsEntry("Finished", "True/Succeeded")
        .containsEntry("Ready", "True/Succeeded")
        .containsEntry("Reconciling", "False/Succeeded")
        .containsEntry("Stalled", "False/Succeeded");
    ModelStatus model = status.models().get(0);
    assertThat(model.deviceIDs()).containsExactly("GPU-1");
    assertThat(model.nodeName()).isEqualTo("node-1");
    assertThat(jobsOf(job)).containsExactly("base/infer/1", "base/prefetch/1", "base/score/1");
    ConfigMap results =
        cluster.client().configMaps().inNamespace(NAMESPACE).withName(model.resultsName()).get();
    assertThat(results.getData().toString()).contains("0.5", "0.75");
    assertThat(eventReasons("qwen"))
        .containsSubsequence(
            "Planned",
            "PrefetchStarted",
            "InferStarted",
            "ScoreStarted",
            "ModelFinished",
            "Succeeded");
    assertThat(tap.writes()).filteredOn(write -> write.endsWith("/status")).hasSizeLessThan(16);
  }

  // ---- what scenarios are made of

  TestCluster cluster() {
    return cluster;
  }

  void givenRuntime() {
    cluster.client().resource(Samples.runtime()).create();
  }

  void whenJobs(Script script) {
    cluster.play(
        script, () -> Optional.ofNullable(operator.get()).map(EvalJobOperator::reportSink));
  }

  RequestTap startOperator() {
    return startOperator(RequestTap.open());
  }

  RequestTap startOperator(RequestTap tap) {
    KubernetesClient client = cluster.operatorClient(tap);
    operatorClients.add(client);
    operator.set(
        EvalJobOperator.start(
            client,
            OperatorConfig.defaults(),
            Clock.systemUTC(),
            new DeviceContext.RequestedInPod(),
            () -> "",
            RunnerArchive.of(Map.of("__main__.py", "pass".getBytes(StandardCharsets.UTF_8))),
            AT_ONCE));
    return tap;
  }

  void stopOperator() {
    EvalJobOperator running = operator.getAndSet(null);
    if (running != null) {
      running.close();
    }
    operatorClients.forEach(KubernetesClient::close);
    operatorClients.clear();
  }

  ReportSink sink() {
    return operator.get().reportSink();
  }

  void apply(HasMetadata object) {
    cluster.client().resource(object).create();
  }

  EvalJob read(String name) {
    return cluster.client().resources(EvalJob.class).inNamespace(NAMESPACE).withName(name).get();
  }

  EvalJob awaitPhase(String name, String phase) {
    return awaitJob(name, status -> phase.equals(status.phase()) && finished(status));
  }

  static boolean finished(EvalJobStatus status) {
    return conditions(status).getOrDefault("Finished", "").startsWith("True");
  }

  EvalJob awaitJob(String name, Predicate<EvalJobStatus> wanted) {
    return await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(20))
        .until(
            () -> read(name),
            job -> job != null && job.getStatus() != null && wanted.test(job.getStatus()));
  }

  static Map<String, String> conditions(EvalJobStatus status) {
    return status.conditions().stream()
        .collect(
            Collectors.toMap(
                Condition::type, condition -> condition.status() + "/" + condition.reason()));
  }

  /** Jobs as model/stage/attempt, sorted. */
  List<String> jobsOf(EvalJob job) {
    return jobs(job).stream()
        .map(Job::getMetadata)
        .map(
            meta ->
                meta.getLabels().get(Labels.MODEL)
                    + "/"
                    + meta.getLabels().get(Labels.STAGE)
                    + "/"
                    + meta.getLabels().get(Labels.ATTEMPT))
        .sorted()
        .toList();
  }

  List<Job> jobs(EvalJob job) {
    return cluster
        .client()
        .batch()
        .v1()
        .jobs()
        .inNamespace(NAMESPACE)
        .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
        .list()
        .getItems();
  }

  /** Reasons of the events of an EvalJob, in the order they were recorded. */
  List<String> eventReasons(String name) {
    return cluster.client().v1().events().inNamespace(NAMESPACE).list().getItems().stream()
        .filter(event -> name.equals(event.getInvolvedObject().getName()))
        .sorted(
            Comparator.comparing(event -> Long.parseLong(event.getMetadata().getResourceVersion())))
        .map(event -> event.getReason())
        .toList();
  }

  static Ending succeeds(String model) {
    return new Ending.Succeeds(List.of(row(model, "one", "0.5"), row(model, "two", "0.75")));
  }

  static ResultRow row(String model, String dataset, String score) {
    return new ResultRow(model, dataset, "Succeeded", "accuracy", score, 6L, 0L, null);
  }
}
