package io.evaljob.operator.testbed.node;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.List;
import java.util.function.UnaryOperator;

/** Pods that the strictest pod security admits, with one container. */
final class Workload {

  private Workload() {}

  /** A container that runs a shell script. */
  static Container shell(String script) {
    return container("sh", "-c", script);
  }

  /** A container that runs a Python script. */
  static Container python(String script) {
    return container("python3", "-c", script);
  }

  private static Container container(String... command) {
    return new ContainerBuilder()
        .withName("main")
        .withImage("python:3.12-slim")
        .withCommand(List.of(command))
        .addNewEnv()
        .withName("TERMINATION")
        .withValue("/dev/termination-log")
        .endEnv()
        .withNewSecurityContext()
        .withAllowPrivilegeEscalation(false)
        .withNewCapabilities()
        .withDrop("ALL")
        .endCapabilities()
        .endSecurityContext()
        .build();
  }

  /** The same with so many devices. */
  static Container withDevices(Container container, int count) {
    return new ContainerBuilder(container)
        .withNewResources()
        .addToLimits(NodeDescription.RESOURCE, new Quantity(Integer.toString(count)))
        .endResources()
        .build();
  }

  static PodSpec spec(Container container) {
    return new PodSpecBuilder()
        .withRestartPolicy("Never")
        .withTerminationGracePeriodSeconds(5L)
        .withNewSecurityContext()
        .withRunAsNonRoot(true)
        .withRunAsUser(1000L)
        .withNewSeccompProfile()
        .withType("RuntimeDefault")
        .endSeccompProfile()
        .endSecurityContext()
        .withContainers(container)
        .build();
  }

  static Pod pod(String namespace, String name, PodSpec spec) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(name)
        .addToLabels("app", name)
        .endMetadata()
        .withSpec(spec)
        .build();
  }

  static Pod pod(
      String namespace, String name, Container container, UnaryOperator<PodSpecBuilder> change) {
    return pod(namespace, name, change.apply(new PodSpecBuilder(spec(container))).build());
  }

  static Job job(String namespace, String name, PodSpec spec) {
    return new JobBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .withBackoffLimit(0)
        .withNewTemplate()
        .withSpec(spec)
        .endTemplate()
        .endSpec()
        .build();
  }
}
