package io.evaljob.operator.testbed.node;

import static io.evaljob.operator.testbed.node.Workload.pod;
import static io.evaljob.operator.testbed.node.Workload.python;
import static io.evaljob.operator.testbed.node.Workload.shell;
import static io.evaljob.operator.testbed.node.Workload.spec;
import static io.evaljob.operator.testbed.node.Workload.withDevices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A node of processes on a real API server, with the real scheduler and controllers. */
@RealCluster(ours = true)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LocalNodeTest {

  private final ControlPlane cluster;
  private final KubernetesClient client;
  private String namespace;
  private LocalNode node;
  private Path base;

  LocalNodeTest(ControlPlane cluster) {
    this.cluster = cluster;
    this.client = cluster.admin();
  }

  @BeforeAll
  void start(@TempDir Path folder) {
    base = folder.resolve("base");
    node =
        LocalNode.start(
            client, NodeDescription.of("machine", folder.resolve("node")).withLocalPaths(base));
  }

  @AfterAll
  void close() {
    node.close();
    assertThat(client.nodes().withName("machine").get()).isNull();
  }

  @BeforeEach
  void namespace() {
    namespace = cluster.namespace("node");
  }

  @Test
  void itIsAReadyNodeWithDevicesAndALease() {
    Node registered = client.nodes().withName("machine").get();
    assertThat(registered.getStatus().getAllocatable())
        .containsEntry("nvidia.com/gpu", new Quantity("8"));
    assertThat(registered.getMetadata().getLabels())
        .containsEntry("nvidia.com/gpu.count", "8")
        .containsEntry("nvidia.com/gpu.memory", "81559");
    assertThat(registered.getStatus().getConditions())
        .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
    assertThat(
            client
                .leases()
                .inNamespace("kube-node-lease")
                .withName("machine")
                .get()
                .getSpec()
                .getHolderIdentity())
        .isEqualTo("machine");
  }

  @Test
  void aJobRunsItsContainerToItsTerminationMessage() {
    client
        .resource(
            Workload.job(
                namespace,
                "hello",
                spec(
                    withDevices(
                        python(
                            "import os; print('devices', os.environ['CUDA_VISIBLE_DEVICES']);"
                                + " open(os.environ['TERMINATION'], 'w').write('done')"),
                        2))))
        .create();
    await()
        .until(
            () ->
                client
                        .batch()
                        .v1()
                        .jobs()
                        .inNamespace(namespace)
                        .withName("hello")
                        .get()
                        .getStatus()
                        .getSucceeded()
                    != null);
    Pod pod = client.pods().inNamespace(namespace).list().getItems().get(0);
    assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
    assertThat(pod.getSpec().getNodeName()).isEqualTo("machine");
    assertThat(terminated(pod).getExitCode()).isZero();
    assertThat(terminated(pod).getReason()).isEqualTo("Completed");
    assertThat(terminated(pod).getMessage()).isEqualTo("done");
    assertThat(node.log(namespace, pod.getMetadata().getName())).matches("devices \\d,\\d\n");
  }

  @Test
  void aPodThatIsActiveForTooLongIsEnded() {
    create(
        pod(
            namespace,
            "late",
            shell("trap 'exit 0' TERM; while :; do sleep 0.1; done"),
            spec -> spec.withActiveDeadlineSeconds(2L)));
    Pod ended = until("late", LocalNodeTest::hasEnded);
    assertThat(ended.getStatus().getPhase()).isEqualTo("Failed");
    assertThat(ended.getStatus().getReason()).isEqualTo("DeadlineExceeded");
    assertThat(terminated(ended).getExitCode()).isZero();
  }

  @Test
  void aContainerIsRestartedAsItsPolicySays() throws IOException {
    String onceBad = "test -e $ONCE/seen || { touch $ONCE/seen; echo first; exit 3; }";
    create(
        pod(
            namespace,
            "on-failure",
            new ContainerBuilder(shell(onceBad))
                .addNewEnv()
                .withName("ONCE")
                .withValue("/once")
                .endEnv()
                .addNewVolumeMount()
                .withName("once")
                .withMountPath("/once")
                .endVolumeMount()
                .build(),
            spec ->
                spec.withRestartPolicy("OnFailure")
                    .addNewVolume()
                    .withName("once")
                    .withNewEmptyDir()
                    .endEmptyDir()
                    .endVolume()));
    create(pod(namespace, "always", shell("true"), spec -> spec.withRestartPolicy("Always")));
    create(pod(namespace, "never", shell("exit 4"), spec -> spec));
    Pod onFailure = until("on-failure", LocalNodeTest::hasEnded);
    assertThat(onFailure.getStatus().getPhase()).isEqualTo("Succeeded");
    assertThat(container(onFailure).getRestartCount()).isEqualTo(1);
    assertThat(container(onFailure).getLastState().getTerminated().getExitCode()).isEqualTo(3);
    Pod always =
        until(
            "always",
            pod ->
                hasContainer(pod)
                    && container(pod).getState().getWaiting() != null
                    && container(pod).getRestartCount() == 1
                    && "CrashLoopBackOff"
                        .equals(container(pod).getState().getWaiting().getReason()));
    assertThat(always.getStatus().getPhase()).isEqualTo("Running");
    assertThat(container(always).getState().getWaiting().getMessage())
        .startsWith("back-off 10s restarting failed container=main");
    Pod never = until("never", LocalNodeTest::hasEnded);
    assertThat(container(never).getRestartCount()).isZero();
    assertThat(terminated(never).getExitCode()).isEqualTo(4);
    client.resource(always).delete();
    await().until(() -> client.resource(always).get() == null);
  }

  @Test
  void aDeletedPodGetsItsGraceAndGoes() {
    create(
        pod(
            namespace,
            "polite",
            shell("trap 'echo flushed; exit 0' TERM; echo up; while :; do sleep 0.1; done"),
            spec -> spec));
    create(
        pod(
            namespace,
            "stubborn",
            shell("trap '' TERM; echo up; while :; do sleep 0.1; done"),
            spec -> spec.withTerminationGracePeriodSeconds(1L)));
    for (String name : List.of("polite", "stubborn")) {
      await().until(() -> node.log(namespace, name).contains("up"));
      Pod pod = get(name);
      long pid = node.process(pod).orElseThrow();
      client.resource(pod).delete();
      await().until(() -> get(name) == null);
      assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
    }
    assertThat(node.log(namespace, "polite")).startsWith("up\n").endsWith("flushed\n");
  }

  @Test
  void aTokenIsForItsAudienceAndItsPod() {
    create(
        pod(
            namespace,
            "token",
            new ContainerBuilder(shell("cat $TOKEN/token; while :; do sleep 0.1; done"))
                .addNewEnv()
                .withName("TOKEN")
                .withValue("/mnt/token")
                .endEnv()
                .addNewVolumeMount()
                .withName("token")
                .withMountPath("/mnt/token")
                .endVolumeMount()
                .build(),
            spec ->
                spec.addNewVolume()
                    .withName("token")
                    .withNewProjected()
                    .addNewSource()
                    .withNewServiceAccountToken("evaljob-report", 600L, "token")
                    .endSource()
                    .endProjected()
                    .endVolume()));
    await().until(() -> !node.log(namespace, "token").isEmpty());
    String token = node.log(namespace, "token");
    Pod pod = get("token");
    TokenReviewStatus review = review(token, "evaljob-report");
    assertThat(review.getAuthenticated()).isTrue();
    assertThat(review.getUser().getUsername())
        .isEqualTo("system:serviceaccount:" + namespace + ":default");
    assertThat(review.getUser().getExtra())
        .containsEntry("authentication.kubernetes.io/pod-uid", List.of(pod.getMetadata().getUid()));
    assertThat(review(token, "another").getAuthenticated()).isNotEqualTo(true);
    client.resource(pod).delete();
    await().until(() -> !Boolean.TRUE.equals(review(token, "evaljob-report").getAuthenticated()));
  }

  @Test
  void aClaimIsBoundToAFolderThatIsKeptUntilTheClaimGoes() {
    PersistentVolumeClaim claim = claim("kept", Map.of());
    mounting("kept", "first", "mkdir -p $DATA/in; echo one > $DATA/in/file", "");
    mounting("kept", "second", "cat $DATA/file", "in");
    assertThat(node.log(namespace, "second")).isEqualTo("one\n");
    String volume = client.resource(claim).get().getSpec().getVolumeName();
    Path folder =
        Path.of(client.persistentVolumes().withName(volume).get().getSpec().getLocal().getPath());
    assertThat(folder.resolve("in/file")).hasContent("one\n");
    client.pods().inNamespace(namespace).delete();
    client.resource(claim).delete();
    await().until(() -> client.persistentVolumes().withName(volume).get() == null);
    assertThat(folder).doesNotExist();
  }

  /** Runs a pod to its end that mounts the claim, or a part of it. */
  private void mounting(String claim, String name, String script, String subPath) {
    create(mountingPod(claim, name, script, subPath));
    assertThat(until(name, LocalNodeTest::hasEnded).getStatus().getPhase()).isEqualTo("Succeeded");
  }

  private Pod mountingPod(String claim, String name, String script, String subPath) {
    return pod(
        namespace,
        name,
        new ContainerBuilder(shell(script))
            .addNewEnv()
            .withName("DATA")
            .withValue("/data")
            .endEnv()
            .addNewVolumeMount()
            .withName("data")
            .withMountPath("/data")
            .withSubPath(subPath.isEmpty() ? null : subPath)
            .endVolumeMount()
            .build(),
        spec ->
            spec.addNewVolume()
                .withName("data")
                .withNewPersistentVolumeClaim(claim, false)
                .endVolume());
  }

  private PersistentVolumeClaim claim(String name, Map<String, String> annotations) {
    return client
        .resource(
            new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .withAnnotations(annotations)
                .endMetadata()
                .withNewSpec()
                .withAccessModes("ReadWriteOnce")
                .withNewResources()
                .addToRequests("storage", new Quantity("1Gi"))
                .endResources()
                .endSpec()
                .build())
        .create();
  }

  @Test
  void aClaimMayStandForAFolderBelowTheBaseAndForNoOther() throws IOException {
    Path data = Files.createDirectories(base.resolve("given"));
    Files.writeString(data.resolve("file"), "two\n");
    Files.createDirectories(base.resolveSibling("outside"));
    PersistentVolumeClaim given = claim("given", Map.of(ClaimBinder.LOCAL_PATH, "./given"));
    claim("outside", Map.of(ClaimBinder.LOCAL_PATH, "../outside"));
    mounting("given", "reads", "cat $DATA/file", "");
    assertThat(node.log(namespace, "reads")).isEqualTo("two\n");
    create(mountingPod("outside", "waits", "true", ""));
    await()
        .untilAsserted(
            () ->
                assertThat(client.v1().events().inNamespace(namespace).list().getItems())
                    .filteredOn(event -> event.getReason().equals("ProvisioningFailed"))
                    .extracting(Event::getMessage)
                    .containsExactly(
                        "annotation evaljob.io/local-path: ../outside is not a folder below the"
                            + " base of this node; correct it"));
    assertThat(get("waits").getStatus().getPhase()).isEqualTo("Pending");
    client.pods().inNamespace(namespace).delete();
    String volume = client.resource(given).get().getSpec().getVolumeName();
    client.resource(given).delete();
    await().until(() -> client.persistentVolumes().withName(volume).get() == null);
    assertThat(data.resolve("file")).exists();
  }

  @Test
  void devicesAreNeverGivenTwice() {
    String forever = "echo $CUDA_VISIBLE_DEVICES; while :; do sleep 0.1; done";
    create(pod(namespace, "five", spec(withDevices(shell(forever), 5))));
    create(pod(namespace, "two", spec(withDevices(shell(forever), 2))));
    List<String> given = new ArrayList<>();
    for (String name : List.of("five", "two")) {
      await().until(() -> !node.log(namespace, name).isEmpty());
      given.addAll(List.of(node.log(namespace, name).strip().split(",", -1)));
    }
    assertThat(given).hasSize(7).doesNotHaveDuplicates();

    create(pod(namespace, "waits", spec(withDevices(shell(forever), 2))));
    until(
        "waits",
        pod ->
            pod.getStatus().getConditions().stream()
                .anyMatch(
                    c ->
                        "Unschedulable".equals(c.getReason())
                            && c.getMessage().contains("Insufficient nvidia.com/gpu")));
    create(
        pod(
            namespace,
            "forced",
            withDevices(shell(forever), 2),
            spec -> spec.withNodeName("machine")));
    Pod forced = until("forced", LocalNodeTest::hasEnded);
    assertThat(forced.getStatus().getReason()).isEqualTo("UnexpectedAdmissionError");
    assertThat(forced.getStatus().getMessage())
        .isEqualTo(
            "Pod was rejected: Allocate failed due to requested number of devices unavailable for"
                + " nvidia.com/gpu. Requested: 2, Available: 1, which is unexpected");

    client.resource(get("five")).delete();
    await().until(() -> !node.log(namespace, "waits").isEmpty());
    assertThat(given.subList(0, 5)).contains(node.log(namespace, "waits").strip().split(",", -1));
    client.pods().inNamespace(namespace).delete();
    await().until(() -> node.devices().isEmpty());
  }

  @Test
  void whatItCannotRunItRefusesWithReasonAndRemedy() {
    create(
        pod(
            namespace,
            "much",
            new ContainerBuilder(shell("true"))
                .withNewLivenessProbe()
                .withNewExec()
                .withCommand("true")
                .endExec()
                .endLivenessProbe()
                .build(),
            spec ->
                spec.addToInitContainers(
                    new ContainerBuilder(shell("true")).withName("init").build())));
    Pod much = until("much", LocalNodeTest::hasEnded);
    assertThat(much.getStatus().getReason()).isEqualTo("PodNotSupported");
    assertThat(much.getStatus().getMessage())
        .isEqualTo(
            "Pod was rejected: this node runs containers as processes of one machine and does not"
                + " have init containers; probes but httpGet by HTTP and tcpSocket. Remove it from"
                + " the pod, or run the pod on another node");
    create(
        pod(
            namespace,
            "unknown",
            new ContainerBuilder(shell("true")).withImage("example.com:5000/model:1").build(),
            spec -> spec));
    Pod unknown =
        until(
            "unknown", pod -> hasContainer(pod) && container(pod).getState().getWaiting() != null);
    assertThat(container(unknown).getState().getWaiting().getReason()).isEqualTo("ErrImagePull");
    assertThat(container(unknown).getState().getWaiting().getMessage())
        .contains("\"example.com:5000/model:1\"", "it has programs for busybox, python.");
  }

  private Pod create(Pod pod) {
    return client.resource(pod).create();
  }

  private Pod get(String name) {
    return client.pods().inNamespace(namespace).withName(name).get();
  }

  private Pod until(String name, Predicate<Pod> holds) {
    return await().until(() -> get(name), pod -> pod != null && holds.test(pod));
  }

  private static boolean hasEnded(Pod pod) {
    return pod.getStatus().getPhase().matches("Succeeded|Failed");
  }

  private static boolean hasContainer(Pod pod) {
    return !pod.getStatus().getContainerStatuses().isEmpty();
  }

  private static ContainerStatus container(Pod pod) {
    return pod.getStatus().getContainerStatuses().get(0);
  }

  private static ContainerStateTerminated terminated(Pod pod) {
    return container(pod).getState().getTerminated();
  }

  private TokenReviewStatus review(String token, String audience) {
    TokenReview asked =
        new TokenReviewBuilder()
            .withNewSpec()
            .withToken(token)
            .withAudiences(audience)
            .endSpec()
            .build();
    return client.resource(asked).create().getStatus();
  }
}
