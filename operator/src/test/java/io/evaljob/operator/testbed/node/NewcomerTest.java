package io.evaljob.operator.testbed.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.Kubectl;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What somebody types who has just found the project, command by command, and what they see: the
 * operator as {@code deploy/} ships it, two replicas in pods under their own account.
 */
@RealCluster(ours = true)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NewcomerTest {

  /** A program that scores which devices its two ranks see: "34" for 3 and 4. */
  private static final String DEVICES =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: sees-devices}
      spec:
        harness: Command
        command:
          args:
          - python3
          - -c
          - |
            import json, os, pathlib, time
            seen = [pathlib.Path(os.environ['EVALJOB_OUTPUT_DIR'], 'seen-%d' % i) for i in (0, 1)]
            mine = seen[int(os.environ['RANK'])]
            mine.with_suffix('.part').write_text(os.environ['CUDA_VISIBLE_DEVICES'])
            mine.with_suffix('.part').rename(mine)
            while mine is seen[0] and not seen[1].exists():
                time.sleep(0.05)
            if mine is seen[0]:
                score = ''.join(file.read_text() for file in seen)
                pathlib.Path(os.environ['EVALJOB_RESULTS_FILE']).write_text(json.dumps(
                    {'metric': 'devices', 'score': score, 'samples': 2, 'failedSamples': 0}))
        image: python:3.12-slim
        pod: {securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000}}
        resources:
          prefetch: {cpu: 100m, memory: 128Mi}
          infer: {cpu: 200m, memory: 256Mi}
          score: {cpu: 100m, memory: 128Mi}
        allow: {namespaceSelector: {}}
      ---
      apiVersion: evaljob.io/v1alpha1
      kind: EvalJob
      metadata: {name: devices}
      spec:
        runtimeRef: {name: sees-devices}
        models: [{name: none}]
        datasets: [{name: any}]
        accelerator: {devicesPerProcess: 1, processes: 2}
        storage: {workspace: {claimTemplate: {size: 1Gi}}}
      """;

  private final ControlPlane cluster;
  private final Kubectl kubectl;
  private RunningOperator operator;

  NewcomerTest(ControlPlane cluster) {
    this.cluster = cluster;
    this.kubectl = cluster.kubectl();
  }

  @BeforeAll
  void install(@TempDir Path folder) {
    operator = RunningOperator.start(cluster, NodeDescription.of("newcomers-machine", folder), 2);
  }

  @AfterAll
  void uninstall() {
    kubectl.run("delete", "evalruntime", "command-example", "--ignore-not-found");
    operator.close();
  }

  @Test
  void anEvaluationFromApplyToDelete() {
    String namespace = cluster.namespace("newcomer");
    kubectl.run(
        "create",
        "configmap",
        "command-files",
        "-n",
        namespace,
        "--from-file=deploy/examples/data/command");
    kubectl.run("apply", "-n", namespace, "-f", "deploy/examples/data/copy-into-claim.yaml");
    kubectl.run(
        "wait",
        "-n",
        namespace,
        "--for=condition=Complete",
        "job/copy-into-command-files",
        "--timeout=60s");
    kubectl.run("apply", "-n", namespace, "-f", "deploy/examples/command.yaml");
    kubectl.run(
        "wait", "-n", namespace, "--for=condition=Finished", "ej/command", "--timeout=120s");

    assertThat(kubectl.run("get", "ej", "-n", namespace, "-o", "wide"))
        .matches(
            "NAME +PHASE +MODELS +DEVICES +PROGRESS +WAITING +AGE +SCORE +RUNTIME +QUEUE\\s+"
                + "command +Succeeded +1/1 +0/0 +100% +\\S+ +\\S+.* +command-example\\s+");

    String described = kubectl.run("describe", "ej", "command", "-n", namespace);
    assertThat(described)
        .contains("accuracy")
        .containsSubsequence(
            "Events:", "Planned", "PrefetchStarted", "InferStarted", "ScoreStarted", "Succeeded");

    kubectl.run("delete", "ej", "command", "-n", namespace, "--cascade=foreground");
    await()
        .untilAsserted(
            () ->
                assertThat(
                        kubectl.run(
                            "get",
                            "jobs,pods,pvc,configmaps",
                            "-n",
                            namespace,
                            "-l",
                            "evaljob.io/job=command",
                            "-o",
                            "name"))
                    .isEmpty());
    assertThat(kubectl.run("get", "pvc", "-n", namespace, "-o", "name"))
        .isEqualToIgnoringNewLines("persistentvolumeclaim/command-files");
  }

  @Test
  void eachRankSeesOneOfTheDevicesThatTheNodeGaveItsPod() {
    String namespace = cluster.namespace("devices");
    Pod holding =
        cluster
            .admin()
            .resource(
                Workload.pod(
                    namespace,
                    "holding",
                    Workload.spec(Workload.withDevices(Workload.shell("exec sleep 600"), 3))))
            .create();
    await().until(() -> !operator.node().devices().isEmpty());
    Kubectl.Answer applied = kubectl.askWith(DEVICES, "apply", "-n", namespace, "-f", "-");
    assertThat(applied.errors()).isEmpty();
    kubectl.run(
        "wait", "-n", namespace, "--for=condition=Finished", "ej/devices", "--timeout=120s");
    assertThat(
            kubectl.run(
                "get", "ej/devices", "-n", namespace, "-o", "jsonpath={.status.results[*].score}"))
        .isEqualTo("34");
    cluster.admin().resource(holding).withGracePeriod(0).delete();
    await().until(() -> operator.node().devices().isEmpty());
    kubectl.run("delete", "evalruntime", "sees-devices");
  }

  @Test
  void everyFieldIsExplained() {
    assertThat(kubectl.run("explain", "evaljob.spec", "--recursive"))
        .contains("runtimeRef", "devicesPerProcess", "claimName", "-required-");
    assertThat(kubectl.run("explain", "evaljob.spec.runID")).contains("DESCRIPTION");
  }
}
