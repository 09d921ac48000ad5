package io.evaljob.operator.testbed.replicas;

import static io.evaljob.operator.testbed.ControlPlane.OPERATOR_NAMESPACE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.node.NodeDescription;
import io.evaljob.operator.testbed.node.RunningOperator;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Objects;

/** The operator as it is shipped, in two replicas that look at one namespace only. */
final class Replicas implements AutoCloseable {

  private static final String NAME = "evaljob-operator";
  private static final String WATCHED = "EVALJOB_WATCH_NAMESPACES";

  private final ControlPlane cluster;
  private final KubernetesClient client;
  private final RunningOperator running;

  private Replicas(ControlPlane cluster, RunningOperator running) {
    this.cluster = cluster;
    this.client = cluster.admin();
    this.running = running;
  }

  /**
   * Starts both and waits until both are ready and one leads.
   *
   * @param watched the only namespace they look at: other tests leave objects in theirs
   */
  static Replicas start(ControlPlane cluster, NodeDescription machine, String watched) {
    cluster.installOperator();
    setVariable(cluster, WATCHED + "=" + watched);
    Replicas replicas = new Replicas(cluster, RunningOperator.start(cluster, machine, 2));
    replicas.awaitBoth();
    return replicas;
  }

  private static void setVariable(ControlPlane cluster, String variable) {
    cluster.kubectl().run("set", "env", "-n", OPERATOR_NAMESPACE, "deployment/" + NAME, variable);
  }

  /** Waits until two are ready and one of them leads. */
  void awaitBoth() {
    await()
        .untilAsserted(
            () -> {
              assertThat(pods())
                  .extracting(Replicas::isReady)
                  .as(() -> pods().stream().map(this::log).toList().toString())
                  .containsExactly(true, true);
              leader();
            });
  }

  /** The pods, those that end too. */
  List<Pod> pods() {
    return client
        .pods()
        .inNamespace(OPERATOR_NAMESPACE)
        .withLabel("app.kubernetes.io/component", "operator")
        .list()
        .getItems();
  }

  private static boolean isReady(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() == null
        && pod.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }

  LeaseSpec lease() {
    return client.leases().inNamespace(OPERATOR_NAMESPACE).withName(NAME).get().getSpec();
  }

  /** Who holds the lease; empty text where nobody does. */
  String holder() {
    return Objects.toString(lease().getHolderIdentity(), "");
  }

  /** The pod that leads. */
  Pod leader() {
    String holder = holder();
    return pods().stream()
        .filter(pod -> holder.startsWith(pod.getMetadata().getName() + "_"))
        .findFirst()
        .orElseThrow(() -> new AssertionError("none of the replicas leads: " + holder));
  }

  /** The pod that does not lead. */
  Pod standby() {
    String leader = leader().getMetadata().getName();
    return pods().stream()
        .filter(pod -> !pod.getMetadata().getName().equals(leader))
        .findFirst()
        .orElseThrow();
  }

  ProcessHandle process(Pod pod) {
    return ProcessHandle.of(running.node().process(pod).orElseThrow()).orElseThrow();
  }

  /** The container as the kubelet tells it now. */
  ContainerStatus container(Pod pod) {
    return client.resource(pod).get().getStatus().getContainerStatuses().get(0);
  }

  String log(Pod pod) {
    return running.node().log(OPERATOR_NAMESPACE, pod.getMetadata().getName());
  }

  /** What the pod says of itself: 1 leads, 0 stands by. */
  double leaderMetric(Pod pod) {
    return get(pod, "/metrics")
        .lines()
        .filter(line -> line.startsWith("evaljob_leader "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
        .findFirst()
        .orElseThrow();
  }

  private static String get(Pod pod, String path) {
    try {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(
                      URI.create("http://" + pod.getStatus().getPodIP() + ":8080" + path))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Leaves the Deployment as other tests expect it: with no pod, and looking everywhere. */
  @Override
  public void close() {
    running.close();
    setVariable(cluster, WATCHED + "-");
  }
}
