package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.operator.config.LogLevel;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.sandbox.Sandbox;
import io.evaljob.operator.sandbox.SandboxConfig;
import io.evaljob.operator.testbed.node.ServiceProxy;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two operators beside each other, and the real runner that reports to whichever it reaches. */
class OperatorReplicasTest {
  private static final String OPERATOR = "evaljob-system";
  private static final String NAMESPACE = "vlm";
  private static final Duration LEASE = Duration.ofSeconds(3);
  private static final Duration OFTEN = Duration.ofMillis(10);

  @TempDir Path folder;

  private final List<Replica> replicas = new CopyOnWriteArrayList<>();
  private Sandbox sandbox;
  private ServiceProxy service;

  /** An operator whose connection to the API server can be cut. */
  private final class Replica implements AutoCloseable {
    final List<String> writes = new CopyOnWriteArrayList<>();
    final OperatorProcess process;
    volatile boolean cut;

    Replica(String name) throws IOException {
      process = OperatorProcess.start(this::connect, config(name), Clock.systemUTC());
      replicas.add(this);
    }

    private KubernetesClient connect(Interceptor fence) {
      return new KubernetesClientBuilder()
          .withConfig(sandbox.client().getConfiguration())
          .withHttpClientFactory(new JdkHttpClientFactory())
          .withHttpClientBuilderConsumer(
              http ->
                  http.addOrReplaceInterceptor("fence", fence)
                      .addOrReplaceInterceptor("wire", new Wire()))
          .build();
    }

    /** Remembers what was sent, but for what concerns the lease; also in vain. */
    private final class Wire implements Interceptor {
      @Override
      public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        String path = request.uri().getPath();
        if (!request.method().equals("GET")
            && !path.contains("/leases")
            && !path.contains("/tokenreviews")
            && !path.contains("/secrets")) {
          writes.add(request.method() + " " + path);
        }
        if (cut) {
          throw new IllegalStateException("the connection is cut");
        }
      }
    }

    String get(String path) {
      try {
        HttpResponse<String> answer =
            HttpClient.newHttpClient()
                .send(
                    java.net.http.HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + process.healthPort() + path))
                        .build(),
                    HttpResponse.BodyHandlers.ofString());
        return answer.statusCode() + " " + answer.body();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }

    /** Reports that were not taken. */
    double sentOn() {
      return get("/metrics")
          .lines()
          .filter(line -> line.startsWith("evaljob_report_requests_total{status=\"503\"}"))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf('}') + 1)))
          .sum();
    }

    @Override
    public void close() {
      replicas.remove(this);
      process.close();
    }
  }

  private OperatorConfig config(String name) {
    return new OperatorConfig(
        OPERATOR,
        new TreeSet<>(),
        name,
        LEASE,
        4,
        Duration.ofSeconds(1),
        Optional.of(InetAddress.getLoopbackAddress()),
        0,
        URI.create("https://127.0.0.1:" + service.port()),
        Optional.empty(),
        Duration.ofSeconds(60),
        0,
        LogLevel.INFO);
  }

  @BeforeEach
  void begin() throws IOException {
    try (InputStream program =
        OperatorReplicasTest.class.getResourceAsStream(
            "/io/evaljob/operator/scenario/program.py")) {
      Files.copy(program, folder.resolve("program.py"));
    }
    sandbox = Sandbox.start(SandboxConfig.of(folder.resolve("state")).withEvalJobs());
    service =
        ServiceProxy.to(
            () ->
                replicas.stream()
                    .map(
                        replica ->
                            new InetSocketAddress(
                                InetAddress.getLoopbackAddress(), replica.process.reportPort()))
                    .toList());
    apply(new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build());
    apply(runtime("command"));
  }

  private HasMetadata runtime(String name) {
    return yaml(
        """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalRuntime
        metadata: {name: NAME}
        spec:
          harness: Command
          command: {args: [python3, PROGRAM]}
          image: none
          allow: {namespaceSelector: {}}
        """
            .replace("NAME", name)
            .replace("PROGRAM", folder.resolve("program.py").toString()));
  }

  @AfterEach
  void end() {
    List.copyOf(replicas).forEach(Replica::close);
    service.close();
    sandbox.close();
  }

  private static HasMetadata yaml(String text) {
    return Serialization.unmarshal(text, HasMetadata.class);
  }

  private void apply(HasMetadata object) {
    sandbox.client().resource(object).create();
  }

  private Replica start(String name) throws IOException {
    Replica replica = new Replica(name);
    await().until(() -> replica.get("/readyz").startsWith("200"));
    return replica;
  }

  private Replica startLeader() throws IOException {
    Replica leader = start("first");
    await().pollInterval(OFTEN).until(leader.process::leads);
    return leader;
  }

  /** A run whose processes wait in the middle of their second data set until the gate opens. */
  private void givenARunInItsMiddle() {
    apply(job());
    await().pollInterval(OFTEN).until(() -> answers().size() == 8);
  }

  private static HasMetadata job() {
    return yaml(
        """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalJob
        metadata: {name: job, namespace: vlm}
        spec:
          runtimeRef: {name: command}
          accelerator: {devicesPerProcess: 0, processes: 2}
          models:
          - {name: long}
          datasets:
          - {name: one}
          - {name: two}
        """);
  }

  private void openGate() throws IOException {
    Files.createFile(folder.resolve("gate"));
  }

  private List<String> answers() throws IOException {
    Path file = folder.resolve("answers");
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  private EvalJob read() {
    return sandbox.client().resources(EvalJob.class).inNamespace(NAMESPACE).withName("job").get();
  }

  /** The run ended once and well: nothing doubled, nothing lost, nobody blamed. */
  private void assertWhole() throws IOException {
    EvalJob job =
        await()
            .pollInterval(OFTEN)
            .until(
                this::read,
                now ->
                    now.getStatus() != null
                        && now.getStatus().conditions().stream()
                            .anyMatch(
                                c -> c.type().equals("Finished") && c.status().equals("True")));
    assertThat(job.getStatus().phase()).as("%s", job.getStatus()).isEqualTo("Succeeded");
    assertThat(job.getStatus().models().get(0).retries()).isZero();
    assertThat(job.getStatus().results())
        .extracting(row -> row.dataset() + "=" + row.score())
        .containsExactly("one=0.5", "two=0.75");
    assertThat(answers()).hasSize(12).doesNotHaveDuplicates();
    assertThat(sandbox.client().batch().v1().jobs().inNamespace(NAMESPACE).list().getItems())
        .extracting(child -> child.getMetadata().getLabels())
        .extracting(
            (Map<String, String> labels) ->
                labels.get(Labels.STAGE) + "/" + labels.get(Labels.ATTEMPT))
        .containsExactlyInAnyOrder("prefetch/1", "infer/1", "score/1");
    assertThat(sandbox.client().pods().inNamespace(NAMESPACE).list().getItems()).hasSize(3);
  }

  private Lease lease() {
    return sandbox.client().leases().inNamespace(OPERATOR).withName("evaljob-operator").get();
  }

  private String holder() {
    return Objects.toString(lease().getSpec().getHolderIdentity(), "");
  }

  @Test
  void theStandbyIsReadyWritesNothingAndSendsReportsOn() throws IOException {
    Replica leader = startLeader();
    Replica standby = start("second");
    givenARunInItsMiddle();
    openGate();
    assertWhole();

    assertThat(standby.writes).isEmpty();
    assertThat(standby.sentOn()).isPositive();
    assertThat(standby.get("/readyz")).startsWith("200");
    assertThat(standby.get("/metrics")).contains("\nevaljob_leader 0");
    assertThat(leader.get("/metrics")).contains("\nevaljob_leader 1");
    assertThat(holder()).startsWith("first_");
  }

  /** The leader takes the report, cannot store it any more, and does not keep the pod waiting. */
  @Test
  void aReportThatWaitsWhenTheLeaseIsLostIsSentOn() throws IOException {
    Replica first = startLeader();
    givenARunInItsMiddle();
    first.cut = true;
    openGate();

    // Before the runner's patience ends, and the time in which a report may be stored.
    await().pollInterval(OFTEN).until(() -> !first.process.leads() && first.sentOn() > 0);
    start("second");
    assertWhole();
  }

  @Test
  void whatALeaderLeavesWhenItIsCutOffTheNextOneEnds() throws IOException {
    Replica first = startLeader();
    Replica second = start("second");
    givenARunInItsMiddle();
    first.cut = true;
    openGate();

    await().pollInterval(OFTEN).until(second.process::leads);
    assertThat(first.process.leads()).isFalse();
    int inVain = first.writes.size();
    assertWhole();
    assertThat(first.writes).as("nothing is tried after the lease is lost").hasSize(inVain);
    assertThat(holder()).startsWith("second_");

    first.cut = false;
    second.close();
    await().pollInterval(OFTEN).until(first.process::leads);
  }

  /** A standby sees what happens and does nothing about it; no second event comes. */
  @Test
  void whatHappenedWhileNobodyLedIsMadeUpFor() throws IOException {
    Replica first = startLeader();
    Replica second = start("second");
    first.cut = true;
    await().pollInterval(OFTEN).until(() -> !first.process.leads());
    openGate();
    apply(runtime("later"));
    apply(job());
    assertThat(second.process.leads()).isFalse();

    assertWhole();
    await()
        .until(
            () ->
                sandbox.client().resources(EvalRuntime.class).withName("later").get().getStatus()
                    != null);
  }

  @Test
  void aLeaderThatIsStoppedGivesTheLeaseBackAtTheEnd() throws IOException {
    Replica first = startLeader();
    Replica second = start("second");
    givenARunInItsMiddle();
    openGate();
    first.close();
    int last = first.writes.size();
    assertThat(holder()).as("released, or taken already").doesNotStartWith("first_");

    await().pollInterval(OFTEN).until(second.process::leads);
    assertWhole();
    assertThat(first.writes).hasSize(last);
    second.close();
    assertThat(holder()).isEmpty();
  }

  @Test
  void whileAStrangerHoldsTheLeaseNothingIsWrittenAndReportsAreKept() throws IOException {
    Replica only = startLeader();
    givenARunInItsMiddle();
    await()
        .ignoreException(KubernetesClientException.class)
        .until(
            () ->
                sandbox
                        .client()
                        .resource(
                            new LeaseBuilder(lease())
                                .editSpec()
                                .withHolderIdentity("a stranger")
                                .withLeaseDurationSeconds(3600)
                                .endSpec()
                                .build())
                        .update()
                    != null);
    await().pollInterval(OFTEN).until(() -> !only.process.leads());
    List<String> before = new ArrayList<>(only.writes);
    openGate();
    // The inference ends, and its final report is refused again and again.
    await().until(() -> answers().size() == 12);
    double refused = only.sentOn();
    await().until(() -> only.sentOn() > refused + 1);
    assertThat(only.writes).isEqualTo(before);
    assertThat(only.get("/readyz")).startsWith("200");

    sandbox.client().resource(lease()).delete();
    assertWhole();
  }
}
