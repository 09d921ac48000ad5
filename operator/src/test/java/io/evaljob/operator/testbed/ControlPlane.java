package io.evaljob.operator.testbed;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** A real Kubernetes cluster, either started for this test run or given. */
public interface ControlPlane {

  /** Where the operator's manifests put it. */
  String OPERATOR_NAMESPACE = "evaljob-system";

  /** The account that the operator's manifests give it. */
  String OPERATOR_ACCOUNT = "evaljob-operator";

  /** A client with all rights; closed with the cluster. */
  KubernetesClient admin();

  /** A kubeconfig with all rights. */
  Path kubeconfig();

  /** A program of the control plane, such as {@code kubectl} or {@code kwok}. */
  Path program(String name);

  /**
   * A client of a service account, by a token of its own that lives an hour. The caller closes it.
   *
   * @param userAgent by which the requests are told apart
   * @param interceptors see every request, by name
   */
  KubernetesClient clientOf(
      String namespace, String account, String userAgent, Map<String, Interceptor> interceptors);

  /** A client of the operator's own account, with the rights that {@code deploy/} gives it. */
  default KubernetesClient operatorClient(Map<String, Interceptor> interceptors) {
    return clientOf(OPERATOR_NAMESPACE, OPERATOR_ACCOUNT, "evaljob-operator/test", interceptors);
  }

  /**
   * A new namespace with the strictest pod security, which has its default account. It goes away at
   * the end of the test run at the latest.
   *
   * @param prefix how its name begins
   */
  String namespace(String prefix);

  /**
   * Applies {@code deploy/} with kubectl, once a test run. Its Deployment is scaled to nothing:
   * most tests run an operator of their own.
   */
  void installOperator();

  /** Runs kubectl with all rights; see {@link Kubectl}. */
  Kubectl kubectl();

  /** What there is only of a control plane that was started here. */
  Processes processes();

  /** Tells what happened since, for a test that failed: events, pods, errors of the components. */
  List<String> story(Instant since);

  /** A control plane as processes of this machine. */
  interface Processes {

    /** The API server's audit log: one JSON object a line, of the requests of our accounts. */
    Path auditLog();

    /** Ends the API server and waits until it is gone. Its objects are kept. */
    void stopApiServer();

    /** Starts it again on its port and waits until it is ready. */
    void startApiServer();

    /** Where each component writes its log. */
    Path logs();

    /** Where etcd answers, without a password. */
    URI etcd();
  }

  /**
   * Starts one outside a test run.
   *
   * @param folder its logs and keys; what was in it is deleted
   * @throws IllegalStateException when there are no binaries, with the remedy
   */
  static Started start(Path folder) {
    Binaries binaries =
        Binaries.find(System.getenv())
            .orElseThrow(() -> new IllegalStateException(Binaries.remedy()));
    return new Started(new Cluster(LocalControlPlane.start(binaries, folder)));
  }

  /**
   * A control plane that ends when it is closed.
   *
   * @param plane the control plane
   */
  record Started(ControlPlane plane) implements AutoCloseable {
    @Override
    public void close() {
      ((Cluster) plane).close();
    }
  }
}
