package io.evaljob.operator.scenario;

import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalQuotaStatus;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.report.ReportSink;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.resources.RunnerArchive;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What scenarios are made of; a subclass brings the cluster. */
abstract class ScenarioBase {

  static final LifecycleSettings AT_ONCE =
      new LifecycleSettings(
          Duration.ZERO, Duration.ZERO, Duration.ofMillis(50), Duration.ZERO, true);

  static final RunnerArchive RUNNER =
      RunnerArchive.of(Map.of("__main__.py", "pass".getBytes(StandardCharsets.UTF_8)));

  private final AtomicReference<EvalJobOperator> operator = new AtomicReference<>();
  private final List<EvalJobOperator> abandoned = new ArrayList<>();
  private final List<KubernetesClient> operatorClients = new ArrayList<>();
  private final List<HasMetadata> applied = new ArrayList<>();
  private TestCluster cluster;
  private String namespace;

  abstract TestCluster newCluster();

  @BeforeEach
  void begin() {
    cluster = newCluster();
    namespace = cluster.newNamespace();
  }

  /** What was applied goes first, as a person deletes it, and the operator sees it go. */
  @AfterEach
  void end() {
    try {
      applied.forEach(object -> cluster.client().resource(object).delete());
      applied.clear();
      cluster.leaveNothing();
    } finally {
      stopOperator();
      cluster.close();
    }
  }

  /** Where the EvalJobs of the test are. */
  String namespace() {
    return namespace;
  }

  /** EvalJobs are in another namespace from now on. */
  void turnTo(String other) {
    namespace = other;
  }

  String runtimeName() {
    return Samples.runtimeName(namespace);
  }

  EvalJob job(String name, String... models) {
    return Samples.job(namespace, name, models);
  }

  /** How the tap tells of a write of an EvalJob's status. */
  String writeOfStatus(String name) {
    return "PUT /apis/evaljob.io/v1alpha1/namespaces/"
        + namespace
        + "/evaljobs/"
        + name
        + "/status";
  }

  TestCluster cluster() {
    return cluster;
  }

  /** The cluster goes away, and another one comes with what the first has kept, if anything. */
  void replaceCluster() {
    stopOperator();
    cluster.close();
    cluster = newCluster();
  }

  void givenRuntime() {
    apply(Samples.runtime(namespace, cluster.nodeName()));
  }

  /** A runner that no Job mounts any more. */
  void givenAnOlderRunner() {
    apply(
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName("evaljob-runner-older")
            .withNamespace(namespace())
            .withLabels(Labels.common())
            .addToLabels(Labels.CONTENT, "runner")
            .endMetadata()
            .build());
  }

  void whenJobs(Script script) {
    cluster.play(
        script, () -> Optional.ofNullable(operator.get()).map(EvalJobOperator::reportSink));
  }

  RequestTap startOperator() {
    return startOperator(RequestTap.open());
  }

  RequestTap startOperator(RequestTap tap) {
    return startOperator(tap, new DeviceContext.RequestedInPod());
  }

  RequestTap startOperator(RequestTap tap, DeviceContext devices) {
    KubernetesClient client = cluster.operatorClient(tap);
    operatorClients.add(client);
    operator.set(newOperator(client, devices));
    return tap;
  }

  EvalJobOperator newOperator(KubernetesClient client, DeviceContext devices) {
    return EvalJobOperator.start(
        client, OperatorConfig.defaults(), Clock.systemUTC(), devices, () -> "", RUNNER, limits());
  }

  /** What attempts go through is told at once, unless a scenario is about that. */
  LifecycleSettings limits() {
    return AT_ONCE;
  }

  /** Leaves an operator that is cut off as it is: a killed process closes nothing in order. */
  void abandonOperator() {
    abandoned.add(operator.getAndSet(null));
  }

  void stopOperator() {
    abandonOperator();
    abandoned.stream().filter(Objects::nonNull).forEach(EvalJobOperator::close);
    abandoned.clear();
    operatorClients.forEach(KubernetesClient::close);
    operatorClients.clear();
  }

  boolean isReady() {
    return operator.get().ready();
  }

  ReportSink sink() {
    return operator.get().reportSink();
  }

  void apply(HasMetadata object) {
    applied.add(cluster.client().resource(object).create());
  }

  /** Quotas have no namespace: each test has them under names of its own. */
  String quota(String name) {
    return name + "-of-" + namespace();
  }

  void givenQuota(String name, int devices) {
    apply(
        Serialization.unmarshal(
            """
            apiVersion: evaljob.io/v1alpha1
            kind: EvalQuota
            metadata: {name: NAME}
            spec:
              namespaceSelector: {matchLabels: {LABEL: SPACE}}
              hard: {nvidia.com/gpu: DEVICES}
            """
                .replace("NAME", quota(name))
                .replace("LABEL", TestCluster.NAME_LABEL)
                .replace("SPACE", namespace())
                .replace("DEVICES", Integer.toString(devices)),
            EvalQuota.class));
  }

  EvalQuota readQuota(String name) {
    return cluster().client().resources(EvalQuota.class).withName(quota(name)).get();
  }

  EvalQuotaStatus awaitQuota(String name, Predicate<EvalQuotaStatus> wanted) {
    return await()
        .pollInterval(Duration.ofMillis(20))
        .until(
            () -> readQuota(name),
            found -> found != null && found.getStatus() != null && wanted.test(found.getStatus()))
        .getStatus();
  }

  EvalJob applied(EvalJob job) {
    apply(job);
    return read(job.getMetadata().getName());
  }

  EvalJob edit(String name, String field, Object value) {
    cluster.edit(namespace, name, field, value);
    return read(name);
  }

  EvalJob awaitWaiting(String name, String reason) {
    return awaitJob(
        name,
        status -> status.waitingIfSet().filter(why -> reason.equals(why.reason())).isPresent());
  }

  EvalJob read(String name) {
    return cluster.client().resources(EvalJob.class).inNamespace(namespace).withName(name).get();
  }

  EvalJob awaitPhase(String name, String phase) {
    return awaitJob(name, status -> phase.equals(status.phase()) && finished(status));
  }

  static boolean finished(EvalJob job) {
    return job.getStatus() != null && finished(job.getStatus());
  }

  static boolean finished(EvalJobStatus status) {
    return conditions(status).getOrDefault("Finished", "").startsWith("True");
  }

  EvalJob awaitJob(String name, Predicate<EvalJobStatus> wanted) {
    return await()
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

  /** Jobs that stay. */
  List<Job> jobs(EvalJob owner) {
    return cluster
        .client()
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withLabel(Labels.JOB_UID, owner.getMetadata().getUid())
        .list()
        .getItems()
        .stream()
        .filter(job -> job.getMetadata().getDeletionTimestamp() == null)
        .toList();
  }

  /** Reasons of the events of an EvalJob, in the order they were recorded. */
  List<String> eventReasons(String name) {
    return eventsOf(name).stream().map(Event::getReason).toList();
  }

  /** Events of an EvalJob, in the order they were recorded. */
  List<Event> eventsOf(String name) {
    return cluster.client().v1().events().inNamespace(namespace).list().getItems().stream()
        .filter(event -> name.equals(event.getInvolvedObject().getName()))
        .sorted(
            Comparator.comparing(event -> Long.parseLong(event.getMetadata().getResourceVersion())))
        .toList();
  }

  static Ending succeeds(String model) {
    return new Ending.Succeeds(List.of(row(model, "one", "0.5"), row(model, "two", "0.75")));
  }

  static ResultRow row(String model, String dataset, String score) {
    return new ResultRow(model, dataset, "Succeeded", "accuracy", score, null, 6L, 0L, null);
  }
}
