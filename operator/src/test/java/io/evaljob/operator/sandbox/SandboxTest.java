package io.evaljob.operator.sandbox;

import static io.evaljob.operator.sandbox.Cluster.devices;
import static io.evaljob.operator.sandbox.Cluster.job;
import static io.evaljob.operator.sandbox.Cluster.outcome;
import static io.evaljob.operator.sandbox.Cluster.script;
import static io.evaljob.operator.sandbox.Cluster.terminated;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxTest {

  @TempDir Path folder;
  private Cluster cluster;

  @BeforeEach
  void start() {
    cluster = new Cluster(Cluster.config(folder));
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void aJobRunsItsContainerAndCompletes() {
    cluster.create(job("hello", script("echo to-the-log; printf done > $TERMINATION")));
    Job job = cluster.finished("hello");
    assertThat(outcome(job)).isEqualTo("Complete");
    assertThat(job.getStatus().getSucceeded()).isEqualTo(1);
    Pod pod = cluster.pod("hello");
    assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
    assertThat(pod.getSpec().getNodeName()).isEqualTo(Sandbox.NODE);
    assertThat(pod.getMetadata().getOwnerReferences().get(0).getUid())
        .isEqualTo(job.getMetadata().getUid());
    assertThat(terminated(pod).getExitCode()).isZero();
    assertThat(terminated(pod).getReason()).isEqualTo("Completed");
    assertThat(terminated(pod).getMessage()).isEqualTo("done");
    assertThat(cluster.log("hello")).isEqualTo("to-the-log\n");
  }

  @Test
  void aFailedContainerFailsItsJobAtTheBackoffLimit() {
    cluster.create(job("bad", script("echo why > $TERMINATION; exit 3")));
    Job job = cluster.finished("bad");
    assertThat(job.getStatus().getConditions())
        .anyMatch(
            c -> c.getType().equals("Failed") && c.getReason().equals("BackoffLimitExceeded"));
    assertThat(job.getStatus().getFailed()).isEqualTo(1);
    assertThat(terminated(cluster.pod("bad")).getExitCode()).isEqualTo(3);
    assertThat(terminated(cluster.pod("bad")).getReason()).isEqualTo("Error");
    assertThat(terminated(cluster.pod("bad")).getMessage()).isEqualTo("why\n");
  }

  @Test
  void aJobWithBackoffGetsAnotherPod() {
    Path seen = folder.resolve("seen");
    Job job = job("again", script("test -e " + seen + " || { touch " + seen + "; exit 1; }"));
    job.getSpec().setBackoffLimit(1);
    cluster.create(job);
    assertThat(outcome(cluster.finished("again"))).isEqualTo("Complete");
    assertThat(cluster.finished("again").getStatus().getFailed()).isEqualTo(1);
  }

  @Test
  void withoutATerminationMessageTheEndOfTheLogStandsForIt() {
    PodSpecBuilder spec =
        script("echo last words; exit 1")
            .editFirstContainer()
            .withTerminationMessagePolicy("FallbackToLogsOnError")
            .endContainer();
    cluster.create(job("words", spec));
    cluster.finished("words");
    assertThat(terminated(cluster.pod("words")).getMessage()).isEqualTo("last words\n");
  }

  @Test
  void aPodGetsTheIdsOfItsDevicesByValue() {
    String print = "printf '[%s]' $CUDA_VISIBLE_DEVICES";
    PodSpecBuilder four =
        devices(script(print), 4)
            .editFirstContainer()
            .addNewEnv()
            .withName("CUDA_VISIBLE_DEVICES")
            .withValue("0,1,2,3")
            .endEnv()
            .endContainer();
    cluster.create(job("two", devices(script(print), 2)));
    cluster.create(job("four", four));
    cluster.create(job("none", script(print)));
    cluster.finished("two");
    cluster.finished("four");
    cluster.finished("none");
    assertThat(cluster.log("two")).isEqualTo("[4,5]");
    assertThat(cluster.log("four")).isEqualTo("[4,5,6,7]");
    assertThat(cluster.log("none")).isEqualTo("[]");
  }

  @Test
  void podsWaitUntilDevicesAreFree() {
    Path gate = folder.resolve("gate");
    cluster.create(
        job("first", devices(script("until [ -e " + gate + " ]; do sleep 0.05; done"), 3)));
    cluster.running("first");
    cluster.create(job("second", devices(script("true"), 2)));
    await()
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(cluster.pod("second").getStatus().getConditions())
                    .anyMatch(
                        c ->
                            c.getType().equals("PodScheduled")
                                && c.getStatus().equals("False")
                                && c.getReason().equals("Unschedulable")
                                && c.getMessage()
                                    .equals(
                                        "0/1 nodes are available: 1 Insufficient"
                                            + " nvidia.com/gpu.")));
    cluster.create(job("small", devices(script("true"), 1)));
    cluster.finished("small");
    Cluster.write(gate, "");
    assertThat(outcome(cluster.finished("second"))).isEqualTo("Complete");
  }

  @Test
  void aPodThatAsksForAnotherVendorsDevicesWaits() {
    PodSpecBuilder spec = devices(script("true"), 1);
    var limits = spec.buildFirstContainer().getResources().getLimits();
    spec.editFirstContainer()
        .withNewResources()
        .addToLimits("amd.com/gpu", limits.get("nvidia.com/gpu"))
        .endResources()
        .endContainer();
    cluster.create(job("amd", spec));
    await()
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(cluster.pod("amd").getStatus().getConditions())
                    .anyMatch(c -> c.getMessage().contains("1 Insufficient amd.com/gpu")));
  }

  @Test
  void pathsInEnvironmentAndCommandPointToTheMounts() {
    cluster
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
        script(
                "cat $PLAN; wc -c < \"$DIR/bytes\"; pwd > out; cat out; cat $ABOVE/deep/plan.json;"
                    + " echo; echo $ELSEWHERE; echo \"$1\"")
            .editFirstContainer()
            .addToCommand("sh", "/evaljob/plan/plan.json")
            .addToEnv(new EnvVar("PLAN", "/evaljob/plan/plan.json", null))
            .addToEnv(new EnvVar("DIR", "/evaljob/plan/", null))
            .addToEnv(new EnvVar("ABOVE", "/mnt/evaljob/volumes", null))
            .addToEnv(new EnvVar("ELSEWHERE", "/mnt/other", null))
            .withWorkingDir("/evaljob/tmp")
            .addNewVolumeMount()
            .withName("plan")
            .withMountPath("/evaljob/plan")
            .endVolumeMount()
            .addNewVolumeMount()
            .withName("plan")
            .withMountPath("/mnt/evaljob/volumes/deep")
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
    cluster.create(job("paths", spec));
    cluster.finished("paths");
    String state = folder.resolve("state").toString();
    assertThat(cluster.log("paths"))
        .startsWith("{\"a\":1}3\n")
        .contains(state + "/pods/")
        .contains("\n/mnt/other\n" + state);
  }

  @Test
  void aMissingSecretKeepsThePodWaitingUntilItIsThere() {
    PodSpecBuilder spec =
        script("printf %s $TOKEN-$POD")
            .editFirstContainer()
            .addNewEnv()
            .withName("TOKEN")
            .withNewValueFrom()
            .withNewSecretKeyRef("token", "hub", false)
            .endValueFrom()
            .endEnv()
            .addNewEnv()
            .withName("POD")
            .withNewValueFrom()
            .withNewFieldRef("v1", "metadata.name")
            .endValueFrom()
            .endEnv()
            .endContainer();
    cluster.create(job("needs", spec));
    await()
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              var waiting =
                  cluster
                      .pod("needs")
                      .getStatus()
                      .getContainerStatuses()
                      .get(0)
                      .getState()
                      .getWaiting();
              assertThat(waiting.getReason()).isEqualTo("CreateContainerConfigError");
              assertThat(waiting.getMessage()).isEqualTo("secret \"hub\" not found");
            });
    cluster
        .client()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("hub")
                .withNamespace("default")
                .endMetadata()
                .addToStringData("token", "hf_x")
                .build())
        .create();
    cluster.finished("needs");
    assertThat(cluster.log("needs"))
        .isEqualTo("hf_x-" + cluster.pod("needs").getMetadata().getName());
  }

  @Test
  void aDeletedPodGetsItsGraceAndItsJobFails() {
    cluster.create(
        job(
            "graceful",
            script(
                "trap 'echo flushed > $TERMINATION; exit 143' TERM;"
                    + " while :; do sleep 0.05; done")));
    Pod pod = cluster.running("graceful");
    cluster.client().resource(pod).delete();
    assertThat(outcome(cluster.finished("graceful"))).isEqualTo("Failed");
    await().until(() -> cluster.find("graceful").isEmpty());
  }

  @Test
  void whoIgnoresTheSignalIsKilledAfterTheGraceWithAllItsChildren() {
    Path child = folder.resolve("child");
    PodSpecBuilder spec =
        script(
            "trap '' TERM; python3 -c 'import os,time; os.setsid(); open(\""
                + child
                + "\", \"w\").write(str(os.getpid())); time.sleep(600)' &"
                + " while :; do sleep 0.05; done");
    cluster.create(job("stubborn", spec.withTerminationGracePeriodSeconds(1L)));
    Pod pod = cluster.running("stubborn");
    await().until(() -> Files.exists(child) && !Cluster.read(child).isEmpty());
    long pid = Long.parseLong(Cluster.read(child));
    assertThat(Cluster.runs(pid)).isTrue();
    cluster.client().resource(pod).delete();
    cluster.finished("stubborn");
    await().until(() -> !Cluster.runs(pid));
  }

  @Test
  void aJobDeletedInTheForegroundGoesAfterItsPods() {
    cluster.create(job("front", script("trap 'exit 143' TERM; while :; do sleep 0.05; done")));
    cluster.running("front");
    cluster
        .client()
        .batch()
        .v1()
        .jobs()
        .withName("front")
        .withPropagationPolicy(io.fabric8.kubernetes.api.model.DeletionPropagation.FOREGROUND)
        .delete();
    await()
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              Job job = cluster.client().batch().v1().jobs().withName("front").get();
              // Never the Job before its pod.
              assertThat(job == null && cluster.find("front").isPresent()).isFalse();
              assertThat(job).isNull();
            });
    assertThat(cluster.find("front")).isEmpty();
  }

  @Test
  void aJobDeletedInTheBackgroundTakesItsPodsAlong() {
    cluster.create(job("back", script("trap 'exit 143' TERM; while :; do sleep 0.05; done")));
    cluster.running("back");
    cluster.client().batch().v1().jobs().withName("back").delete();
    assertThat(cluster.client().batch().v1().jobs().withName("back").get()).isNull();
    await().until(() -> cluster.find("back").isEmpty());
  }

  @Test
  void aKilledContainerIsAnErrorWithItsSignal() {
    cluster.create(job("killed", script("kill -9 $$$$")));
    cluster.finished("killed");
    assertThat(terminated(cluster.pod("killed")).getExitCode()).isEqualTo(137);
    assertThat(terminated(cluster.pod("killed")).getReason()).isEqualTo("Error");
  }

  @Test
  void aSecondRunOnTheSameStateIsRefusedWithThePid() {
    assertThatThrownBy(() -> Sandbox.start(Cluster.config(folder)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("in use by process " + ProcessHandle.current().pid());
  }

  @Test
  void objectsSurviveWithTheirUidsAndVersions() {
    cluster.create(job("kept", script("true")));
    Job before = cluster.finished("kept");
    await().until(() -> cluster.pod("kept").getMetadata().getFinalizers().isEmpty());
    Pod podBefore = cluster.pod("kept");
    cluster.restart();
    assertThat(cluster.client().resource(before).get()).isEqualTo(before);
    assertThat(cluster.pod("kept")).isEqualTo(podBefore);
    Job later = cluster.create(job("later", script("true")));
    assertThat(Long.parseLong(later.getMetadata().getResourceVersion()))
        .isGreaterThan(Long.parseLong(before.getMetadata().getResourceVersion()));
    assertThat(later.getMetadata().getUid()).isNotEqualTo(before.getMetadata().getUid());
    cluster.finished("later");
  }

  @Test
  void aStopLetsPodsFlushAndTellsThatTheNodeStopped() {
    cluster.create(
        job(
            "flush",
            script(
                "trap 'printf flushed > $TERMINATION; exit 143' TERM;"
                    + " echo ready; while :; do sleep 0.05; done")));
    cluster.running("flush");
    await().until(() -> cluster.log("flush").contains("ready"));
    cluster.stopAndStart();
    Pod pod = cluster.pod("flush");
    assertThat(terminated(pod).getExitCode()).isEqualTo(143);
    assertThat(terminated(pod).getMessage()).isEqualTo("flushed");
    assertThat(pod.getStatus().getReason()).isEqualTo("Terminated");
    assertThat(pod.getStatus().getConditions())
        .anyMatch(c -> c.getType().equals("DisruptionTarget") && c.getStatus().equals("True"));
    assertThat(outcome(cluster.finished("flush"))).isEqualTo("Failed");
  }

  @Test
  void nothingIsWrittenWhenNothingHappens() {
    cluster.create(job("quiet", script("true")));
    cluster.finished("quiet");
    await().until(() -> cluster.pod("quiet").getMetadata().getFinalizers().isEmpty());
    String version = cluster.client().pods().list().getMetadata().getResourceVersion();
    await()
        .during(Duration.ofMillis(700))
        .until(
            () ->
                cluster.client().pods().list().getMetadata().getResourceVersion().equals(version));
  }
}
