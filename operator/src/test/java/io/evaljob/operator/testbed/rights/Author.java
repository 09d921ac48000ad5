package io.evaljob.operator.testbed.rights;

import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.testbed.ControlPlane;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** A namespace with somebody in it who has one role, and an operator that serves it. */
final class Author implements AutoCloseable {

  /** What is blocked is tried again soon. */
  private static final LifecycleSettings AT_ONCE =
      new LifecycleSettings(
          Duration.ZERO, Duration.ZERO, Duration.ofMillis(500), Duration.ZERO, true);

  private final ControlPlane cluster;
  private final String namespace;
  private final String account;
  private final KubernetesClient client;

  private Author(ControlPlane cluster, String namespace, String account) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.account = account;
    client = cluster.clientOf(namespace, account, "author/test", Map.of());
  }

  /** A new account of that name with a cluster role in this namespace alone. */
  static Author with(ControlPlane cluster, String namespace, String role, String account) {
    KubernetesClient admin = cluster.admin();
    admin
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withName(account)
                .withNamespace(namespace)
                .endMetadata()
                .build())
        .create();
    admin
        .resource(
            new RoleBindingBuilder()
                .withNewMetadata()
                .withName(account)
                .withNamespace(namespace)
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", role)
                .addNewSubject("", "ServiceAccount", account, namespace)
                .build())
        .create();
    return new Author(cluster, namespace, account);
  }

  /** An operator of its own account for these namespaces. */
  static EvalJobOperator operator(KubernetesClient client, String... namespaces) {
    OperatorConfig config =
        OperatorConfig.fromEnvironment(
            Map.of("EVALJOB_WATCH_NAMESPACES", String.join(",", namespaces)));
    return EvalJobOperator.start(
        client,
        config,
        Clock.systemUTC(),
        new DeviceContext.RequestedInPod(),
        () -> "",
        RunnerArchive.fromClassPath(),
        AT_ONCE);
  }

  KubernetesClient client() {
    return client;
  }

  String namespace() {
    return namespace;
  }

  String account() {
    return account;
  }

  /** Applies a spec as this person. */
  EvalJob submit(String name, String runtime, String spec) {
    EvalJob job =
        Serialization.unmarshal(
            """
            apiVersion: evaljob.io/v1alpha1
            kind: EvalJob
            metadata: {name: NAME, namespace: NAMESPACE}
            spec:
              runtimeRef: {name: RUNTIME}
            """
                    .replace("NAMESPACE", namespace)
                    .replace("NAME", name)
                    .replace("RUNTIME", runtime)
                + spec.indent(2),
            EvalJob.class);
    return client.resource(job).create();
  }

  EvalJob awaitJob(String name, Predicate<EvalJobStatus> wanted) {
    return await("EvalJob " + name)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () ->
                cluster
                    .admin()
                    .resources(EvalJob.class)
                    .inNamespace(namespace)
                    .withName(name)
                    .get(),
            job -> job != null && job.getStatus() != null && wanted.test(job.getStatus()));
  }

  /** Waits until the operator has judged the job; returns its condition Accepted. */
  Condition judged(String name) {
    return accepted(awaitJob(name, status -> accepted(status).isPresent()).getStatus()).get();
  }

  private static Optional<Condition> accepted(EvalJobStatus status) {
    return status.conditions().stream()
        .filter(condition -> condition.type().equals("Accepted"))
        .findFirst();
  }

  /** The Jobs that carry the job's name. */
  List<Job> children(String name) {
    return cluster
        .admin()
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withLabel(Labels.JOB, name)
        .list()
        .getItems();
  }

  /** The first Job of an EvalJob. */
  Job child(String name) {
    return await("a Job of " + name)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> children(name), found -> !found.isEmpty())
        .get(0);
  }

  @Override
  public void close() {
    client.close();
  }
}
