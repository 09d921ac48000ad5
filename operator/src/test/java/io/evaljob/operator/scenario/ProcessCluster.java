package io.evaljob.operator.scenario;

import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.VisibleDevice;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.report.PodIdentity;
import io.evaljob.operator.report.ReportAuthority;
import io.evaljob.operator.report.ReportServer;
import io.evaljob.operator.report.ReportSink;
import io.evaljob.operator.report.Stored;
import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.sandbox.Sandbox;
import io.evaljob.operator.sandbox.SandboxConfig;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * This machine as the cluster: Jobs run as real processes of the real runner, which report over TLS
 * to whichever operator runs. Its devices are pretended.
 */
final class ProcessCluster implements TestCluster {

  private static final String NAMESPACE = "vlm";
  private static final List<VisibleDevice> DEVICES =
      IntStream.range(4, 24).mapToObj(id -> new VisibleDevice(String.valueOf(id), 0)).toList();

  private final Sandbox sandbox;
  private final ReportAuthority authority;
  private final ReportServer reports;
  private final Queue<CompletableFuture<Stored>> answers = new ConcurrentLinkedQueue<>();
  private final AtomicReference<Supplier<Optional<ReportSink>>> sink =
      new AtomicReference<>(Optional::empty);

  /** Goes on with what is in the folder. */
  ProcessCluster(Path state) {
    sandbox =
        Sandbox.start(
            SandboxConfig.of(state)
                .withDevices(DEVICES, "nvidia.com/gpu", "CUDA_VISIBLE_DEVICES")
                .withEvalJobs());
    OperatorConfig config =
        OperatorConfig.defaults().withReportUrl(URI.create("https://127.0.0.1:1"));
    authority = ReportAuthority.open(client(), config, Clock.systemUTC());
    try {
      reports =
          ReportServer.open(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
              authority,
              client(),
              Clock.systemUTC(),
              config.reportStoreTimeout(),
              new SimpleMeterRegistry());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    reports.serve(new Forwarding());
  }

  /** Reports go to the operator that runs; without one they are to be sent again. */
  private final class Forwarding implements ReportSink {

    @Override
    public boolean leads() {
      return true;
    }

    @Override
    public Optional<PodIdentity> find(String podUid) {
      return sink.get().get().flatMap(operator -> operator.find(podUid));
    }

    @Override
    public CompletionStage<Stored> submit(StageReport report) {
      Optional<ReportSink> operator = sink.get().get();
      if (operator.isEmpty()) {
        return CompletableFuture.completedFuture(Stored.NOT_LEADER);
      }
      CompletableFuture<Stored> answer = operator.get().submit(report).toCompletableFuture().copy();
      answers.add(answer);
      return answer;
    }
  }

  @Override
  public KubernetesClient client() {
    return sandbox.client();
  }

  @Override
  public KubernetesClient operatorClient(RequestTap tap) {
    return new KubernetesClientBuilder()
        .withConfig(client().getConfiguration())
        .withHttpClientFactory(new JdkHttpClientFactory())
        .withHttpClientBuilderConsumer(http -> http.addOrReplaceInterceptor("tap", tap))
        .build();
  }

  /** Starts an operator as {@code evaljob run} does, with no delay before retries. */
  EvalJobOperator startOperator(KubernetesClient operatorClient) {
    // A process takes its connections along when it dies.
    answers.forEach(answer -> answer.complete(Stored.NOT_LEADER));
    answers.clear();
    return EvalJobOperator.start(
        operatorClient,
        OperatorConfig.defaults().withReportUrl(URI.create("https://127.0.0.1:" + reports.port())),
        Clock.systemUTC(),
        new DeviceContext.BareProcess(DEVICES),
        authority::bundle,
        RunnerArchive.fromClassPath(),
        ScenarioBase.AT_ONCE);
  }

  @Override
  public String newNamespace() {
    client()
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .create();
    return NAMESPACE;
  }

  @Override
  public String nodeName() {
    return "this-machine";
  }

  @Override
  public void useUpQuota(String namespace) {
    throw new UnsupportedOperationException("this machine knows no quota");
  }

  @Override
  public void raiseQuota(String namespace) {
    throw new UnsupportedOperationException("this machine knows no quota");
  }

  @Override
  public void serveWorkloads() {
    throw new UnsupportedOperationException("this machine knows no Kueue");
  }

  /** What is left is in a folder of the test. */
  @Override
  public void leaveNothing() {}

  /** Jobs run from the start; the script is not asked, the program decides for itself. */
  @Override
  public void play(Script script, Supplier<Optional<ReportSink>> operator) {
    sink.set(operator);
  }

  @Override
  public void close() {
    try {
      reports.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      sandbox.close();
    }
  }
}
