package io.evaljob.operator.testbed.replicas;

import static io.evaljob.operator.testbed.ControlPlane.OPERATOR_NAMESPACE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.node.LocalNode;
import io.evaljob.operator.testbed.node.ServiceProxy;
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
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * The Deployment of {@code deploy/}, its pods as processes of this machine. Each gets a loopback
 * address of its own to listen on, and a proxy stands for the Service; the rest is as shipped.
 */
final class Replicas implements AutoCloseable {

  private static final String NAME = "evaljob-operator";
  private static final String DEPLOYMENT = "deployment/" + NAME;

  private final ControlPlane cluster;
  private final KubernetesClient client;
  private final LocalNode node;
  private final ServiceProxy service;

  private Replicas(ControlPlane cluster, LocalNode node) {
    this.cluster = cluster;
    this.client = cluster.admin();
    this.node = node;
    this.service = ServiceProxy.start(client, OPERATOR_NAMESPACE, NAME);
  }

  /**
   * Starts both and waits until both are ready and one leads.
   *
   * @param watched the only namespace they look at: other tests leave objects in theirs
   */
  static Replicas start(ControlPlane cluster, LocalNode node, String watched) {
    cluster.installOperator();
    Replicas replicas = new Replicas(cluster, node);
    cluster
        .kubectl()
        .run(
            "patch",
            DEPLOYMENT,
            "-n",
            OPERATOR_NAMESPACE,
            "--type=strategic",
            "-p",
            """
            spec:
              replicas: 2
              template:
                spec:
                  containers:
                  - name: operator
                    env:
                    - {name: EVALJOB_WATCH_NAMESPACES, value: WATCHED}
                    - {name: EVALJOB_REPORT_URL, value: "https://127.0.0.1:PROXY"}
                    - name: EVALJOB_LISTEN_ADDRESS
                      valueFrom: {fieldRef: {fieldPath: status.podIP}}
            """
                .replace("WATCHED", watched)
                .replace("PROXY", Integer.toString(replicas.service.port())));
    try {
      replicas.awaitBoth();
      return replicas;
    } catch (RuntimeException | Error e) {
      replicas.close();
      throw e;
    }
  }

  /** Waits until two are ready and one of them leads. */
  void awaitBoth() {
    await()
        .atMost(Duration.ofMinutes(3))
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
    return ProcessHandle.of(node.process(pod).orElseThrow()).orElseThrow();
  }

  /** The container as the kubelet tells it now. */
  ContainerStatus container(Pod pod) {
    return client.resource(pod).get().getStatus().getContainerStatuses().get(0);
  }

  String log(Pod pod) {
    return node.log(OPERATOR_NAMESPACE, pod.getMetadata().getName());
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

  /** Leaves the Deployment as other tests expect it: with no pod, and nothing added. */
  @Override
  public void close() {
    cluster.kubectl().run("scale", "-n", OPERATOR_NAMESPACE, DEPLOYMENT, "--replicas=0");
    cluster
        .kubectl()
        .run(
            "set",
            "env",
            "-n",
            OPERATOR_NAMESPACE,
            DEPLOYMENT,
            "EVALJOB_WATCH_NAMESPACES-",
            "EVALJOB_REPORT_URL-",
            "EVALJOB_LISTEN_ADDRESS-");
    await().atMost(Duration.ofMinutes(1)).until(() -> pods().isEmpty());
    service.close();
  }
}
