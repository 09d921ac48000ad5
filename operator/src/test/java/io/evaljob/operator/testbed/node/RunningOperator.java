package io.evaljob.operator.testbed.node;

import static org.awaitility.Awaitility.await;

import io.evaljob.operator.testbed.ControlPlane;
import java.util.ArrayList;
import java.util.List;

/**
 * The operator as {@code deploy/} ships it: replicas in pods of a {@link LocalNode}, under their
 * own account, behind their Service.
 */
public final class RunningOperator implements AutoCloseable {

  private static final String DEPLOYMENT = "deployment/evaljob-operator";

  /** What a network of its own would spare: pods of this node share the machine's addresses. */
  private static final String OWN_ADDRESS =
      """
      {"spec": {"template": {"spec": {"containers": [{"name": "operator", "env": [
        {"name": "EVALJOB_LISTEN_ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "EVALJOB_REPORT_URL", "value": "https://127.0.0.1:{port}"}]}]}}}}
      """;

  private final ControlPlane cluster;
  private final LocalNode node;
  private final ServiceProxy service;

  private RunningOperator(ControlPlane cluster, LocalNode node, ServiceProxy service) {
    this.cluster = cluster;
    this.node = node;
    this.service = service;
  }

  /**
   * Installs it and waits until its replicas are ready.
   *
   * @param machine what the node is; the operator's image is added
   * @param replicas how many
   */
  public static RunningOperator start(ControlPlane cluster, NodeDescription machine, int replicas) {
    cluster.installOperator();
    LocalNode node =
        LocalNode.start(
            cluster.admin(), machine.withImage("evaljob-operator", Programs.operator()));
    ServiceProxy service =
        ServiceProxy.start(cluster.admin(), ControlPlane.OPERATOR_NAMESPACE, "evaljob-operator");
    RunningOperator running = new RunningOperator(cluster, node, service);
    running.kubectl("patch", DEPLOYMENT, "-p", OWN_ADDRESS.replace("{port}", "" + service.port()));
    running.kubectl("scale", DEPLOYMENT, "--replicas=" + replicas);
    running.kubectl("rollout", "status", DEPLOYMENT, "--timeout=120s");
    return running;
  }

  /** The node that everything runs on. */
  public LocalNode node() {
    return node;
  }

  private void kubectl(String... arguments) {
    List<String> all = new ArrayList<>(List.of("-n", ControlPlane.OPERATOR_NAMESPACE));
    all.addAll(List.of(arguments));
    cluster.kubectl().run(all.toArray(String[]::new));
  }

  /** Stops the replicas as Kubernetes does, then the node. */
  @Override
  public void close() {
    kubectl("scale", DEPLOYMENT, "--replicas=0");
    await()
        .until(
            () ->
                cluster
                    .admin()
                    .pods()
                    .inNamespace(ControlPlane.OPERATOR_NAMESPACE)
                    .list()
                    .getItems()
                    .isEmpty());
    service.close();
    node.close();
  }
}
