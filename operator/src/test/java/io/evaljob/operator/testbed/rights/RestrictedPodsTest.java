package io.evaljob.operator.testbed.rights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.resources.ChildFactory;
import io.evaljob.operator.resources.ResourceSettings;
import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.schema.Manifest;
import io.evaljob.operator.schema.ManifestReader;
import io.evaljob.operator.testbed.Checkout;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.Kubectl;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every example runs in a namespace that enforces restricted pod security. */
@RealCluster
class RestrictedPodsTest {

  /** Kinds that do not end with the namespace. */
  private static final Set<String> CLUSTER_WIDE = Set.of("EvalRuntime", "EvalQuota");

  /** An example may wait for somebody to let it begin. */
  private static void resume(Kubectl kubectl, String namespace, String job) {
    kubectl.run(
        "patch",
        "evaljob",
        job,
        "-n",
        namespace,
        "--type=merge",
        "-p",
        "{\"spec\":{\"suspend\":false}}");
  }

  @Test
  void podsOfEveryExampleAreAdmitted(ControlPlane cluster) throws IOException {
    cluster.installOperator();
    KubernetesClient admin = cluster.admin();
    String namespace = cluster.namespace("restricted");
    List<Path> examples = examples();
    List<String> jobs = new ArrayList<>();
    List<Manifest> clusterWide = new ArrayList<>();
    Kubectl kubectl = cluster.kubectl();
    for (Path example : examples) {
      kubectl.run("apply", "-n", namespace, "-f", example.toString());
      for (Manifest manifest : ManifestReader.read(example).documents()) {
        if (manifest.kind().equals("EvalJob")) {
          jobs.add(manifest.name());
          resume(kubectl, namespace, manifest.name());
        } else if (CLUSTER_WIDE.contains(manifest.kind())) {
          clusterWide.add(manifest);
        }
      }
    }
    assertThat(jobs).hasSizeGreaterThanOrEqualTo(8);
    Author author = Author.with(cluster, namespace, "view", "reader");
    try (KubernetesClient client = cluster.operatorClient(Map.of());
        EvalJobOperator operator = Author.operator(client, namespace)) {
      assertThat(operator.ready()).isTrue();
      for (String job : jobs) {
        Job first = author.child(job);
        await("a pod of " + job + ": " + reasons(admin, namespace))
            .pollInterval(Duration.ofMillis(50))
            .until(() -> hasPod(admin, first));
        for (Stage stage : List.of(Stage.Prefetch, Stage.Infer, Stage.Score)) {
          admitted(admin, namespace, job, stage);
        }
      }
      assertThat(reasons(admin, namespace)).isEmpty();
    } finally {
      author.close();
      clusterWide.forEach(
          manifest ->
              admin
                  .genericKubernetesResources(manifest.apiVersion(), manifest.kind())
                  .withName(manifest.name())
                  .delete());
    }
  }

  private static List<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(Checkout.root().resolve("deploy/examples"))) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  private static boolean hasPod(KubernetesClient admin, Job job) {
    return !admin
        .pods()
        .inNamespace(job.getMetadata().getNamespace())
        .withLabel("batch.kubernetes.io/job-name", job.getMetadata().getName())
        .list()
        .getItems()
        .isEmpty();
  }

  private static List<String> reasons(KubernetesClient admin, String namespace) {
    return admin.v1().events().inNamespace(namespace).list().getItems().stream()
        .filter(event -> event.getReason().equals("FailedCreate"))
        .map(event -> event.getMessage())
        .toList();
  }

  /** The pod that a stage would have, asked for by itself: only the first stage has a Job yet. */
  private static void admitted(KubernetesClient admin, String namespace, String name, Stage stage) {
    EvalJob job = admin.resources(EvalJob.class).inNamespace(namespace).withName(name).get();
    ConfigMap plan =
        admin
            .configMaps()
            .inNamespace(namespace)
            .withName(job.getStatus().models().get(0).planName())
            .get();
    PodTemplateSpec template =
        new ChildFactory(new ResourceSettings("", RunnerArchive.fromClassPath()))
            .job(job, plan, stage, 1)
            .getSpec()
            .getTemplate();
    Pod pod =
        new PodBuilder()
            .withMetadata(template.getMetadata())
            .editMetadata()
            .withGenerateName("probe-")
            .withNamespace(namespace)
            .endMetadata()
            .withSpec(template.getSpec())
            .build();
    assertThat(
            admin.resource(pod).dryRun().create().getSpec().getSecurityContext().getRunAsNonRoot())
        .isTrue();
  }
}
