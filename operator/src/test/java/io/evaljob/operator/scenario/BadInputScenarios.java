package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.VisibleDevice;
import io.evaljob.operator.status.Conditions;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a user reads in the status of a job that cannot run as it is written. */
abstract class BadInputScenarios extends ScenarioBase {

  private static final String RUNTIME =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: RUNTIME}
      spec:
        harness: VLMEvalKit
        vlmevalkit: {dialect: StatusFile}
        image: registry/vlmevalkit:1
        allow:
          namespaceSelector: {}
          claimNames: [shared]
          hubIDs: ["OpenGVLab/*"]
          envNames: ["*"]
        pod:
          nodeSelector: {kubernetes.io/hostname: NODE}
      """;

  private static final String PROFILE =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: ModelProfile
      metadata: {name: split, namespace: SPACE}
      spec:
        catalogEntries: [Splits]
        loaders: [{dialect: StatusFile, loader: Transformers, canSplit: true}]
        allowedDeviceCounts: [2, 4]
        blocks:
        - {role: Embedding, bytes: 1000000000, moduleNames: [embed]}
        - {role: Layers, count: 10, bytes: 4000000000, moduleNames: [layers]}
        - {role: Norm, bytes: 1000, moduleNames: [norm]}
        - {role: Head, bytes: 1000000000, moduleNames: [head]}
      """;

  private static final String CLAIM =
      """
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: shared, namespace: SPACE}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      """;

  private static final String ONE_DATASET = "datasets: [{name: MMBench_DEV_EN}]\n";
  private static final String PLAIN = "models: [{name: base}]\n" + ONE_DATASET;

  private EvalJob jobOf(String name, String spec) {
    return read(
        """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalJob
        metadata: {name: NAME, namespace: SPACE}
        spec:
          runtimeRef: {name: RUNTIME}
        """
                .replace("NAME", name)
            + spec.indent(2),
        EvalJob.class);
  }

  private <T extends HasMetadata> T read(String manifest, Class<T> type) {
    return Serialization.unmarshal(
        manifest
            .replace("SPACE", namespace())
            .replace("RUNTIME", runtimeName())
            .replace("NODE", cluster().nodeName()),
        type);
  }

  private void givenCluster() {
    apply(read(RUNTIME, EvalRuntime.class));
    apply(read(PROFILE, ModelProfile.class));
    apply(read(CLAIM, PersistentVolumeClaim.class));
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of(
            "device variables in env",
            PLAIN + "env: [{name: CUDA_VISIBLE_DEVICES, value: '4,5,6,7'}]\n",
            "Invalid",
            "spec.env[CUDA_VISIBLE_DEVICES]: 4,5,6,7 cannot be set: it chooses devices, and those"
                + " follow from the plan; remove it and set devicesPerProcess and processes instead"),
        Arguments.of(
            "a split over MIG slices",
            PLAIN + "accelerator: {resourceName: nvidia.com/mig-1g.10gb, devicesPerProcess: 2}\n",
            "Infeasible",
            "spec.accelerator.devicesPerProcess: 2 asks one process to use 2 units of"
                + " nvidia.com/mig-1g.10gb, and it can use only one MIG slice; set 1, or use whole"
                + " devices"),
        Arguments.of(
            "a map that misses a module",
            """
            models: [{name: base, profileName: split, deviceMap: {embed: 0, layers: 1, norm: 1}}]
            """
                + ONE_DATASET,
            "Invalid",
            "spec.models[base].deviceMap gives no device to head; name every module of the model or"
                + " one around it"),
        Arguments.of(
            "a map that names a device there is not",
            """
            models:
            - name: base
              profileName: split
              devicesPerProcess: 2
              deviceMap: {embed: 0, layers: 2, norm: 1, head: 1}
            """
                + ONE_DATASET,
            "Invalid",
            "spec.models[base].deviceMap[layers]: 2 is beyond the 2 devices of a process, which it"
                + " counts from 0 whichever cards they are; use 0 to 1, or raise devicesPerProcess"),
        Arguments.of(
            "a model that is too large",
            "models: [{name: base, profileName: split}]\n"
                + ONE_DATASET
                + "accelerator: {minMemory: 8Gi}\n",
            "Infeasible",
            "spec.models[base].devicesPerProcess cannot be chosen: split needs 11.2 GiB on device 1"
                + " and 7.2 GiB are usable; raise spec.accelerator.minMemory, or lower"
                + " spec.split.contextTokens"),
        Arguments.of(
            "a name the runtime does not allow",
            "models: [{name: base, hub: {id: Evil/Model}}]\n" + ONE_DATASET,
            "NotAllowed",
            "spec.models[base].hub.id: Evil/Model is not allowed by EvalRuntime RUNTIME, whose"
                + " allow.hubIDs has OpenGVLab/*; name one that it allows, or ask its administrator"
                + " to add it to allow.hubIDs"),
        Arguments.of(
            "two models on a claim that one node mounts",
            "models: [{name: a}, {name: b}]\n"
                + ONE_DATASET
                + "storage: {workspace: {claimName: shared}}\n",
            "Invalid",
            "spec.storage.workspace.claimName: shared is a claim of access mode ReadWriteOnce, and 2"
                + " models would mount it at the same time, maybe on several nodes; set"
                + " maxConcurrentModels: 1, or name a claim with ReadWriteMany"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void isRefusedWithItsRemedyAndWithoutAChild(
      String name, String spec, String reason, String message) {
    assertRefused(startOperator(), spec, reason, message);
  }

  static Stream<Arguments> refusedOnOneMachine() {
    return Stream.of(
        Arguments.of(
            4,
            "spec.accelerator.processes: 4 is more than the 3 devices of this machine; set at most"
                + " 3"),
        Arguments.of(
            2,
            "spec.accelerator.processes: 2 does not divide the 3 devices of this machine; set a"
                + " divisor of 3, or make another number of devices visible"));
  }

  @ParameterizedTest
  @MethodSource("refusedOnOneMachine")
  void threeDevicesCannotBeDividedByAnyNumberOfProcesses(int processes, String message) {
    RequestTap tap =
        startOperator(
            RequestTap.open(),
            new DeviceContext.BareProcess(
                Stream.of("0", "1", "2").map(id -> new VisibleDevice(id, 0)).toList()));
    assertRefused(
        tap,
        PLAIN + "accelerator: {devicesPerProcess: 1, processes: " + processes + "}\n",
        "Infeasible",
        message);
  }

  private void assertRefused(RequestTap tap, String spec, String reason, String message) {
    givenCluster();
    apply(jobOf("bad", spec));

    EvalJob refused = awaitPhase("bad", "Failed");

    Condition accepted = accepted(refused.getStatus());
    assertThat(accepted.reason()).isEqualTo(reason);
    assertThat(accepted.message()).isEqualTo(message.replace("RUNTIME", runtimeName()));
    assertThat(conditions(refused.getStatus()))
        .containsEntry("Stalled", "True/Invalid")
        .containsEntry("Finished", "True/Invalid");
    assertThat(tap.writes()).noneMatch(write -> write.matches(".*/(configmaps|jobs)"));
  }

  private static Condition accepted(EvalJobStatus status) {
    return Conditions.find(status.conditions(), ConditionType.Accepted).orElseThrow();
  }

  @Test
  void aProfileThatComesLaterIsWaitedFor() {
    apply(read(RUNTIME, EvalRuntime.class));
    whenJobs((model, stage, attempt) -> scored(model));
    startOperator();
    apply(jobOf("early", "models: [{name: base, profileName: split}]\n" + ONE_DATASET));

    EvalJob waiting = awaitWaiting("early", "ProfileNotFound");
    assertThat(accepted(waiting.getStatus()).message())
        .isEqualTo(
            "spec.models[base].profileName: ModelProfile split exists neither in namespace "
                + namespace()
                + " nor in evaljob-system nor in the catalogue; create it, or correct the name");
    assertThat(conditions(waiting.getStatus()))
        .containsEntry("Accepted", "False/ProfileNotFound")
        .containsEntry("Reconciling", "True/Waiting")
        .containsEntry("Stalled", "False/Waiting");

    apply(read(PROFILE, ModelProfile.class));
    awaitPhase("early", "Succeeded");
  }

  @Test
  void aModelThatNobodyKnowsFailsOnceWithoutADevice() {
    assertFailsInPrefetch(
        FailureCause.ModelNotFound,
        "InternVL3-78b is neither an entry of this VLMEvalKit's catalogue nor a class of"
            + " vlmeval.vlm; correct spec.models[].catalogEntry (did you mean InternVL3-78B?)");
  }

  @Test
  void aDatasetThatNobodyKnowsFailsOnceWithoutADevice() {
    assertFailsInPrefetch(
        FailureCause.DatasetNotFound,
        "data set MMBench_DEV_EM: this VLMEvalKit has no data set of that name; correct"
            + " spec.datasets[].name");
  }

  /** The same again would end the same: no retry, and no device was held for it. */
  private void assertFailsInPrefetch(FailureCause cause, String message) {
    givenCluster();
    whenJobs((model, stage, attempt) -> new Ending.Fails(cause, message, 0));
    startOperator();
    apply(jobOf("unknown", PLAIN));

    EvalJob failed = awaitPhase("unknown", "Failed");

    assertThat(jobsOf(failed)).containsExactly("base/prefetch/1");
    assertThat(failed.getStatus().models().get(0).lastFailure().cause()).isEqualTo(cause.name());
    assertThat(failed.getStatus().models().get(0).lastFailure().message()).isEqualTo(message);
    assertThat(failed.getStatus().results().get(0).message()).contains(message);
    assertThat(
            Conditions.find(failed.getStatus().conditions(), ConditionType.Stalled)
                .orElseThrow()
                .message())
        .contains("Model base: " + cause + ": " + message);
  }

  private static Ending scored(String model) {
    return new Ending.Succeeds(
        List.of(
            new ResultRow(
                model, "MMBench_DEV_EN", "Succeeded", "Overall", "1", null, 1L, 0L, null)));
  }
}
