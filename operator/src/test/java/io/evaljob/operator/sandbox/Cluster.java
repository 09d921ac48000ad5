package io.evaljob.operator.sandbox;

import static org.awaitility.Awaitility.await;

import io.evaljob.operator.plan.VisibleDevice;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A sandbox in a test, and the Jobs of one container that tests run in it. */
final class Cluster implements AutoCloseable {

  static final List<VisibleDevice> FOUR_TO_SEVEN =
      List.of("4", "5", "6", "7").stream().map(id -> new VisibleDevice(id, 0)).toList();

  private final SandboxConfig config;
  private Sandbox sandbox;

  Cluster(SandboxConfig config) {
    this.config = config;
    this.sandbox = Sandbox.start(config);
  }

  static SandboxConfig config(Path folder) {
    return SandboxConfig.of(folder.resolve("state"))
        .withDevices(FOUR_TO_SEVEN, "nvidia.com/gpu", "CUDA_VISIBLE_DEVICES");
  }

  Sandbox sandbox() {
    return sandbox;
  }

  KubernetesClient client() {
    return sandbox.client();
  }

  void restart() {
    sandbox.close();
    sandbox = Sandbox.start(config);
  }

  void stopAndStart() {
    sandbox.stop();
    sandbox = Sandbox.start(config);
  }

  Job create(Job job) {
    return client().resource(job).create();
  }

  static PodSpecBuilder script(String script) {
    return new PodSpecBuilder()
        .withRestartPolicy("Never")
        .withTerminationGracePeriodSeconds(20L)
        .addNewContainer()
        .withName("evaluator")
        .withImage("ignored")
        .withCommand("sh", "-c", script)
        .addNewEnv()
        .withName("TERMINATION")
        .withValue("/dev/termination-log")
        .endEnv()
        .endContainer();
  }

  static PodSpecBuilder devices(PodSpecBuilder spec, int count) {
    return spec.editFirstContainer()
        .withNewResources()
        .withLimits(Map.of("nvidia.com/gpu", new Quantity(String.valueOf(count))))
        .endResources()
        .endContainer();
  }

  static Job job(String name, PodSpecBuilder spec) {
    return new JobBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withBackoffLimit(0)
        .withNewTemplate()
        .withNewMetadata()
        .endMetadata()
        .withSpec(spec.build())
        .endTemplate()
        .endSpec()
        .build();
  }

  Job finished(String name) {
    await()
        .until(
            () ->
                client().batch().v1().jobs().withName(name).get().getStatus() != null
                    && !outcome(client().batch().v1().jobs().withName(name).get()).equals("none"));
    return client().batch().v1().jobs().withName(name).get();
  }

  static String outcome(Job job) {
    return job.getStatus().getConditions().stream()
        .map(JobCondition::getType)
        .filter(type -> type.equals("Complete") || type.equals("Failed"))
        .findFirst()
        .orElse("none");
  }

  Optional<Pod> find(String job) {
    return client().pods().withLabel("batch.kubernetes.io/job-name", job).list().getItems().stream()
        .findFirst();
  }

  Pod pod(String job) {
    return find(job).orElseThrow();
  }

  Pod running(String job) {
    await()
        .until(
            () ->
                find(job)
                    .filter(
                        pod ->
                            pod.getStatus() != null && "Running".equals(pod.getStatus().getPhase()))
                    .isPresent());
    return pod(job);
  }

  static ContainerStateTerminated terminated(Pod pod) {
    return pod.getStatus().getContainerStatuses().get(0).getState().getTerminated();
  }

  String log(String job) {
    return read(sandbox.log("default", pod(job).getMetadata().getName()));
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** True while the process works; one that ended and that nobody has waited for does not. */
  static boolean runs(long pid) {
    Path stat = Path.of("/proc", String.valueOf(pid), "stat");
    if (Files.exists(Path.of("/proc/self/stat"))) {
      return Files.exists(stat) && !read(stat).contains(") Z ");
    }
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    sandbox.close();
  }
}
