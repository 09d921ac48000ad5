package io.evaljob.operator.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.plan.VisibleDevice;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxTest {

  private static final List<VisibleDevice> FOUR_TO_SEVEN =
      List.of(
          new VisibleDevice("4", 0),
          new VisibleDevice("5", 0),
          new VisibleDevice("6", 0),
          new VisibleDevice("7", 0));

  @TempDir Path folder;
  private Sandbox sandbox;

  @BeforeEach
  void start() {
    sandbox = Sandbox.start(config());
  }

  @AfterEach
  void close() {
    sandbox.close();
  }

  private SandboxConfig config() {
    return SandboxConfig.of(folder.resolve("state"))
        .withDevices(FOUR_TO_SEVEN, "nvidia.com/gpu", "CUDA_VISIBLE_DEVICES");
  }

  @Test
  void aJobRunsItsContainerAndCompletes() throws IOException {
    create(job("hello", script("echo to-the-log; printf done > /dev/termination-log")));
    Job job = finished("hello");
    assertThat(condition(job)).isEqualTo("Complete");
    assertThat(job.getStatus().getSucceeded()).isEqualTo(1);
    Pod pod = pod("hello");
    assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
    assertThat(pod.getMetadata().getOwnerReferences().get(0).getUid())
        .isEqualTo(job.getMetadata().getUid());
    assertThat(terminated(pod).getExitCode()).isZero();
    assertThat(terminated(pod).getReason()).isEqualTo("Completed");
    assertThat(terminated(pod).getMessage()).isEqualTo("done");
    assertThat(Files.readString(sandbox.log("default", pod.getMetadata().getName())))
        .isEqualTo("to-the-log\n");
  }

  @Test
  void aFailedContainerFailsItsJobAtTheBackoffLimit() {
    create(job("bad", script("echo why > /dev/termination-log; exit 3")));
    Job job = finished("bad");
    assertThat(condition(job)).isEqualTo("Failed");
    assertThat(job.getStatus().getConditions())
        .anyMatch(
            c -> c.getType().equals("Failed") && c.getReason().equals("BackoffLimitExceeded"));
    assertThat(terminated(pod("bad")).getExitCode()).isEqualTo(3);
    assertThat(terminated(pod("bad")).getReason()).isEqualTo("Error");
    assertThat(terminated(pod("bad")).getMessage()).isEqualTo("why\n");
  }

  @Test
  void aPodGetsTheIdsOfItsDevicesByValue() throws IOException {
    create(job("two", devices(script("printf %s $CUDA_VISIBLE_DEVICES"), 2)));
    create(job("four", devices(script("printf %s $CUDA_VISIBLE_DEVICES"), 4)));
    create(job("none", script("printf '[%s]' $CUDA_VISIBLE_DEVICES")));
    finished("two");
    finished("four");
    finished("none");
    assertThat(logOf("two")).isEqualTo("4,5");
    assertThat(logOf("four")).isEqualTo("4,5,6,7");
    assertThat(logOf("none")).isEqualTo("[]");
  }

  @Test
  void podsWaitUntilDevicesAreFree() {
    Path gate = folder.resolve("gate");
    create(job("first", devices(script("while ! [ -e " + gate + " ]; do sleep 0.05; done"), 3)));
    await()
        .until(
            () -> find("first").map(p -> p.getStatus().getPhase()), Optional.of("Running")::equals);
    create(job("second", devices(script("true"), 2)));
    await()
        .untilAsserted(
            () ->
                assertThat(pod("second").getStatus().getConditions())
                    .anyMatch(
                        c ->
                            c.getType().equals("PodScheduled")
                                && c.getStatus().equals("False")
                                && c.getReason().equals("Unschedulable")
                                && c.getMessage()
                                    .equals(
                                        "0/1 nodes are available: 1 Insufficient"
                                            + " nvidia.com/gpu.")));
    write(gate, "");
    assertThat(condition(finished("second"))).isEqualTo("Complete");
  }

  @Test
  void pathsInEnvironmentAndCommandPointToTheMounts() throws IOException {
    sandbox
        .client()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("plan")
                .withNamespace("default")
                .endMetadata()
                .addToData("plan.json", "{\"a\":1}")
                .addToBinaryData("bytes", "AAEC")
                .build())
        .create();
    PodSpecBuilder spec =
        script("cat $PLAN; wc -c < \"$DIR/bytes\"; pwd > out; cat out; cat $ABOVE/plan/plan.json");
    spec.editFirstContainer()
        .addNewEnv()
        .withName("PLAN")
        .withValue("/evaljob/plan/plan.json")
        .endEnv()
        .addNewEnv()
        .withName("DIR")
        .withValue("/evaljob/plan")
        .endEnv()
        .addNewEnv()
        .withName("ABOVE")
        .withValue("/evaljob")
        .endEnv()
        .withWorkingDir("/evaljob/tmp")
        .addNewVolumeMount()
        .withName("plan")
        .withMountPath("/evaljob/plan")
        .endVolumeMount()
        .addNewVolumeMount()
        .withName("tmp")
        .withMountPath("/evaljob/tmp")
        .endVolumeMount()
        .endContainer()
        .addNewVolume()
        .withName("plan")
        .withNewConfigMap()
        .withName("plan")
        .endConfigMap()
        .endVolume()
        .addNewVolume()
        .withName("tmp")
        .withNewEmptyDir()
        .endEmptyDir()
        .endVolume();
    create(job("paths", spec));
    finished("paths");
    assertThat(logOf("paths")).startsWith("{\"a\":1}3\n").doesNotContain("\n/evaljob");
  }

  @Test
  void aSecondRunOnTheSameStateIsRefusedWithThePid() {
    assertThatThrownBy(() -> Sandbox.start(config()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("in use by process " + ProcessHandle.current().pid());
  }

  @Test
  void objectsSurviveWithTheirUidsAndVersions() {
    create(job("kept", script("true")));
    Job before = finished("kept");
    await().until(() -> pod("kept").getMetadata().getFinalizers().isEmpty());
    Pod podBefore = pod("kept");
    sandbox.close();
    sandbox = Sandbox.start(config());
    assertThat(client().resource(before).get()).isEqualTo(before);
    assertThat(pod("kept")).isEqualTo(podBefore);
    create(job("later", script("true")));
    Job later = client().batch().v1().jobs().withName("later").get();
    assertThat(Long.parseLong(later.getMetadata().getResourceVersion()))
        .isGreaterThan(Long.parseLong(before.getMetadata().getResourceVersion()));
  }

  private KubernetesClient client() {
    return sandbox.client();
  }

  private void create(Job job) {
    client().resource(job).create();
  }

  static PodSpecBuilder script(String script) {
    return new PodSpecBuilder()
        .withRestartPolicy("Never")
        .withTerminationGracePeriodSeconds(5L)
        .addNewContainer()
        .withName("evaluator")
        .withImage("ignored")
        .withCommand("sh", "-c", script.replace("/dev/termination-log", "$TERMINATION"))
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

  private Job finished(String name) {
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              Job job = client().batch().v1().jobs().withName(name).get();
              return job.getStatus() != null
                  && job.getStatus().getConditions() != null
                  && !job.getStatus().getConditions().isEmpty();
            });
    return client().batch().v1().jobs().withName(name).get();
  }

  private static String condition(Job job) {
    return job.getStatus().getConditions().stream()
        .map(c -> c.getType())
        .filter(t -> t.equals("Complete") || t.equals("Failed"))
        .findFirst()
        .orElse("none");
  }

  private Optional<Pod> find(String job) {
    return client().pods().withLabel("batch.kubernetes.io/job-name", job).list().getItems().stream()
        .findFirst();
  }

  private Pod pod(String job) {
    return find(job).orElseThrow();
  }

  private static ContainerStateTerminated terminated(Pod pod) {
    return pod.getStatus().getContainerStatuses().get(0).getState().getTerminated();
  }

  private String logOf(String job) throws IOException {
    return Files.readString(sandbox.log("default", pod(job).getMetadata().getName()));
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
