package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.report.ReportSink;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.Edits;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A real API server with its controllers and its scheduler; of the node alone a {@link
 * ScriptedKubelet} and a {@link ScriptedVolumes} are pretended. The operator has the rights of its
 * own account.
 */
final class RealServerCluster implements TestCluster {

  private static final String QUOTA = "pods";

  private final ControlPlane plane;
  private final List<String> namespaces = new CopyOnWriteArrayList<>();
  private final String node;
  private final ScriptedVolumes volumes;
  private final List<ScriptedKubelet> kubelets = new ArrayList<>();

  RealServerCluster(ControlPlane plane) {
    this.plane = plane;
    plane.installOperator();
    node = "scripted-" + Long.toString(System.nanoTime(), 36);
    volumes = new ScriptedVolumes(plane.admin(), node);
  }

  @Override
  public KubernetesClient client() {
    return plane.admin();
  }

  @Override
  public KubernetesClient operatorClient(RequestTap tap) {
    return plane.operatorClient(Map.of("tap", tap));
  }

  @Override
  public String newNamespace() {
    String name = plane.namespace("vlm");
    namespaces.add(name);
    return name;
  }

  /** By kubectl, as a person does. */
  @Override
  public void edit(String namespace, String name, String field, Object value) {
    String path = "/spec/" + field;
    var change =
        value == null
            ? Map.of("op", "remove", "path", path)
            : Map.of("op", "add", "path", path, "value", value);
    plane
        .kubectl()
        .run(
            "patch",
            "evaljob",
            name,
            "--namespace=" + namespace,
            "--type=json",
            "--patch=" + Serialization.asJson(List.of(change)));
  }

  @Override
  public String nodeName() {
    return node;
  }

  @Override
  public void useUpQuota(String namespace) {
    client()
        .resource(
            new ResourceQuotaBuilder()
                .withNewMetadata()
                .withName(QUOTA)
                .withNamespace(namespace)
                .endMetadata()
                .withNewSpec()
                .addToHard("pods", new Quantity("0"))
                .endSpec()
                .build())
        .create();
    await()
        .until(
            () -> {
              var quota = client().resourceQuotas().inNamespace(namespace).withName(QUOTA).get();
              return quota.getStatus() != null && !quota.getStatus().getHard().isEmpty();
            });
  }

  @Override
  public void raiseQuota(String namespace) {
    client().resourceQuotas().inNamespace(namespace).withName(QUOTA).delete();
  }

  @Override
  public void serveWorkloads() {
    definitions().createOr(existing -> existing.update());
    awaitServed("v1beta2", true);
    awaitServed("v1beta1", true);
  }

  /** Serves them as Kueue's older releases do. */
  void serveOnlyOldWorkloads() {
    Edits.untilWritten(
        () ->
            definitions()
                .edit(
                    now ->
                        new CustomResourceDefinitionBuilder(now)
                            .editSpec()
                            .editMatchingVersion(version -> "v1beta2".equals(version.getName()))
                            .withServed(false)
                            .endVersion()
                            .endSpec()
                            .build()));
    awaitServed("v1beta2", false);
  }

  /**
   * Takes Kueue's kind away, with all objects of it. It otherwise stays for the tests that follow:
   * a kind that goes keeps the garbage collector busy.
   */
  void withdrawWorkloads() {
    definitions().delete();
    awaitServed("v1beta1", false);
  }

  private Resource<CustomResourceDefinition> definitions() {
    try (InputStream file = RealServerCluster.class.getResourceAsStream("/kueue/workload.yaml")) {
      return client().resource(Serialization.unmarshal(file, CustomResourceDefinition.class));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitServed(String version, boolean wanted) {
    await()
        .until(
            () -> {
              var served = client().getApiResources("kueue.x-k8s.io/" + version);
              return (served != null && !served.getResources().isEmpty()) == wanted;
            });
  }

  @Override
  public void play(Script script, Supplier<Optional<ReportSink>> reports) {
    addNode(node, script, new PretendedRunner(reports));
    volumes.start();
  }

  /** A node that no runtime selects. Without a second one the loss of the first is none. */
  void addIdleNode() {
    addNode(node + "-idle", (model, stage, attempt) -> new Ending.RunsOn(), null);
  }

  private void addNode(String name, Script script, PretendedRunner runner) {
    ScriptedKubelet started = new ScriptedKubelet(client(), name, script, runner);
    kubelets.add(started);
    started.start();
    // A new node is tainted until a controller has seen it ready.
    await()
        .pollInterval(Duration.ofMillis(20))
        .until(() -> client().nodes().withName(name).get().getSpec().getTaints().isEmpty());
  }

  /** The node that runtimes select. */
  ScriptedKubelet kubelet() {
    return kubelets.get(0);
  }

  @Override
  public void leaveNothing() {
    for (String namespace : namespaces) {
      client().resources(EvalJob.class).inNamespace(namespace).delete();
    }
    await()
        .pollInterval(Duration.ofMillis(100))
        .untilAsserted(() -> assertThat(namespaces.stream().flatMap(this::left)).isEmpty());
    namespaces.forEach(namespace -> client().namespaces().withName(namespace).delete());
    namespaces.clear();
  }

  /** What is in a namespace, but for what is in every one and the runner that all jobs share. */
  Stream<String> left(String namespace) {
    List<HasMetadata> all = new ArrayList<>();
    all.addAll(client().resources(EvalJob.class).inNamespace(namespace).list().getItems());
    all.addAll(client().batch().v1().jobs().inNamespace(namespace).list().getItems());
    all.addAll(client().pods().inNamespace(namespace).list().getItems());
    all.addAll(client().persistentVolumeClaims().inNamespace(namespace).list().getItems());
    all.addAll(client().configMaps().inNamespace(namespace).list().getItems());
    all.addAll(client().secrets().inNamespace(namespace).list().getItems());
    all.addAll(client().leases().inNamespace(namespace).list().getItems());
    return all.stream()
        .map(object -> object.getKind() + " " + namespace + "/" + object.getMetadata().getName())
        .filter(name -> !name.endsWith("/kube-root-ca.crt"))
        .filter(name -> !name.contains("/evaljob-runner-"));
  }

  @Override
  public void close() {
    kubelets.forEach(ScriptedKubelet::close);
    volumes.close();
  }
}
