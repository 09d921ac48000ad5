package io.evaljob.operator.scenario;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.report.ReportSink;
import io.evaljob.operator.testbed.Edits;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Optional;
import java.util.function.Supplier;

/** A cluster to run scenarios on: an API server, and something that runs the Jobs. */
public interface TestCluster extends AutoCloseable {

  /** What an API server adds to every namespace. */
  String NAME_LABEL = "kubernetes.io/metadata.name";

  /** The client of the person who uses the cluster. */
  KubernetesClient client();

  /**
   * A client for an operator.
   *
   * @param tap sees every request of it
   */
  KubernetesClient operatorClient(RequestTap tap);

  /** Makes a namespace for EvalJobs and returns its name. */
  String newNamespace();

  /**
   * Sets a field of an EvalJob's spec over what the operator has written meanwhile.
   *
   * @param value what the whole field becomes; null takes it away
   */
  default void edit(String namespace, String name, String field, Object value) {
    Edits.untilWritten(
        () ->
            client()
                .resources(EvalJob.class)
                .inNamespace(namespace)
                .withName(name)
                .edit(job -> Samples.edited(job, field, value)));
  }

  /** Name of the node that pods run on, which is its label {@code kubernetes.io/hostname} too. */
  String nodeName();

  /** Lets no pod be made in a namespace, as a ResourceQuota does that is used up. */
  void useUpQuota(String namespace);

  /** Lets pods be made again. */
  void raiseQuota(String namespace);

  /** Serves Workloads of Kueue in both versions, until the test ends. */
  void serveWorkloads();

  /**
   * Begins to run Jobs.
   *
   * @param script how each attempt ends
   * @param reports where the pods report to, while an operator runs
   */
  void play(Script script, Supplier<Optional<ReportSink>> reports);

  /**
   * Deletes the EvalJobs of all namespaces made here and wants nothing of them to remain. An
   * operator may run meanwhile.
   */
  void leaveNothing();

  @Override
  void close();
}
