package io.evaljob.operator.testbed.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.Kubectl;
import io.evaljob.operator.testbed.RealCluster;
import java.nio.file.Path;
import java.time.Duration;
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
            "NAME +PHASE +MODELS +DEVICES +PROGRESS +WAITING +AGE +SCORE +RUNTIME\\s+"
                + "command +Succeeded +1/1 +0/0 +100% +\\S+ +\\S+.* +command-example\\s+");

    String described = kubectl.run("describe", "ej", "command", "-n", namespace);
    assertThat(described)
        .contains("accuracy")
        .containsSubsequence(
            "Events:", "Planned", "PrefetchStarted", "InferStarted", "ScoreStarted", "Succeeded");

    kubectl.run("delete", "ej", "command", "-n", namespace, "--cascade=foreground");
    await()
        .atMost(Duration.ofSeconds(30))
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
  void everyFieldIsExplained() {
    assertThat(kubectl.run("explain", "evaljob.spec", "--recursive"))
        .contains("runtimeRef", "devicesPerProcess", "claimName", "-required-");
    assertThat(kubectl.run("explain", "evaljob.spec.runID")).contains("DESCRIPTION");
  }
}
