package io.evaljob.operator.scenario;

import io.evaljob.operator.report.ReportSink;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Optional;
import java.util.function.Supplier;

/** A cluster to run scenarios on: an API server, and something that runs the Jobs. */
public interface TestCluster extends AutoCloseable {

  /** The client of the person who uses the cluster. */
  KubernetesClient client();

  /**
   * A client for an operator.
   *
   * @param tap sees every request of it
   */
  KubernetesClient operatorClient(RequestTap tap);

  /**
   * Begins to run Jobs.
   *
   * @param script how each attempt ends
   * @param reports where the pods report to, while an operator runs
   */
  void play(Script script, Supplier<Optional<ReportSink>> reports);

  @Override
  void close();
}
