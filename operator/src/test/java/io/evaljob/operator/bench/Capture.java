package io.evaljob.operator.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.report.PodIdentity;
import io.evaljob.operator.report.ReportSink;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.net.URI;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs one EvalJob with an operator in this process, and keeps what it writes. */
final class Capture implements Interceptor {

  private final List<Captured> writes = new ArrayList<>();
  private final BenchCluster cluster;
  private final String namespace;
  private Captured.Identity identity;

  private Capture(BenchCluster cluster, String namespace) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  static Capture of(BenchCluster cluster, String namespace) throws InterruptedException {
    Capture capture = new Capture(cluster, namespace);
    capture.run();
    return capture;
  }

  /** What was written for it, in order; what is written once a namespace is not. */
  List<Captured> writes() {
    return writes.stream()
        .filter(write -> !write.body().contains("evaljob-runner-") || write.makesJob())
        .toList();
  }

  Captured.Identity identity() {
    return identity;
  }

  @Override
  public synchronized void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
    if (!request.method().equals("GET") && !request.uri().getPath().contains("evalruntimes")) {
      writes.add(new Captured(request.method(), request.uri().getPath(), request.bodyString()));
    }
  }

  private void run() throws InterruptedException {
    String authority =
        Optional.ofNullable(
                cluster
                    .admin()
                    .secrets()
                    .inNamespace("evaljob-system")
                    .withName("evaljob-report-ca")
                    .get())
            .map(secret -> secret.getData().getOrDefault("ca.crt", ""))
            .map(text -> new String(Base64.getDecoder().decode(text), UTF_8))
            .orElse("");
    try (KubernetesClient client = cluster.control().operatorClient(Map.of("capture", this));
        EvalJobOperator operator =
            EvalJobOperator.start(
                client,
                OperatorConfig.defaults().withReportUrl(URI.create("https://localhost:12345")),
                Clock.systemUTC(),
                new DeviceContext.RequestedInPod(),
                () -> authority)) {
      EvalJob job = cluster.admin().resource(Jobs.of(namespace, "captured", 0)).create();
      identity =
          new Captured.Identity(namespace, job.getMetadata().getName(), job.getMetadata().getUid());
      Pod pod = runningScorePod();
      report(operator.reportSink(), pod);
      end(pod);
      Wait.until(
          "the captured run ends",
          () -> Finished.test(cluster.admin().resource(Jobs.of(namespace, "captured", 0)).get()));
      Wait.until("its last event is written", () -> writes().get(writes().size() - 1).isEvent());
    }
  }

  private Pod runningScorePod() throws InterruptedException {
    List<Pod> found = new ArrayList<>();
    Wait.until(
        "the Score stage runs",
        () -> {
          found.clear();
          found.addAll(
              cluster
                  .admin()
                  .pods()
                  .inNamespace(namespace)
                  .withLabel("evaljob.io/stage", "score")
                  .list()
                  .getItems());
          return found.size() == 1 && "Running".equals(found.get(0).getStatus().getPhase());
        });
    return found.get(0);
  }

  private static void report(ReportSink sink, Pod pod) throws InterruptedException {
    Wait.until(
        "the operator knows the pod", () -> sink.find(pod.getMetadata().getUid()).isPresent());
    PodIdentity who = sink.find(pod.getMetadata().getUid()).orElseThrow();
    StageReport report =
        new StageReport(
            who.namespace(),
            who.job(),
            who.jobUid(),
            who.model(),
            who.podName(),
            who.podUid(),
            Stage.Score,
            who.attempt(),
            1,
            true,
            new Progress(12, 12, 1, 1, 100, null),
            Optional.empty(),
            List.of(
                new ResultRow("base", "one", "Succeeded", "accuracy", "0.5", null, 12L, 0L, null)),
            Optional.empty());
    try {
      sink.submit(report).toCompletableFuture().get(30, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  private void end(Pod pod) {
    cluster
        .admin()
        .pods()
        .inNamespace(namespace)
        .withName(pod.getMetadata().getName())
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            FakeRunners.ended(pod.getSpec().getContainers().get(0).getName()));
  }
}
