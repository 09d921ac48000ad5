package io.evaljob.operator.testbed.replicas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.evaljob.operator.testbed.node.NodeDescription;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever happens to the leader in the middle of a run, the run ends as if nothing had: every
 * child is made once, every answer given once, and the final reports arrive.
 */
@RealCluster(ours = true)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TwoReplicasTest {

  /** What is promised; the setting alone makes it 14 s. */
  private static final Duration FAILOVER = Duration.ofSeconds(20);

  /** What is promised. */
  private static final Duration STOP = Duration.ofSeconds(5);

  private static final Duration OFTEN = Duration.ofMillis(20);

  private final ControlPlane cluster;
  private final KubernetesClient client;
  private Path folder;
  private String namespace;
  private Replicas replicas;

  TwoReplicasTest(ControlPlane cluster) {
    this.cluster = cluster;
    this.client = cluster.admin();
  }

  @BeforeAll
  void start(@TempDir Path given) throws IOException {
    folder = given;
    try (InputStream program =
        TwoReplicasTest.class.getResourceAsStream("/io/evaljob/operator/scenario/program.py")) {
      Files.copy(program, folder.resolve("program.py"));
    }
    namespace = cluster.namespace("replicas");
    replicas =
        Replicas.start(cluster, NodeDescription.of("replicas", folder.resolve("node")), namespace);
    client
        .resource(
            Serialization.unmarshal(
                """
                apiVersion: evaljob.io/v1alpha1
                kind: EvalRuntime
                metadata: {name: replicas}
                spec:
                  harness: Command
                  command: {args: [python3, PROGRAM]}
                  image: python:3
                  allow: {namespaceSelector: {}}
                """
                    .replace("PROGRAM", folder.resolve("program.py").toString()),
                HasMetadata.class))
        .create();
  }

  @AfterAll
  void close() {
    if (replicas != null) {
      replicas.close();
    }
  }

  /** A run whose processes wait in the middle of their second data set until the gate opens. */
  private void givenARunInItsMiddle(String name) throws IOException {
    Files.deleteIfExists(folder.resolve("gate"));
    Files.deleteIfExists(folder.resolve("answers"));
    replicas.awaitBoth();
    client
        .resource(
            Serialization.unmarshal(
                """
                apiVersion: evaljob.io/v1alpha1
                kind: EvalJob
                metadata: {name: NAME, namespace: NAMESPACE}
                spec:
                  runtimeRef: {name: replicas}
                  models:
                  - {name: long, devicesPerProcess: 1, processes: 2}
                  datasets:
                  - {name: one}
                  - {name: two}
                """
                    .replace("NAMESPACE", namespace)
                    .replace("NAME", name),
                EvalJob.class))
        .create();
    await().pollInterval(OFTEN).until(() -> answers().size() == 8);
  }

  private void openGate() throws IOException {
    Files.createFile(folder.resolve("gate"));
  }

  private List<String> answers() throws IOException {
    Path file = folder.resolve("answers");
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  private EvalJob read(String name) {
    return client.resources(EvalJob.class).inNamespace(namespace).withName(name).get();
  }

  private static boolean isFinished(EvalJob job) {
    return job.getStatus() != null
        && job.getStatus().conditions().stream()
            .anyMatch(c -> c.type().equals("Finished") && c.status().equals("True"));
  }

  /** The run ended once and well: nothing doubled, nothing lost, nobody blamed. */
  private void assertWhole(String name) throws IOException {
    EvalJob job = await().pollInterval(OFTEN).until(() -> read(name), TwoReplicasTest::isFinished);
    assertThat(job.getStatus().phase()).as("%s", job.getStatus()).isEqualTo("Succeeded");
    assertThat(job.getStatus().models().get(0).retries()).isZero();
    assertThat(job.getStatus().results())
        .extracting(row -> row.dataset() + "=" + row.score())
        .containsExactly("one=0.5", "two=0.75");
    assertThat(answers()).hasSize(12).doesNotHaveDuplicates();
    List<Job> jobs =
        client
            .batch()
            .v1()
            .jobs()
            .inNamespace(namespace)
            .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
            .list()
            .getItems();
    assertThat(jobs)
        .extracting(
            child ->
                child.getMetadata().getLabels().get(Labels.STAGE)
                    + "/"
                    + child.getMetadata().getLabels().get(Labels.ATTEMPT))
        .containsExactlyInAnyOrder("prefetch/1", "infer/1", "score/1");
    assertThat(
            client
                .pods()
                .inNamespace(namespace)
                .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
                .list()
                .getItems())
        .hasSize(3);
    assertThat(
            client
                .configMaps()
                .inNamespace(namespace)
                .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
                .list()
                .getItems())
        .extracting(map -> map.getMetadata().getLabels().get(Labels.CONTENT))
        .doesNotHaveDuplicates();
  }

  private String awaitLeaderAfter(String before, Duration atMost) {
    return await()
        .atMost(atMost)
        .pollInterval(OFTEN)
        .until(replicas::holder, now -> !now.isEmpty() && !now.equals(before));
  }

  private static void print(String what, Instant since) {
    System.out.println(what + ": " + Duration.between(since, Instant.now()).toMillis() + " ms");
  }

  @Test
  void bothAreReadyAndOneLeads() {
    replicas.awaitBoth();
    assertThat(replicas.leaderMetric(replicas.leader())).isEqualTo(1);
    assertThat(replicas.leaderMetric(replicas.standby())).isZero();
    assertThat(replicas.log(replicas.standby()))
        .contains("Standing by: " + replicas.leader().getMetadata().getName());
  }

  @Test
  void aLeaderThatIsKilledIsReplaced() throws IOException {
    givenARunInItsMiddle("killed");
    Pod killed = replicas.leader();
    String before = replicas.holder();
    Instant begin = Instant.now();
    replicas.process(killed).destroyForcibly();
    // The inference ends and reports while nobody leads.
    openGate();

    awaitLeaderAfter(before, FAILOVER);
    print("A leader was killed; the next one leads after", begin);
    assertWhole("killed");
    print("... and the run that reported meanwhile is finished after", begin);
    assertThat(replicas.leader().getMetadata().getName())
        .isNotEqualTo(killed.getMetadata().getName());
    await().until(() -> replicas.container(killed).getRestartCount() == 1);
    replicas.awaitBoth();
  }

  /** It wakes up in the belief that it leads, with passes and renewals in the middle. */
  @Test
  void aLeaderThatIsFrozenAndThawedWritesNothingOld() throws Exception {
    givenARunInItsMiddle("frozen");
    Pod frozen = replicas.leader();
    String before = replicas.holder();
    long pid = replicas.process(frozen).pid();
    signal("STOP", pid);
    try {
      Instant begin = Instant.now();
      openGate();
      awaitLeaderAfter(before, FAILOVER);
      print("A leader was frozen; the next one leads after", begin);
    } finally {
      signal("CONT", pid);
    }
    await()
        .untilAsserted(
            () -> assertThat(replicas.log(frozen)).contains("Not leading any more, standing by"));
    assertWhole("frozen");
    assertThat(replicas.leaderMetric(frozen)).isZero();
    replicas.awaitBoth();
  }

  private static void signal(String name, long pid) throws Exception {
    assertThat(new ProcessBuilder("sh", "-c", "kill -s " + name + " " + pid).start().waitFor())
        .isZero();
  }

  @Test
  void aLeaderThatIsStoppedHandsOver() throws Exception {
    givenARunInItsMiddle("stopped");
    Pod stopped = replicas.leader();
    String before = replicas.holder();
    ProcessHandle process = replicas.process(stopped);
    int restarts = replicas.container(stopped).getRestartCount();
    Instant begin = Instant.now();
    process.destroy();
    openGate();

    await().atMost(STOP).pollInterval(OFTEN).until(() -> !process.isAlive());
    print("A leader got SIGTERM; it is gone after", begin);
    awaitLeaderAfter(before, Duration.ofSeconds(10));
    print("... the next one leads after", begin);
    assertWhole("stopped");
    await().until(() -> replicas.container(stopped).getRestartCount() == restarts + 1);
    assertThat(replicas.container(stopped).getLastState().getTerminated().getExitCode()).isZero();
    replicas.awaitBoth();
  }

  @Test
  void anUpdateOfBothIsNotNoticedByARun() throws IOException {
    givenARunInItsMiddle("updated");
    List<String> before = replicas.pods().stream().map(pod -> pod.getMetadata().getName()).toList();
    Instant begin = Instant.now();
    cluster
        .kubectl()
        .run(
            "rollout",
            "restart",
            "-n",
            ControlPlane.OPERATOR_NAMESPACE,
            "deployment/evaljob-operator");
    cluster
        .kubectl()
        .run(
            "rollout",
            "status",
            "-n",
            ControlPlane.OPERATOR_NAMESPACE,
            "deployment/evaljob-operator");
    print("Both replicas were replaced after", begin);
    openGate();
    assertWhole("updated");
    replicas.awaitBoth();
    assertThat(replicas.pods())
        .extracting(pod -> pod.getMetadata().getName())
        .doesNotContainAnyElementsOf(before);
  }

  @Test
  void anApiServerThatIsAwayForLongerThanALeaseChangesNothing() throws IOException {
    givenARunInItsMiddle("cut-off");
    Pod leader = replicas.leader();
    List<Integer> restarts = restarts();
    Duration lease = OperatorConfig.defaults().leaseDuration();
    cluster.processes().stopApiServer();
    await().atMost(lease).pollInterval(OFTEN).until(() -> replicas.leaderMetric(leader) == 0);
    openGate();
    cluster.processes().startApiServer();
    Instant begin = Instant.now();
    await().atMost(FAILOVER).pollInterval(OFTEN).until(() -> leading().isPresent());
    print("The API server is back; one replica leads after", begin);
    assertWhole("cut-off");
    assertThat(restarts()).as("nobody had to start again for it").isEqualTo(restarts);
  }

  private List<Integer> restarts() {
    return replicas.pods().stream()
        .map(pod -> replicas.container(pod).getRestartCount())
        .sorted()
        .toList();
  }

  private Optional<Pod> leading() {
    return replicas.pods().stream().filter(pod -> replicas.leaderMetric(pod) == 1).findFirst();
  }
}
