package io.evaljob.operator.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.report.ReportAuthority;
import io.evaljob.operator.report.ReportServer;
import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.evaljob.operator.schema.Manifest;
import io.evaljob.operator.schema.ManifestReader;
import io.evaljob.operator.schema.Manifests;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator, the runner and a real program on the sandbox, as {@code evaljob run} does it. */
class WholeRunTest {

  private static final Path EXAMPLE = Path.of("../deploy/examples/command.yaml");

  @TempDir Path folder;

  @Test
  void theCommandExampleRunsToItsScoresAndARerunDoesNothing() throws IOException {
    String version;
    try (Sandbox sandbox = Sandbox.start(SandboxConfig.of(folder).withEvalJobs())) {
      apply(sandbox.client());
      try (Running operator = Running.start(sandbox.client())) {
        assertThat(operator.operator()).isNotNull();
        await().until(() -> phase(sandbox.client()).matches("Succeeded|Failed|PartiallyFailed"));
      }
      EvalJob job = job(sandbox.client());
      assertThat(job.getStatus().phase()).as("%s", job.getStatus()).isEqualTo("Succeeded");
      version = job.getMetadata().getResourceVersion();
    }
    try (Sandbox sandbox = Sandbox.start(SandboxConfig.of(folder).withEvalJobs())) {
      try (Running operator = Running.start(sandbox.client())) {
        await().until(() -> operator.operator().ready());
        await()
            .during(Duration.ofSeconds(1))
            .until(() -> job(sandbox.client()).getMetadata().getResourceVersion().equals(version));
      }
    }
  }

  private static void apply(KubernetesClient client) {
    KubernetesSerialization json = new KubernetesSerialization();
    Manifests manifests = ManifestReader.readAll(List.of(EXAMPLE));
    assertThat(manifests.problems()).isEmpty();
    for (Manifest manifest : manifests.documents()) {
      ObjectNode object = manifest.object();
      ObjectNode metadata = (ObjectNode) object.get("metadata");
      if (!manifest.kind().equals("EvalRuntime")) {
        metadata.put("namespace", "default");
      }
      if (metadata.path("annotations").has(ClaimBinder.LOCAL_PATH)) {
        Path relative = Path.of(metadata.path("annotations").get(ClaimBinder.LOCAL_PATH).asText());
        Path absolute = EXAMPLE.toAbsolutePath().resolveSibling(relative).normalize();
        ((ObjectNode) metadata.get("annotations")).put(ClaimBinder.LOCAL_PATH, absolute.toString());
      }
      client.resource(json.convertValue(object, GenericKubernetesResource.class)).create();
    }
  }

  private static EvalJob job(KubernetesClient client) {
    return client.resources(EvalJob.class).inNamespace("default").withName("command").get();
  }

  private static String phase(KubernetesClient client) {
    EvalJob job = job(client);
    return job.getStatus() == null || job.getStatus().phase() == null
        ? ""
        : job.getStatus().phase();
  }

  private record Running(EvalJobOperator operator, ReportServer reports) implements AutoCloseable {

    static Running start(KubernetesClient client) throws IOException {
      Clock clock = Clock.systemUTC();
      OperatorConfig config =
          OperatorConfig.defaults().withReportUrl(URI.create("https://127.0.0.1:1"));
      ReportAuthority authority = ReportAuthority.open(client, config, clock);
      ReportServer reports =
          ReportServer.open(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
              authority,
              client,
              clock,
              config.reportStoreTimeout(),
              new SimpleMeterRegistry());
      OperatorConfig reachable =
          config.withReportUrl(URI.create("https://127.0.0.1:" + reports.port()));
      EvalJobOperator operator =
          EvalJobOperator.start(
              client,
              reachable,
              clock,
              new DeviceContext.BareProcess(List.of()),
              authority::bundle);
      reports.serve(operator.reportSink());
      return new Running(operator, reports);
    }

    @Override
    public void close() throws IOException {
      operator.close();
      reports.close();
    }
  }
}
