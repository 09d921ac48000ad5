package io.evaljob.operator.validate;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.plan.Accelerators;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.RefusalReason;
import io.evaljob.operator.plan.VisibleDevice;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValidatorTest {
  private static final String RUNTIME =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: vlmevalkit}
      spec:
        harness: VLMEvalKit
        vlmevalkit: {dialect: StatusFile}
        image: registry.example/vlmevalkit@sha256:0
        allow:
          namespaceSelector: {}
          secretNames: ["evaljob-*"]
          claimNames: [shared, models]
          hubIDs: ["OpenGVLab/*"]
          endpointHosts: ["*.svc"]
          envNames: [HTTPS_PROXY, HF_ENDPOINT, CUDA_VISIBLE_DEVICES]
          parameterNames: [max_new_tokens]
          nodeSelectorKeys: [pool]
          tolerationKeys: [gpu]
        limits: {maxDevicesPerEvalJob: 16, maxActiveSeconds: 86400}
      """;

  private static final String CLAIMS =
      """
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: shared, namespace: vlm}
      spec: {accessModes: [ReadWriteOnce]}
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: models, namespace: vlm}
      spec: {accessModes: [ReadOnlyMany]}
      """;

  private static final String PROFILE =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: ModelProfile
      metadata: {name: split, namespace: vlm}
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

  private static String job(String spec) {
    return """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalJob
        metadata: {name: job, namespace: vlm}
        spec:
          runtimeRef: {name: vlmevalkit}
        """
        + spec.indent(2);
  }

  private static final String MODELS =
      """
      models: [{name: base}]
      datasets: [{name: MMBench_DEV_EN}]
      """;

  @Test
  void aModelWithoutProfileGetsOneDevice() {
    Validation validation = Manifests.of(RUNTIME, job(MODELS)).validate();
    assertThat(validation).isInstanceOf(Validation.Valid.class);
    ResolvedModel model = ((Validation.Valid) validation).job().models().get(0);
    assertThat(model.profile()).isEmpty();
    assertThat(model.plan().totalDevices()).isEqualTo(1);
    assertThat(model.plan().notes()).isNotEmpty();
  }

  @Test
  void aProfileIsFoundByTheCatalogueEntry() {
    Validation validation =
        Manifests.of(
                RUNTIME,
                PROFILE,
                job(
                    """
                    models: [{name: base, catalogEntry: Splits}]
                    datasets: [{name: MMBench_DEV_EN}]
                    accelerator: {minMemory: 30Gi}
                    """))
            .validate();
    assertThat(validation).isInstanceOf(Validation.Valid.class);
    ResolvedModel model = ((Validation.Valid) validation).job().models().get(0);
    assertThat(model.profile()).map(ResolvedProfile::name).contains("split");
    assertThat(model.plan().devicesPerProcess()).isEqualTo(2);
  }

  static Stream<Arguments> violations() {
    return Stream.of(
        bad(
            "a hub repository the runtime does not list",
            """
            models: [{name: base, hub: {id: Evil/Model}}]
            datasets: [{name: A}]
            """,
            RefusalReason.NotAllowedByRuntime,
            "spec.models[base].hub.id: Evil/Model is not allowed by EvalRuntime vlmevalkit, whose"
                + " allow.hubIDs has OpenGVLab/*; name one that it allows, or ask its administrator"
                + " to add it to allow.hubIDs"),
        bad(
            "a revision that leaves the repository, stored under an older definition",
            """
            models: [{name: base, hub: {id: OpenGVLab/X, revision: a/../../../models--org--b/refs/main}}]
            datasets: [{name: A}]
            """,
            RefusalReason.InvalidValue,
            "spec.models[base].hub.revision: a/../../../models--org--b/refs/main is no revision"),
        bad(
            "a hub token that an endpoint of the author's would get",
            MODELS
                + "hubTokenSecretRef: {name: evaljob-hub}\n"
                + "env: [{name: HF_ENDPOINT, value: 'https://evil.example'}]\n",
            RefusalReason.NotAllowedByRuntime,
            "spec.env[HF_ENDPOINT]: https://evil.example would be sent the token"),
        bad(
            "a parameter the runtime does not list",
            """
            models: [{name: base, parameters: {trust_remote_code: "1"}}]
            datasets: [{name: A}]
            """,
            RefusalReason.NotAllowedByRuntime,
            "spec.models[base].parameters[trust_remote_code]: trust_remote_code is not allowed by"),
        bad(
            "a secret the runtime does not list",
            MODELS + "hubTokenSecretRef: {name: admin-token}\n",
            RefusalReason.NotAllowedByRuntime,
            "spec.hubTokenSecretRef.name: admin-token is not allowed"),
        bad(
            "a judge on a host the runtime does not list",
            MODELS + judge("https://judge.example/v1", "evaljob-judge"),
            RefusalReason.NotAllowedByRuntime,
            "spec.scoring.judge.url: judge.example is not allowed by EvalRuntime"),
        bad(
            "a judge whose address is no address, stored under an older definition",
            MODELS + judge("https://judge.svc\\\\@evil.example/v1", "evaljob-judge"),
            RefusalReason.NotAllowedByRuntime,
            "spec.scoring.judge.url: https://judge.svc"),
        bad(
            "a judge's key that the runtime does not list",
            MODELS + judge("https://judge.vlm.svc/v1", "admin-token"),
            RefusalReason.NotAllowedByRuntime,
            "spec.scoring.judge.apiKeySecretRef.name: admin-token is not allowed"),
        bad(
            "the mode Judge without a judge",
            MODELS + "scoring: {mode: Judge}\n",
            RefusalReason.InvalidValue,
            "spec.scoring.judge is missing"),
        bad(
            "a variable the runtime does not list",
            MODELS + "env: [{name: TRACE, value: '1'}]\n",
            RefusalReason.NotAllowedByRuntime,
            "spec.env[TRACE]: TRACE is not allowed"),
        bad(
            "a claim the runtime does not list",
            MODELS + "storage: {cache: {claimName: other}}\n",
            RefusalReason.NotAllowedByRuntime,
            "spec.storage.cache.claimName: other is not allowed"),
        bad(
            "a node label the runtime does not list",
            MODELS + "placement: {nodeSelector: {rack: a}}\n",
            RefusalReason.NotAllowedByRuntime,
            "spec.placement.nodeSelector[rack]: rack is not allowed"),
        bad(
            "a taint the runtime does not list",
            MODELS + "placement: {tolerations: [{key: control-plane, operator: Exists}]}\n",
            RefusalReason.NotAllowedByRuntime,
            "spec.placement.tolerations[0].key: control-plane is not allowed"),
        bad(
            "every taint at once",
            MODELS + "placement: {tolerations: [{operator: Exists}]}\n",
            RefusalReason.NotAllowedByRuntime,
            "spec.placement.tolerations[0].key is not allowed"),
        bad(
            "device variables, even where the runtime lists them",
            MODELS + "env: [{name: CUDA_VISIBLE_DEVICES, value: '4,5,6,7'}]\n",
            RefusalReason.ReservedVariable,
            "spec.env[CUDA_VISIBLE_DEVICES]: 4,5,6,7 cannot be set: it chooses devices, and those"
                + " follow from the plan; remove it and set devicesPerProcess and processes"
                + " instead"),
        bad(
            "a data set that is scored on a device",
            """
            models: [{name: base}]
            datasets: [{name: VDC_1fps}]
            """,
            RefusalReason.ScoringNeedsDevice,
            "spec.datasets[VDC_1fps]: VDC_1fps is scored by the local judge llama31-8b, which needs"
                + " a device, and the Score stage has none; leave it out of this job"),
        bad(
            "two models on one claim that only one node mounts",
            """
            models: [{name: a}, {name: b}]
            datasets: [{name: A}]
            storage: {workspace: {claimName: shared}}
            """,
            RefusalReason.SharedClaim,
            "spec.storage.workspace.claimName: shared is a claim of access mode ReadWriteOnce, and"
                + " 2 models would mount it at the same time, maybe on several nodes; set"
                + " maxConcurrentModels: 1, or name a claim with ReadWriteMany"),
        bad(
            "a volume nobody declared",
            """
            models: [{name: base, volume: {name: modles, path: sft}}]
            datasets: [{name: A}]
            storage: {volumes: [{name: models, claimName: models}]}
            """,
            RefusalReason.InvalidValue,
            "spec.models[base].volume.name: modles is not in spec.storage.volumes (models); add it"
                + " there, or correct the name"),
        bad(
            "a path that leaves its volume",
            """
            models: [{name: base, volume: {name: models, path: ../../etc}}]
            datasets: [{name: A}]
            storage: {volumes: [{name: models, claimName: models}]}
            """,
            RefusalReason.InvalidValue,
            "spec.models[base].volume.path: ../../etc does not stay inside its volume"),
        bad(
            "two sources of weights",
            """
            models: [{name: base, hub: {id: OpenGVLab/X}, volume: {name: models, path: x}}]
            datasets: [{name: A}]
            storage: {volumes: [{name: models, claimName: models}]}
            """,
            RefusalReason.InvalidValue,
            "spec.models[base] has two sources of weights, hub and volume; keep one of them"),
        bad(
            "a name twice",
            """
            models: [{name: base}, {name: base}]
            datasets: [{name: A}]
            """,
            RefusalReason.InvalidValue,
            "spec.models: base is there more than once; give every entry a name of its own"),
        bad(
            "both kinds of workspace",
            MODELS + "storage: {workspace: {claimName: shared, claimTemplate: {size: 1Gi}}}\n",
            RefusalReason.InvalidValue,
            "spec.storage.workspace has both claimName and claimTemplate"),
        bad(
            "shared memory that does not fit into the memory",
            MODELS + "resources: {infer: {memory: 16Gi, sharedMemory: 16Gi}}\n",
            RefusalReason.InvalidValue,
            "spec.resources.infer.sharedMemory: 16Gi is not less than infer.memory (16Gi)"),
        bad(
            "more devices at a time than the runtime allows",
            """
            models: [{name: a}, {name: b}, {name: c}]
            datasets: [{name: A}]
            accelerator: {devicesPerProcess: 1, processes: 8}
            """,
            RefusalReason.LimitExceeded,
            "spec.maxConcurrentModels lets models take 24 devices at the same time, and EvalRuntime"
                + " vlmevalkit allows 16 (limits.maxDevicesPerEvalJob); set 2, or use fewer devices"
                + " for each model"),
        bad(
            "more devices for one model than the runtime allows",
            MODELS + "accelerator: {devicesPerProcess: 1, processes: 17}\n",
            RefusalReason.DeviceLimitExceeded,
            "17 devices in all, and 16 are allowed"),
        bad(
            "more running time than the runtime allows",
            MODELS + "activeDeadlineSeconds: 86401\n",
            RefusalReason.LimitExceeded,
            "spec.activeDeadlineSeconds: 86401 is more than EvalRuntime vlmevalkit allows"
                + " (limits.maxActiveSeconds: 86400); set at most 86400, or leave it out for that"),
        bad(
            "retention of nothing that is made",
            MODELS + "storage: {workspace: {claimName: shared, retention: Retain}}\n",
            RefusalReason.InvalidValue,
            "spec.storage.workspace.retention: Retain is for claims that are made, and"
                + " workspace.claimName names one that is never deleted; remove it"),
        bad(
            "a split over slices",
            MODELS + "accelerator: {resourceName: nvidia.com/mig-1g.10gb, devicesPerProcess: 2}\n",
            RefusalReason.SplitOverPartitions,
            "spec.accelerator.devicesPerProcess: 2"),
        bad(
            "a resource that nobody knows",
            MODELS + "accelerator: {resourceName: example.com/gpu}\n",
            RefusalReason.UnknownAccelerator,
            "spec.accelerator.resourceName: example.com/gpu"),
        bad(
            "a count the model cannot use",
            """
            models: [{name: base, profileName: split, devicesPerProcess: 3}]
            datasets: [{name: A}]
            """,
            RefusalReason.DeviceCountNotAllowed,
            "spec.models[base].devicesPerProcess: 3"),
        bad(
            "a model that does not fit",
            """
            models: [{name: base, profileName: split}]
            datasets: [{name: A}]
            accelerator: {minMemory: 8Gi}
            """,
            RefusalReason.ModelTooLarge,
            "spec.models[base]"),
        bad(
            "a layer split without sizes",
            MODELS + "split: {strategy: Layers}\n",
            RefusalReason.ProfileRequired,
            "profile"),
        bad(
            "a device map with a device the process does not have",
            """
            models: [{name: base, profileName: split, devicesPerProcess: 2, deviceMap: {embed: 0, layers: 7, norm: 1, head: 1}}]
            datasets: [{name: A}]
            """,
            RefusalReason.DeviceMapRange,
            "deviceMap"));
  }

  private static Arguments bad(String name, String spec, RefusalReason reason, String message) {
    return Arguments.of(name, spec, reason, message);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("violations")
  void refuses(String name, String spec, RefusalReason reason, String message) {
    Validation validation = Manifests.of(RUNTIME, CLAIMS, PROFILE, job(spec)).validate();
    assertThat(validation).as(name).isInstanceOf(Validation.Invalid.class);
    List<Refusal> refusals = ((Validation.Invalid) validation).refusals();
    assertThat(refusals).hasSize(1);
    assertThat(refusals.get(0).message()).contains(message);
    assertThat(refusals.get(0).reason()).isEqualTo(reason);
    assertThat(refusals.get(0).remedy()).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "NVIDIA_VISIBLE_DEVICES",
        "CUDA_VISIBLE_DEVICES",
        "CUDA_DEVICE_ORDER",
        "HIP_VISIBLE_DEVICES",
        "ROCR_VISIBLE_DEVICES",
        "ASCEND_RT_VISIBLE_DEVICES",
        "HABANA_VISIBLE_MODULES",
        "ZE_AFFINITY_MASK",
        "LD_PRELOAD",
        "PYTHONPATH",
        "EVALJOB_PLAN",
        "RANK",
        "WORLD_SIZE",
        "LOCAL_RANK",
        "MASTER_ADDR",
        "AUTO_SPLIT",
        "GPUS_PER_PROCESS"
      })
  void noAuthorSetsWhatThePlanDecides(String variable) {
    String allowAll = RUNTIME.replace("[HTTPS_PROXY, CUDA_VISIBLE_DEVICES]", "['*']");
    String spec = MODELS + "env: [{name: " + variable + ", value: '0'}]\n";
    Validation validation = Manifests.of(allowAll, job(spec)).validate();
    assertThat(((Validation.Invalid) validation).refusals())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.ReservedVariable);
  }

  @Test
  void noVariableOfTheAcceleratorTableIsAnAuthors() {
    assertThat(
            Accelerators.all().stream()
                .flatMap(
                    row ->
                        Stream.of(
                                row.runtimeVariable().stream(),
                                Stream.of(row.processVariable()),
                                row.rivalVariables().stream(),
                                row.orderSettings().keySet().stream())
                            .flatMap(names -> names)))
        .allMatch(name -> ReservedEnvironment.find(name).isPresent());
  }

  @Test
  void allViolationsAtOnceInFieldOrder() {
    Validation validation =
        Manifests.of(
                RUNTIME,
                CLAIMS,
                job(
                    """
                    placement: {nodeSelector: {rack: a}}
                    env: [{name: RANK, value: '0'}]
                    storage: {cache: {claimName: other}}
                    datasets: [{name: VDC}]
                    models: [{name: a, hub: {id: Evil/Model}}, {name: b, hub: {id: Evil/Model}}]
                    accelerator: {resourceName: example.com/gpu}
                    """))
            .validate();
    assertThat(((Validation.Invalid) validation).refusals())
        .extracting(Refusal::field)
        .containsExactly(
            "spec.models[a].hub.id",
            "spec.models[b].hub.id",
            "spec.datasets[VDC]",
            "spec.accelerator.resourceName", // once, although both models break on it
            "spec.storage.cache.claimName",
            "spec.env[RANK]",
            "spec.placement.nodeSelector[rack]");
  }

  @Test
  void whatIsMissingIsWaitedFor() {
    assertThat(Manifests.of(job(MODELS)).validate())
        .isEqualTo(
            new Validation.Missing(
                WaitingReason.RuntimeNotFound,
                "spec.runtimeRef.name: EvalRuntime vlmevalkit does not exist; create it, or correct"
                    + " the name"));
    assertThat(
            Manifests.of(RUNTIME, PROFILE, job(MODELS.replace("base", "base, profileName: splt")))
                .validate())
        .isEqualTo(
            new Validation.Missing(
                WaitingReason.ProfileNotFound,
                "spec.models[base].profileName: ModelProfile splt exists neither in namespace vlm"
                    + " nor in evaljob-system nor in the catalogue; create it, or correct the name"
                    + " (did you mean split?)"));
    assertThat(
            Manifests.of(RUNTIME, job(MODELS + "storage: {workspace: {claimName: shared}}\n"))
                .validate())
        .isEqualTo(
            new Validation.Missing(
                WaitingReason.ClaimNotFound,
                "spec.storage.workspace.claimName: PersistentVolumeClaim shared does not exist in"
                    + " namespace vlm; create it, or correct the name"));
  }

  @Test
  void aNearNameIsOffered() {
    Validation validation =
        Manifests.of(RUNTIME, job(MODELS).replace("{name: vlmevalkit}", "{name: vlmevalkt}"))
            .validate();
    assertThat(((Validation.Missing) validation).message()).contains("did you mean vlmevalkit?");
  }

  @Test
  void whatIsWrongForCertainIsSaidBeforeTheRuntimeIsThere() {
    Validation validation =
        Manifests.of(job(MODELS + "env: [{name: RANK, value: '0'}]\n")).validate();
    assertThat(validation).isInstanceOf(Validation.Invalid.class);
  }

  @Test
  void aBrokenRuntimeIsWaitedFor() {
    String broken = RUNTIME.replace("vlmevalkit: {dialect: StatusFile}", "command: {args: [a]}");
    Validation validation = Manifests.of(broken, job(MODELS)).validate();
    assertThat(validation).isInstanceOf(Validation.Missing.class);
    assertThat(((Validation.Missing) validation).message())
        .contains("EvalRuntime vlmevalkit cannot be used until it is corrected: spec.vlmevalkit");
  }

  @Test
  void aNamespaceIsServedOnlyWhereSelected() {
    String namespace =
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: vlm, labels: {team: vlm}}
        """;
    String selecting =
        RUNTIME.replace(
            "namespaceSelector: {}",
            "namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [vlm]}]}");
    assertThat(Manifests.of(selecting, namespace, job(MODELS)).validate())
        .isInstanceOf(Validation.Valid.class);
    assertRefused(Manifests.of(selecting, job(MODELS)));
    assertRefused(Manifests.of(RUNTIME.replace("    namespaceSelector: {}\n", ""), job(MODELS)));
  }

  private static void assertRefused(Manifests manifests) {
    assertThat(((Validation.Invalid) manifests.validate()).refusals())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.NamespaceNotAllowed);
  }

  @Test
  void oneModelAtATimeMaySharePrivateClaims() {
    String spec =
        """
        models: [{name: a}, {name: b}]
        datasets: [{name: A}]
        maxConcurrentModels: 1
        storage: {workspace: {claimName: shared}, volumes: [{name: m, claimName: models}]}
        """;
    assertThat(Manifests.of(RUNTIME, CLAIMS, job(spec)).validate())
        .isInstanceOf(Validation.Valid.class);
  }

  @Test
  void aJudgeOnAHostTheRuntimeListsIsTaken() {
    Validation validation =
        Manifests.of(
                RUNTIME,
                CLAIMS,
                job(MODELS + judge("http://JUDGE.vlm.svc:8000/v1", "evaljob-judge")))
            .validate();
    assertThat(validation).isInstanceOf(Validation.Valid.class);
  }

  private static String judge(String url, String secret) {
    return "scoring: {mode: Judge, judge: {url: \""
        + url
        + "\", model: qwen, apiKeySecretRef: {name: "
        + secret
        + "}}}\n";
  }

  @Test
  void onOneMachineTheDevicesHaveToBeThere() {
    Manifests manifests =
        Manifests.of(RUNTIME, job(MODELS + "accelerator: {devicesPerProcess: 1, processes: 3}\n"));
    DeviceContext two =
        new DeviceContext.BareProcess(
            List.of(new VisibleDevice("4", 0), new VisibleDevice("5", 0)));
    Validation validation = manifests.validate(manifests.job(), two);
    assertThat(((Validation.Invalid) validation).refusals())
        .extracting(Refusal::field)
        .containsExactly("spec.accelerator.processes");
  }

  @Test
  void memoryThatNoNodeLabelTellsIsNoted() {
    String spec = MODELS + "accelerator: {resourceName: amd.com/gpu, minMemory: 64Gi}\n";
    Validation validation = Manifests.of(RUNTIME, job(spec)).validate();
    assertThat(((Validation.Valid) validation).job().models().get(0).plan().notes())
        .anyMatch(note -> note.contains("nodes with less are not left out"));
  }

  @Test
  void anEmptySpecIsRefusedAndNotThrown() {
    Validation validation =
        Manifests.of(
                """
                apiVersion: evaljob.io/v1alpha1
                kind: EvalJob
                metadata: {name: job}
                spec: {}
                """)
            .validate();
    assertThat(((Validation.Invalid) validation).refusals())
        .extracting(Refusal::field)
        .containsExactly("spec.runtimeRef.name", "spec.models", "spec.datasets");
  }

  @Test
  void theBoundsOfTheSchemaHoldWithoutIt() {
    StringBuilder spec = new StringBuilder("models:\n");
    for (int i = 0; i < 33; i++) {
      spec.append("- {name: m").append(i).append("}\n");
    }
    spec.append("datasets:\n");
    for (int i = 0; i < 16; i++) {
      spec.append("- {name: d").append(i).append("}\n");
    }
    String long53 = "x".repeat(53);
    Validation validation =
        Manifests.of(
                RUNTIME.replace("limits: {maxDevicesPerEvalJob: 16, maxActiveSeconds: 86400}", ""),
                job(spec.toString()).replace("name: job,", "name: " + long53 + ","))
            .validate();
    assertThat(((Validation.Invalid) validation).refusals())
        .extracting(Refusal::field)
        .containsExactly("metadata.name", "spec.models");
  }
}
