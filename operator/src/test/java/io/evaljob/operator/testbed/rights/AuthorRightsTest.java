package io.evaljob.operator.testbed.rights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.Edits;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One attack, one test: somebody with the role {@code evaljob-editor} alone asks for what the
 * runtime does not allow.
 */
@RealCluster
class AuthorRightsTest {

  private static final String MODELS = "models: [{name: base, devicesPerProcess: 1}]\n";
  private static final String DATA = "datasets: [{name: MMStar}]\n";
  private static final ObjectMapper JSON = new ObjectMapper();

  private static ControlPlane cluster;
  private static Author author;
  private static Author stranger;
  private static KubernetesClient operatorClient;
  private static EvalJobOperator operator;
  private static String runtime;

  @BeforeAll
  static void start(ControlPlane plane) {
    cluster = plane;
    cluster.installOperator();
    String namespace = cluster.namespace("author");
    String closed = cluster.namespace("closed");
    Edits.untilWritten(
        () ->
            cluster
                .admin()
                .namespaces()
                .withName(namespace)
                .edit(
                    found -> {
                      found.getMetadata().getLabels().put("evaljob.io/enabled", namespace);
                      return found;
                    }));
    author = Author.with(cluster, namespace, "evaljob-editor", "author");
    stranger = Author.with(cluster, closed, "evaljob-editor", "author");
    runtime = "guarded-" + namespace;
    cluster
        .admin()
        .load(stream(RUNTIME.replace("RUNTIME", runtime).replace("NAMESPACE", namespace)))
        .create();
    cluster.admin().load(stream(VICTIMS.replace("NAMESPACE", namespace))).create();
    operatorClient = cluster.operatorClient(Map.of());
    operator = Author.operator(operatorClient, namespace, closed);
  }

  private static final String RUNTIME =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: RUNTIME}
      spec:
        harness: VLMEvalKit
        vlmevalkit: {dialect: StatusFile}
        image: registry.example/vlmevalkit:1
        pod:
          env: [{name: ADMINS_OWN, value: "runtime's"}]
        allow:
          namespaceSelector: {matchLabels: {evaljob.io/enabled: NAMESPACE}}
          secretNames: ["evaljob-*"]
          claimNames: [shared]
          hubIDs: ["OpenGVLab/*"]
          # Everything: what is refused nevertheless is refused everywhere.
          envNames: ["*"]
          parameterNames: [max_new_tokens]
          nodeSelectorKeys: [pool]
          tolerationKeys: [gpu]
        limits: {maxDevicesPerEvalJob: 4}
      ---
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: RUNTIME-strict}
      spec:
        harness: VLMEvalKit
        vlmevalkit: {dialect: StatusFile}
        image: registry.example/vlmevalkit:1
        allow:
          namespaceSelector: {matchLabels: {evaljob.io/enabled: NAMESPACE}}
          envNames: [HTTPS_PROXY]
      """;

  private static final String VICTIMS =
      """
      apiVersion: v1
      kind: Secret
      metadata: {name: team-token, namespace: NAMESPACE}
      stringData: {token: hunter2}
      ---
      apiVersion: v1
      kind: Secret
      metadata: {name: evaljob-hub, namespace: NAMESPACE}
      stringData: {token: hunter3}
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: other-team, namespace: NAMESPACE}
      spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: shared, namespace: NAMESPACE}
      spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
      ---
      apiVersion: v1
      kind: ServiceAccount
      metadata: {name: deployer, namespace: NAMESPACE}
      """;

  private static InputStream stream(String text) {
    return new java.io.ByteArrayInputStream(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  @AfterAll
  static void stop() {
    operator.close();
    operatorClient.close();
    author.close();
    stranger.close();
  }

  /** The role itself: what is not in it is refused by the API server. */
  @Test
  void theRoleIsForEvalJobsAndProfilesAlone() {
    KubernetesClient client = author.client();
    String namespace = author.namespace();
    List<Runnable> attempts =
        List.of(
            () -> client.secrets().inNamespace(namespace).withName("team-token").get(),
            () -> client.configMaps().inNamespace(namespace).list(),
            () -> client.pods().inNamespace(namespace).list(),
            () -> client.batch().v1().jobs().inNamespace(namespace).list(),
            () -> client.persistentVolumeClaims().inNamespace(namespace).list(),
            () -> client.raw("/apis/evaljob.io/v1alpha1/evalruntimes"),
            () ->
                client.raw(
                    "/api/v1/namespaces/" + namespace + "/serviceaccounts/deployer/token",
                    "POST",
                    Map.of(
                        "apiVersion",
                        "authentication.k8s.io/v1",
                        "kind",
                        "TokenRequest",
                        "spec",
                        Map.of())),
            () -> client.resources(EvalJob.class).inNamespace(stranger.namespace()).list());
    assertThat(attempts)
        .allSatisfy(
            attempt ->
                assertThatThrownBy(attempt::run)
                    .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        e -> assertThat(e.getCode()).isEqualTo(403)));
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        attack(
            "a Secret",
            "NotAllowed",
            MODELS + "hubTokenSecretRef: {name: team-token}",
            "spec.hubTokenSecretRef.name: team-token is not allowed by EvalRuntime",
            "allow.secretNames has evaljob-*"),
        attack(
            "the token of an allowed Secret, at a host of the author's",
            "NotAllowed",
            MODELS
                + "hubTokenSecretRef: {name: evaljob-hub}\n"
                + "env: [{name: HF_ENDPOINT, value: 'https://evil.example'}]",
            "spec.env[HF_ENDPOINT]: https://evil.example would be sent the token",
            "to set HF_ENDPOINT in spec.pod.env"),
        attack(
            "another team's claim as a volume",
            "NotAllowed",
            MODELS + "storage: {volumes: [{name: v, claimName: other-team}]}",
            "spec.storage.volumes[v].claimName: other-team is not allowed",
            "allow.claimNames has shared"),
        attack(
            "another team's claim as a cache",
            "NotAllowed",
            MODELS + "storage: {cache: {claimName: other-team}}",
            "spec.storage.cache.claimName: other-team is not allowed",
            "allow.claimNames has shared"),
        attack(
            "another team's claim as a workspace",
            "NotAllowed",
            MODELS + "storage: {workspace: {claimName: other-team}}",
            "spec.storage.workspace.claimName: other-team is not allowed",
            "allow.claimNames has shared"),
        attack(
            "the devices of the node by the container runtime's variable",
            "Invalid",
            MODELS + "env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}]",
            "spec.env[NVIDIA_VISIBLE_DEVICES]: all cannot be set",
            "remove it"),
        attack(
            "the devices of an AMD node",
            "Invalid",
            MODELS + "env: [{name: AMD_VISIBLE_DEVICES, value: all}]",
            "spec.env[AMD_VISIBLE_DEVICES]: all cannot be set",
            "remove it"),
        attack(
            "code of the author's in every process",
            "Invalid",
            MODELS + "env: [{name: LD_PRELOAD, value: /mnt/evaljob/v/x.so}]",
            "spec.env[LD_PRELOAD]",
            "have it built into the runtime's image"),
        attack(
            "a python3 of the author's, also in Prefetch, which has the token",
            "Invalid",
            MODELS + "env: [{name: PATH, value: /mnt/evaljob/v/bin}]",
            "spec.env[PATH]: /mnt/evaljob/v/bin cannot be set: it changes which programs run",
            "have it built into the runtime's image"),
        attack(
            "reports to another address",
            "Invalid",
            MODELS + "env: [{name: EVALJOB_REPORT_URL, value: 'https://evil.example'}]",
            "spec.env[EVALJOB_REPORT_URL]",
            "remove it"),
        attack(
            "a repository that is not listed",
            "NotAllowed",
            "models: [{name: base, hub: {id: Evil/Model}}]",
            "spec.models[base].hub.id: Evil/Model is not allowed",
            "allow.hubIDs has OpenGVLab/*"),
        attack(
            "a parameter that is not listed",
            "NotAllowed",
            "models: [{name: base, parameters: {model_path: /etc}}]",
            "spec.models[base].parameters[model_path]",
            "allow.parameterNames has max_new_tokens"),
        attack(
            "a node of the control plane",
            "NotAllowed",
            MODELS + "placement: {nodeSelector: {node-role.kubernetes.io/control-plane: ''}}",
            "spec.placement.nodeSelector[node-role.kubernetes.io/control-plane]",
            "allow.nodeSelectorKeys has pool"),
        attack(
            "a tainted node",
            "NotAllowed",
            MODELS + "placement: {tolerations: [{key: secure, operator: Exists}]}",
            "spec.placement.tolerations[0].key: secure is not allowed",
            "allow.tolerationKeys has gpu"),
        attack(
            "every tainted node",
            "NotAllowed",
            MODELS + "placement: {tolerations: [{operator: Exists}]}",
            "spec.placement.tolerations[0].key",
            "allow.tolerationKeys has gpu"),
        attack(
            "a device of the node: KVM",
            "Invalid",
            MODELS + "accelerator: {resourceName: devices.kubevirt.io/kvm}",
            "devices.kubevirt.io/kvm",
            "nvidia.com/gpu"),
        attack(
            "a device of the node: FUSE",
            "Invalid",
            MODELS + "accelerator: {resourceName: smarter-devices/fuse}",
            "smarter-devices/fuse",
            "nvidia.com/gpu"),
        attack(
            "more devices than the runtime gives",
            "NotAllowed",
            "models: [{name: base, devicesPerProcess: 8}]",
            "spec.models[base].devicesPerProcess: 8 makes 8 devices in all",
            "4 are allowed; lower it"));
  }

  private static Arguments attack(
      String what, String reason, String spec, String message, String remedy) {
    return Arguments.of(what, reason, spec, message, remedy);
  }

  private static int count;

  @ParameterizedTest(name = "{0}")
  @MethodSource("refusals")
  void isRefused(String what, String reason, String spec, String message, String remedy) {
    String name = "attack-" + ++count;
    author.submit(name, runtime, DATA + spec);

    Condition accepted = author.judged(name);
    assertThat(accepted.status()).isEqualTo("False");
    assertThat(accepted.reason()).isEqualTo(reason);
    assertThat(accepted.message()).contains(message, remedy);
    assertThat(author.children(name)).as("Jobs").isEmpty();
  }

  @Test
  void anEnvironmentNameThatIsNotListedIsRefused() {
    author.submit("env", runtime + "-strict", DATA + MODELS + "env: [{name: HF_HOME, value: /x}]");
    Condition accepted = author.judged("env");
    assertThat(accepted.reason()).isEqualTo("NotAllowed");
    assertThat(accepted.message())
        .contains("spec.env[HF_HOME]", "allow.envNames has HTTPS_PROXY", "ask its administrator");
  }

  @Test
  void aNamespaceThatIsNotSelectedIsRefused() {
    stranger.submit("stranger", runtime, DATA + MODELS);
    Condition accepted = stranger.judged("stranger");
    assertThat(accepted.status() + accepted.reason()).isEqualTo("FalseNotAllowed");
    assertThat(accepted.message())
        .contains("does not serve namespace " + stranger.namespace(), "allow.namespaceSelector");
    assertThat(stranger.children("stranger")).isEmpty();
  }

  @Test
  void aStatusIsNotTheAuthors() {
    author.submit("status", runtime, DATA + "models: [{name: base, hub: {id: Evil/Model}}]");
    author.judged("status");
    String path = "/apis/evaljob.io/v1alpha1/namespaces/" + author.namespace() + "/evaljobs/status";
    assertThatThrownBy(
            () ->
                author
                    .client()
                    .resources(EvalJob.class)
                    .inNamespace(author.namespace())
                    .withName("status")
                    .editStatus(
                        job -> {
                          job.getStatus();
                          job.getMetadata().setAnnotations(Map.of("a", "b"));
                          return job;
                        }))
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining("evaljobs/status");
    JsonNode before = read(path);
    ObjectNode forged = before.deepCopy();
    forged.putObject("status").put("phase", "Succeeded");
    author.client().raw(path, "PUT", forged);
    assertThat(read(path).get("status")).isEqualTo(before.get("status"));
  }

  private static JsonNode read(String path) {
    try {
      return JSON.readTree(cluster.admin().raw(path));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "template: {spec: {hostNetwork: true}}",
        "image: evil:1",
        "serviceAccountName: deployer",
        "securityContext: {privileged: true}",
        "envFrom: [{secretRef: {name: team-token}}]",
        "env: [{name: A, valueFrom: {secretKeyRef: {name: team-token, key: token}}}]",
        "storage: {volumes: [{name: host, claimName: shared, hostPath: {path: /}}]}",
        "storage: {volumes: [{name: host, claimName: shared, mountPath: /}]}",
        "args: [--evil]",
        "labels: {app: database}",
      })
  void whatThereIsNoFieldForIsDroppedWhereItIsNotRefused(String field) throws Exception {
    String name = "unknown-" + ++count;
    Map<String, Object> spec =
        Serialization.unmarshal(DATA + MODELS + field, new TypeReference<>() {});
    spec.put("runtimeRef", Map.of("name", runtime));
    Map<String, Object> object =
        Map.of(
            "apiVersion",
            "evaljob.io/v1alpha1",
            "kind",
            "EvalJob",
            "metadata",
            Map.of("name", name),
            "spec",
            spec);
    String path = "/apis/evaljob.io/v1alpha1/namespaces/" + author.namespace() + "/evaljobs";
    assertThatThrownBy(() -> author.client().raw(path + "?fieldValidation=Strict", "POST", object))
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining("unknown field");
    author.client().raw(path + "?fieldValidation=Ignore", "POST", object);

    assertHarmless(author.child(name));
  }

  @Test
  void whatIsAllowedGivesAPodOfTheRuntimesAlone() {
    String hostile =
        """
        models: [{name: base, devicesPerProcess: 1, catalogEntry: "a__import__.os+-", hub: {id: OpenGVLab/x, revision: refs/pr/1}, parameters: {max_new_tokens: "$(id); __import__('os')\\n"}}]
        datasets: [{name: MMStar}, {name: mine, volume: {name: tmp, path: "a b;$(id)"}}]
        storage: {volumes: [{name: tmp, claimName: shared, subPath: "$(HOME)/x"}]}
        env:
        - {name: REFERENCE, value: "$(ADMINS_OWN) $$(ADMINS_OWN) $HOME ${HOME}"}
        - {name: LINES, value: "a\\nb\\u202ec"}
        - {name: ADMINS_OWN, value: author's}
        - {name: HF_TOKEN, value: mine}
        hubTokenSecretRef: {name: evaljob-hub, key: token}
        placement: {nodeSelector: {pool: gpu}, tolerations: [{key: gpu, operator: Exists}]}
        """;
    author.submit("hostile", runtime, hostile);
    Job job = author.child("hostile");

    assertHarmless(job);
    PodSpec pod = job.getSpec().getTemplate().getSpec();
    List<EnvVar> env = pod.getContainers().get(0).getEnv();
    assertThat(env)
        .filteredOn(variable -> variable.getName().equals("REFERENCE"))
        .as("a kubelet replaces $(NAME), and $$ by $")
        .extracting(EnvVar::getValue)
        .containsExactly("$$(ADMINS_OWN) $$$$(ADMINS_OWN) $$HOME $${HOME}");
    assertThat(env)
        .as("the token is Prefetch's, and only from the Secret that is allowed")
        .filteredOn(variable -> variable.getName().equals("HF_TOKEN"))
        .extracting(variable -> variable.getValueFrom().getSecretKeyRef().getName())
        .containsExactly("evaljob-hub");
    assertThat(pod.getContainers().get(0).getCommand())
        .noneMatch(word -> word.contains("__import__(") || word.contains("$("));
  }

  @Test
  void forgedMetadataChangesNothing() {
    EvalJob forged =
        Serialization.unmarshal(
            """
            apiVersion: evaljob.io/v1alpha1
            kind: EvalJob
            metadata:
              name: forged
              namespace: NAMESPACE
              labels: {evaljob.io/job-uid: other, app.kubernetes.io/managed-by: evaljob-operator}
              annotations: {evaljob.io/runtime: other}
              ownerReferences:
              - {apiVersion: v1, kind: ConfigMap, name: x, uid: 00000000-0000-0000-0000-000000000001, controller: false}
            spec:
              runtimeRef: {name: RUNTIME}
              models: [{name: base, hub: {id: Evil/Model}}]
              datasets: [{name: MMStar}]
            status: {observedGeneration: 1, phase: Succeeded, run: {id: "1", number: 1}}
            """
                .replace("NAMESPACE", author.namespace())
                .replace("RUNTIME", runtime),
            EvalJob.class);
    EvalJob stored = author.client().resource(forged).create();
    assertThat(stored.getStatus().run()).isNull();
    assertThat(stored.getStatus().observedGeneration()).isEqualTo(-1);
  }

  /** A pod with what the runtime gives and nothing else. */
  private static void assertHarmless(Job job) {
    PodSpec pod = job.getSpec().getTemplate().getSpec();
    assertThat(pod.getServiceAccountName()).isEqualTo("default");
    assertThat(pod.getAutomountServiceAccountToken()).isFalse();
    assertThat(pod.getHostNetwork()).isNull();
    assertThat(pod.getHostPID()).isNull();
    assertThat(pod.getHostIPC()).isNull();
    assertThat(pod.getInitContainers()).isEmpty();
    assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getContainers())
        .singleElement()
        .satisfies(
            container -> {
              assertThat(container.getImage()).isEqualTo("registry.example/vlmevalkit:1");
              assertThat(container.getArgs()).isEmpty();
              assertThat(container.getEnvFrom()).isEmpty();
              assertThat(container.getSecurityContext().getPrivileged()).isNull();
              assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
              assertThat(container.getEnv())
                  .filteredOn(variable -> variable.getValueFrom() != null)
                  .allSatisfy(
                      variable ->
                          assertThat(variable.getName())
                              .isIn("EVALJOB_POD_NAME", "EVALJOB_POD_UID", "HF_TOKEN"));
            });
    assertThat(pod.getVolumes())
        .allSatisfy(
            volume -> {
              assertThat(volume.getHostPath()).isNull();
              assertThat(volume.getSecret()).isNull();
              if (volume.getProjected() != null) {
                assertThat(volume.getProjected().getSources())
                    .singleElement()
                    .satisfies(
                        source ->
                            assertThat(source.getServiceAccountToken().getAudience())
                                .isEqualTo("evaljob-report"));
              }
            });
    assertThat(pod.getVolumes())
        .filteredOn(volume -> volume.getPersistentVolumeClaim() != null)
        .extracting(Volume::getPersistentVolumeClaim)
        .allSatisfy(
            claim ->
                assertThat(claim.getClaimName()).matches("shared|.*-base-workspace-[a-z0-9]{8}"));
    assertThat(job.getSpec().getTemplate().getMetadata().getLabels().keySet())
        .allMatch(
            key ->
                key.startsWith("evaljob.io/")
                    || key.startsWith("app.kubernetes.io/")
                    || key.contains("job-name")
                    || key.contains("controller-uid"));
  }
}
