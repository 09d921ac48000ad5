package io.evaljob.operator.resources;

import static io.evaljob.operator.resources.SameChild.Verdict.DIFFERENT;
import static io.evaljob.operator.resources.SameChild.Verdict.SAME;
import static io.evaljob.operator.resources.SameChild.Verdict.TAKEN;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;

class SameChildTest {
  private static final Job DESIRED = job("ours", "4");

  private static Job job(String uid, String devices) {
    return new JobBuilder()
        .withNewMetadata()
        .withName("job")
        .addToLabels("a", "b")
        .addNewOwnerReference()
        .withUid(uid)
        .withController(true)
        .endOwnerReference()
        .endMetadata()
        .withNewSpec()
        .withBackoffLimit(0)
        .withNewTemplate()
        .withNewSpec()
        .addNewContainer()
        .withName("evaluator")
        .addNewEnv()
        .withName("CUDA_VISIBLE_DEVICES")
        .withValue("")
        .endEnv()
        .withNewResources()
        .addToLimits("nvidia.com/gpu", new Quantity(devices))
        .endResources()
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  @Test
  void whatTheApiServerAddsIsNotOurs() {
    Job found =
        new JobBuilder(job("ours", "4"))
            .editMetadata()
            .withUid("new")
            .withResourceVersion("7")
            .addToLabels("added", "later")
            .endMetadata()
            .editSpec()
            .withCompletionMode("NonIndexed")
            .editTemplate()
            .editSpec()
            .withDnsPolicy("ClusterFirst")
            .editFirstContainer()
            .withImagePullPolicy("IfNotPresent")
            .editFirstEnv()
            .withValue(null) // an empty text is left out in the answer
            .endEnv()
            .endContainer()
            .endSpec()
            .endTemplate()
            .endSpec()
            .withNewStatus()
            .withActive(1)
            .endStatus()
            .build();
    assertThat(SameChild.compare(DESIRED, found)).isEqualTo(SAME);
    assertThat(SameChild.matches(DESIRED, found)).isTrue();
  }

  @Test
  void anotherValueOfOursIsADifferentChild() {
    assertThat(SameChild.compare(DESIRED, job("ours", "8"))).isEqualTo(DIFFERENT);
    Job another =
        new JobBuilder(job("ours", "4"))
            .editSpec()
            .editTemplate()
            .editSpec()
            .addNewContainer()
            .withName("sidecar")
            .endContainer()
            .endSpec()
            .endTemplate()
            .endSpec()
            .build();
    assertThat(SameChild.compare(DESIRED, another)).isEqualTo(DIFFERENT);
  }

  @Test
  void whatWasReadWithoutItsTypeIsTheSame() {
    Job desired =
        new JobBuilder(DESIRED)
            .editSpec()
            .editTemplate()
            .editSpec()
            .withTerminationGracePeriodSeconds(120L)
            .endSpec()
            .endTemplate()
            .endSpec()
            .build();
    GenericKubernetesResource found =
        Serialization.unmarshal(Serialization.asJson(desired), GenericKubernetesResource.class);
    assertThat(SameChild.compare(desired, found)).isEqualTo(SAME);
  }

  @Test
  void aJobThatDoesMoreIsADifferentChild() {
    Job withHook =
        new JobBuilder(DESIRED)
            .editSpec()
            .editTemplate()
            .editSpec()
            .editFirstContainer()
            .withNewLifecycle()
            .withNewPostStart()
            .withNewExec()
            .withCommand("evil")
            .endExec()
            .endPostStart()
            .endLifecycle()
            .endContainer()
            .endSpec()
            .endTemplate()
            .endSpec()
            .build();
    assertThat(SameChild.compare(DESIRED, withHook)).isEqualTo(DIFFERENT);
    Job withInit =
        new JobBuilder(DESIRED)
            .editSpec()
            .editTemplate()
            .editSpec()
            .addNewInitContainer()
            .withName("evil")
            .endInitContainer()
            .endSpec()
            .endTemplate()
            .endSpec()
            .build();
    assertThat(SameChild.compare(DESIRED, withInit)).isEqualTo(DIFFERENT);
  }

  @Test
  void aStrangerHasTakenTheName() {
    assertThat(SameChild.compare(DESIRED, job("theirs", "4"))).isEqualTo(TAKEN);
    Job orphan = new JobBuilder(DESIRED).editMetadata().withOwnerReferences().endMetadata().build();
    assertThat(SameChild.compare(DESIRED, orphan)).isEqualTo(TAKEN);
  }

  @Test
  void whatIsBeingDeletedIsGone() {
    Job leaving =
        new JobBuilder(DESIRED)
            .editMetadata()
            .withDeletionTimestamp("2026-11-23T15:00:00Z")
            .endMetadata()
            .build();
    assertThat(SameChild.compare(DESIRED, leaving)).isEqualTo(TAKEN);
  }

  @Test
  void theRunnerHasNoOwnerAndIsToldByItsContent() {
    ConfigMap runner =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName("evaljob-runner-0")
            .endMetadata()
            .addToBinaryData("evaljob-runner.pyz", "AAAA")
            .build();
    ConfigMap planted =
        new ConfigMapBuilder(runner).addToBinaryData("evaljob-runner.pyz", "AAAB").build();
    assertThat(SameChild.compare(runner, new ConfigMapBuilder(runner).build())).isEqualTo(SAME);
    assertThat(SameChild.compare(runner, planted)).isEqualTo(DIFFERENT);
    ConfigMap fuller = new ConfigMapBuilder(runner).addToBinaryData("more", "AAAA").build();
    ConfigMap withText = new ConfigMapBuilder(runner).addToData("more", "text").build();
    assertThat(SameChild.compare(runner, fuller)).isEqualTo(DIFFERENT);
    assertThat(SameChild.compare(runner, withText)).isEqualTo(DIFFERENT);
  }

  private static PersistentVolumeClaim claim() {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName("workspace")
        .addToLabels(Labels.JOB_UID, "ours")
        .addNewOwnerReference()
        .withUid("ours")
        .withController(true)
        .endOwnerReference()
        .endMetadata()
        .withNewSpec()
        .withNewResources()
        .addToRequests("storage", new Quantity("20Gi"))
        .endResources()
        .endSpec()
        .build();
  }

  @Test
  void aClaimThatStaysIsKnownByTheJobThatItNames() {
    PersistentVolumeClaim stays =
        new PersistentVolumeClaimBuilder(claim())
            .editMetadata()
            .withOwnerReferences()
            .endMetadata()
            .build();
    PersistentVolumeClaim ofAnother =
        new PersistentVolumeClaimBuilder(stays)
            .editMetadata()
            .addToLabels(Labels.JOB_UID, "theirs")
            .endMetadata()
            .build();

    assertThat(SameChild.compare(stays, stays)).isEqualTo(SAME);
    assertThat(SameChild.compare(stays, ofAnother)).isEqualTo(TAKEN);
    assertThat(SameChild.compare(stays, claim())).as("one that would go").isEqualTo(TAKEN);
    assertThat(SameChild.compare(claim(), stays)).isEqualTo(TAKEN);
  }

  @Test
  void aClaimThatWasMadeFromSomethingIsNoWorkspace() {
    PersistentVolumeClaim copy =
        new PersistentVolumeClaimBuilder(claim())
            .editSpec()
            .withNewDataSource(null, "PersistentVolumeClaim", "secrets")
            .endSpec()
            .build();
    PersistentVolumeClaim copyByRef =
        new PersistentVolumeClaimBuilder(claim())
            .editSpec()
            .withNewDataSourceRef(null, "PersistentVolumeClaim", "secrets", null)
            .endSpec()
            .build();
    PersistentVolumeClaim chosen =
        new PersistentVolumeClaimBuilder(claim())
            .editSpec()
            .withNewSelector()
            .addToMatchLabels("volume", "secrets")
            .endSelector()
            .endSpec()
            .build();

    assertThat(SameChild.compare(claim(), copy)).isEqualTo(TAKEN);
    assertThat(SameChild.compare(claim(), copyByRef)).isEqualTo(TAKEN);
    assertThat(SameChild.compare(claim(), chosen)).isEqualTo(TAKEN);
  }

  @Test
  void aClaimMayHaveGrown() {
    PersistentVolumeClaim desired = claim();
    PersistentVolumeClaim grown =
        new PersistentVolumeClaimBuilder(desired)
            .editSpec()
            .editResources()
            .addToRequests("storage", new Quantity("40Gi"))
            .endResources()
            .endSpec()
            .build();
    assertThat(SameChild.compare(desired, grown)).isEqualTo(SAME);
  }

  private static Job queued() {
    return new JobBuilder(DESIRED)
        .editMetadata()
        .addToLabels(Labels.QUEUE, "team")
        .endMetadata()
        .editSpec()
        .withSuspend(true)
        .editTemplate()
        .editSpec()
        .addToTolerations(toleration("ours"))
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static Toleration toleration(String key) {
    return new TolerationBuilder().withKey(key).withOperator("Exists").build();
  }

  /** As Kueue leaves a Job that it has admitted. */
  private static Job admitted(Job job) {
    return new JobBuilder(job)
        .editSpec()
        .withSuspend(false)
        .editTemplate()
        .editOrNewMetadata()
        .addToLabels("kueue.x-k8s.io/podset", "main")
        .addToAnnotations("kueue.x-k8s.io/workload", "job-x")
        .endMetadata()
        .editSpec()
        .addToNodeSelector("flavor", "h100")
        .addToTolerations(toleration("reserved"))
        .addNewSchedulingGate("kueue.x-k8s.io/topology")
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  @Test
  void whatKueueWritesIntoAQueuedJobIsItsOwn() {
    assertThat(SameChild.compare(queued(), admitted(queued()))).isEqualTo(SAME);
    assertThat(SameChild.compare(queued(), queued())).isEqualTo(SAME);
  }

  @Test
  void aJobWithoutAQueueIsNobodyElses() {
    Job desired = new JobBuilder(queued()).editMetadata().withLabels(null).endMetadata().build();
    assertThat(SameChild.compare(desired, admitted(desired))).isEqualTo(DIFFERENT);
  }

  @Test
  void kueueMayAddAndNotTakeAway() {
    Job without =
        new JobBuilder(admitted(queued()))
            .editSpec()
            .editTemplate()
            .editSpec()
            .withTolerations(toleration("reserved"))
            .endSpec()
            .endTemplate()
            .endSpec()
            .build();
    assertThat(SameChild.compare(queued(), without)).isEqualTo(DIFFERENT);
    Job elsewhere =
        new JobBuilder(admitted(queued()))
            .editMetadata()
            .addToLabels(Labels.QUEUE, "another")
            .endMetadata()
            .build();
    assertThat(SameChild.compare(queued(), elsewhere)).isEqualTo(DIFFERENT);
    Job doingMore =
        new JobBuilder(admitted(queued()))
            .editSpec()
            .editTemplate()
            .editSpec()
            .withHostNetwork(true)
            .endSpec()
            .endTemplate()
            .endSpec()
            .build();
    assertThat(SameChild.compare(queued(), doingMore)).isEqualTo(DIFFERENT);
  }
}
