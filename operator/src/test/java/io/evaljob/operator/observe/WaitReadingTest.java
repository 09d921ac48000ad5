package io.evaljob.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.status.Bounds;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is told of a pod that does not run, from the words of those who keep it from running. */
class WaitReadingTest {

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '~',
      textBlock =
          """
          pods "x" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=8, used: requests.nvidia.com/gpu=12, limited: requests.nvidia.com/gpu=16 => ResourceQuota => ResourceQuota gpus in namespace vlm: the pod asks for 8 nvidia.com/gpu, and 12 of 16 are used; it starts when other pods end, or raise the quota.
          exceeded quota: few, requested: limits.cpu=2,pods=1, used: limits.cpu=3,pods=9, limited: limits.cpu=4,pods=9 => ResourceQuota => ResourceQuota few in namespace vlm: the pod asks for 2 limits.cpu, and 3 of 4 are used; for 1 pods, and 9 of 9 are used; it starts when other pods end, or raise the quota.
          pods "x" is forbidden: failed quota: few: must specify limits.cpu for: evaluator => ResourceQuota => ResourceQuota few in namespace vlm: the pod must say its limits.cpu for: evaluator; set it in spec.resources, or give the namespace a LimitRange with defaults.
          pods "x" is forbidden: status unknown for quota: gpus, resources: pods => ResourceQuota => ResourceQuota gpus in namespace vlm: what is used has not been counted yet; it starts when it is, or see that kube-controller-manager runs.
          pods "x" is forbidden: no PriorityClass with name eval-low was found => PriorityClassNotFound => PriorityClass eval-low does not exist, and the API server makes no pod that names it; create it, or correct spec.priorityClassName.
          Internal error occurred: failed calling webhook "pods.policy.example": failed to call webhook: no endpoints available for service "policy" => Admission => The webhook pods.policy.example does not answer, and without it the API server does not make the pod (failed to call webhook: no endpoints available for service "policy"); see that its service runs. It is tried again by and by.
          pods "x" is forbidden: violates PodSecurity "restricted" => Admission => The API server refuses the pod: pods "x" is forbidden: violates PodSecurity "restricted"; change the policy or the permission that refuses it.
          """)
  void aPodThatIsNotMadeIsExplainedByTheJobsEvents(String said, WaitingReason reason, String told) {
    Event event = new EventBuilder().withMessage(said).build();

    assertThat(JobReading.waitWithoutPod("vlm", Optional.of(event)))
        .isEqualTo(new Wait(reason, told));
  }

  @Test
  void kueuesWebhookIsNamedWhereItDoesNotAnswer() {
    String said =
        "Internal error occurred: failed calling webhook \"mjob.kb.io\": failed to call webhook:"
            + " Post \"https://kueue-webhook-service.kueue-system.svc:443/mutate-batch-v1-job\":"
            + " dial tcp 10.0.0.1:443: connect: connection refused";

    assertThat(RefusedCreate.isSilentWebhook(said)).isTrue();
    assertThat(RefusedCreate.isSilentWebhook("etcdserver: request timed out")).isFalse();
    Wait wait = RefusedCreate.of("Job a-infer", "vlm", said);
    assertThat(wait.reason()).isEqualTo(WaitingReason.Kueue);
    assertThat(wait.message())
        .startsWith("Kueue's webhook mjob.kb.io does not answer, ")
        .contains("does not make Job a-infer (failed to call webhook: Post ")
        .contains("connection refused")
        .endsWith("see that Kueue's controller runs. It is tried again by and by.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '~',
      textBlock =
          """
          0/3 nodes are available: 3 Insufficient nvidia.com/gpu. => Unschedulable => None of 3 nodes takes the pod: 3 Insufficient nvidia.com/gpu; it starts when devices become free, or ask for fewer.
          0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod. => Unschedulable => The only node does not take the pod: 1 Insufficient nvidia.com/gpu; it starts when devices become free, or ask for fewer.
          0/12 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 node(s) had untolerated taint {pool: db}, 9 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/12 nodes are available: 12 x. => Unschedulable => None of 12 nodes takes the pod: 9 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint {pool: db}, 1 node(s) didn't match Pod's node affinity/selector; it starts when devices become free, or ask for fewer.
          0/9 nodes are available: 1 Insufficient memory, 1 Too many pods, 2 Insufficient cpu, 2 node(s) were unschedulable, 3 node(s) had untolerated taint {a: b}. => Unschedulable => None of 9 nodes takes the pod: 3 node(s) had untolerated taint {a: b}, 2 Insufficient cpu, 2 node(s) were unschedulable, 2 for other causes; tolerate it in spec.placement.tolerations, or have the node mended where it is its own.
          0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. => Unschedulable => None of 2 nodes takes the pod: 2 node(s) didn't match Pod's node affinity/selector; change spec.placement or spec.accelerator.minMemory, or label the nodes.
          0/2 nodes are available: 2 Insufficient cpu. => Unschedulable => None of 2 nodes takes the pod: 2 Insufficient cpu; it starts when others end, or ask for less in spec.resources.
          0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. => VolumeNotBound => None of 3 nodes takes the pod: pod has unbound immediate PersistentVolumeClaims; check the claim and its storage class.
          0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had volume node affinity conflict. => VolumeNotBound => None of 3 nodes takes the pod: 2 node(s) had volume node affinity conflict, 1 Insufficient cpu; check the claim and its storage class.
          0/3 nodes are available: 1 node(s) had volume node affinity conflict, 2 Insufficient nvidia.com/gpu. => Unschedulable => None of 3 nodes takes the pod: 2 Insufficient nvidia.com/gpu, 1 node(s) had volume node affinity conflict; it starts when devices become free, or ask for fewer.
          running PreBind plugin "VolumeBinding": binding volumes: timed out => Unschedulable => The scheduler has no node for the pod: running PreBind plugin "VolumeBinding": binding volumes: timed out; it starts when devices become free, or change accelerator or placement.
          """)
  void anUnscheduledPodSaysWhyInShort(String said, WaitingReason reason, String told) {
    assertThat(PodReading.wait(unscheduled(said))).contains(new Wait(reason, told));
  }

  @Test
  void theSchedulersWordsAreBounded() {
    String taints =
        IntStream.range(0, 300)
            .mapToObj(i -> (i + 1) + " node(s) had untolerated taint {key-" + "x".repeat(200) + i)
            .collect(Collectors.joining(", ", "0/45150 nodes are available: ", "."));

    assertThat(PodReading.wait(unscheduled(taints)).orElseThrow().message())
        .hasSizeLessThan(Bounds.MESSAGE)
        .contains("300 node(s) had", "299 node(s) had", "298 node(s) had")
        .contains((45150 - 897) + " for other causes");
    assertThat(PodReading.wait(unscheduled("y".repeat(4000))).orElseThrow().message())
        .hasSizeLessThan(Bounds.MESSAGE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '~',
      textBlock =
          """
          ImagePullBackOff => Back-off pulling image "a:1": ErrImagePull: not found => ImagePull => The image cannot be pulled (ErrImagePull: not found); correct the EvalRuntime's image or imagePullSecretNames.
          ErrImagePull => not found => ImagePull => The image cannot be pulled (ErrImagePull: not found); correct the EvalRuntime's image or imagePullSecretNames.
          ImagePullBackOff => Back-off pulling image "a:1" => ImagePull => The image cannot be pulled (ImagePullBackOff: Back-off pulling image "a:1"); correct the EvalRuntime's image or imagePullSecretNames.
          CreateContainerConfigError => secret "hub" not found => ContainerConfig => The container cannot be made (CreateContainerConfigError: secret "hub" not found); create the Secret or ConfigMap it names.
          ContainerCreating => x => Starting => The pod is on node node-1 and its container is starting.
          """)
  void aBoundPodSaysWhyItsContainerDoesNotRun(
      String state, String message, WaitingReason reason, String told) {
    Pod pod =
        bound("Pending")
            .editStatus()
            .addToContainerStatuses(
                new ContainerStatusBuilder()
                    .withName("evaluator")
                    .withNewState()
                    .withNewWaiting(message, state)
                    .endState()
                    .build())
            .endStatus()
            .build();

    assertThat(PodReading.wait(pod)).contains(new Wait(reason, told));
  }

  @ParameterizedTest
  @CsvSource({
    "PodScheduled, ', which has not taken it up yet'",
    "PodReadyToStartContainers, ' and its container is starting'",
  })
  void aPodThatItsKubeletHasNotSeenSaysSo(String condition, String told) {
    Pod pod =
        bound("Pending")
            .editStatus()
            .withContainerStatuses()
            .addToConditions(
                new PodConditionBuilder().withType(condition).withStatus("True").build())
            .endStatus()
            .build();

    assertThat(PodReading.wait(pod).orElseThrow().message())
        .startsWith("The pod is on node node-1")
        .contains(told);
  }

  @ParameterizedTest
  @CsvSource({
    // phase, Ready, its reason, silent
    "Running, True, '', false",
    "Running, False, '', true",
    "Running, False, NodeNotReady, true",
    "Running, False, NodeLost, true",
    "Running, False, ContainersNotReady, false",
    "Running, False, ReadinessGatesNotReady, false",
    "Running, Unknown, '', false",
    "Unknown, True, '', true",
    "Pending, False, '', false",
    "Succeeded, False, PodCompleted, false",
  })
  void aPodWhoseNodeIsLostSaysSo(String phase, String ready, String reason, boolean silent) {
    Pod pod =
        bound(phase)
            .editStatus()
            .addToConditions(
                new PodConditionBuilder()
                    .withType("Ready")
                    .withStatus(ready)
                    .withReason(reason.isEmpty() ? null : reason)
                    .build())
            .endStatus()
            .build();

    Optional<Wait> wait = PodReading.silence(pod);

    assertThat(wait.isPresent()).isEqualTo(silent);
    wait.ifPresent(
        why -> {
          assertThat(why.reason()).isEqualTo(WaitingReason.NodeNotReady);
          assertThat(why.message()).startsWith("Node node-1 is not ready, ");
        });
  }

  private static Pod unscheduled(String message) {
    return new PodBuilder()
        .withNewSpec()
        .endSpec()
        .withNewStatus()
        .withPhase("Pending")
        .addNewCondition()
        .withType("PodScheduled")
        .withStatus("False")
        .withReason("Unschedulable")
        .withMessage(message)
        .endCondition()
        .endStatus()
        .build();
  }

  private static PodBuilder bound(String phase) {
    return new PodBuilder()
        .withNewSpec()
        .withNodeName("node-1")
        .addNewContainer()
        .withName("evaluator")
        .endContainer()
        .endSpec()
        .withNewStatus()
        .withPhase(phase)
        .endStatus();
  }
}
