package io.evaljob.operator.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvalJobAdmissionTest {

  @TempDir Path folder;

  private static GenericKubernetesResource job(Map<String, Object> further) {
    Map<String, Object> spec = new HashMap<>();
    spec.put("runtimeRef", Map.of("name", "command"));
    spec.put("models", List.of(Map.of("name", "base")));
    spec.put("datasets", List.of(Map.of("name", "DATA")));
    spec.putAll(further);
    return new GenericKubernetesResourceBuilder()
        .withApiVersion("evaljob.io/v1alpha1")
        .withKind("EvalJob")
        .withNewMetadata()
        .withName("j")
        .withNamespace("default")
        .endMetadata()
        .addToAdditionalProperties("spec", spec)
        .build();
  }

  @Test
  void theApiIsServedAsAClusterWould() {
    try (Sandbox sandbox = Sandbox.start(Cluster.config(folder).withEvalJobs())) {
      KubernetesClient client = sandbox.client();
      client.resource(job(Map.of())).create();
      EvalJob stored = client.resources(EvalJob.class).inNamespace("default").withName("j").get();
      assertThat(stored.getSpec().runID()).isEqualTo("1");

      assertThatThrownBy(() -> client.resource(job(Map.of("retryLimt", 3))).update())
          .isInstanceOfSatisfying(
              KubernetesClientException.class,
              e -> {
                assertThat(e.getCode()).isEqualTo(422);
                assertThat(e.getMessage()).contains("retryLimt").contains("retryLimit");
              });

      GenericKubernetesResource running = client.resource(job(Map.of())).get();
      running.setAdditionalProperty(
          "status",
          Map.of(
              "observedGeneration", 1, "run", Map.of("id", "1", "number", 1, "hash", "7c9e6679")));
      client.resource(running).updateStatus();
      assertThatThrownBy(
              () ->
                  client
                      .resource(job(Map.of("datasets", List.of(Map.of("name", "OTHER")))))
                      .update())
          .isInstanceOf(KubernetesClientException.class)
          .hasMessageContaining("spec.datasets")
          .hasMessageContaining("runID");
      client
          .resource(job(Map.of("runID", "2", "datasets", List.of(Map.of("name", "OTHER")))))
          .update();
    }
  }
}
