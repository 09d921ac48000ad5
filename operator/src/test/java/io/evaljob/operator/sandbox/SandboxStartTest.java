package io.evaljob.operator.sandbox;

import static io.evaljob.operator.sandbox.Cluster.job;
import static io.evaljob.operator.sandbox.Cluster.outcome;
import static io.evaljob.operator.sandbox.Cluster.script;
import static io.evaljob.operator.sandbox.Cluster.terminated;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.sandbox.kubelet.VirtualEnvironments;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a sandbox needs to start, which python3 its pods get, and how it stops. */
class SandboxStartTest {

  @TempDir Path folder;

  @Test
  void aMachineWithoutPythonIsTold() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("bin"));
    SandboxConfig config = Cluster.config(folder).withHost(Map.of("PATH", empty.toString()));
    assertThatThrownBy(() -> Sandbox.start(config))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("python3 is not on the PATH")
        .hasMessageContaining("apt install python3");
    try (Sandbox next = Sandbox.start(Cluster.config(folder))) {
      assertThat(next.client().nodes().withName(Sandbox.NODE).get()).isNotNull();
    }
  }

  @Test
  void aPythonThatDoesNotWorkIsTold() throws IOException {
    Path bin = Files.createDirectory(folder.resolve("bin"));
    program(bin.resolve("python3"), "echo broken install; exit 3");
    SandboxConfig config = Cluster.config(folder).withHost(Map.of("PATH", bin.toString()));
    assertThatThrownBy(() -> Sandbox.start(config))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(bin.resolve("python3") + " does not work")
        .hasMessageContaining("broken install");
  }

  private static void program(Path file, String script) throws IOException {
    Files.write(file, List.of("#!/bin/sh", script));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void theGivenPythonStandsForEveryImage() throws IOException {
    Path given = folder.resolve("it's mine");
    Path seen = folder.resolve("seen");
    String real =
        VirtualEnvironments.ask(
            List.of("python3", "-c", "import sys; print(sys.executable)"), System.getenv());
    program(given, "echo \"$0\" >> " + seen + "; exec " + real + " \"$@\"");
    try (Cluster cluster = new Cluster(Cluster.config(folder).withPython(given))) {
      PodSpecBuilder direct =
          script("ignored")
              .editFirstContainer()
              .withCommand("python", "-c", "print('direct')")
              .endContainer();
      cluster.create(job("direct", direct));
      cluster.create(job("inside", script("python3 -c 'print(\"inside\")'")));
      cluster.finished("direct");
      cluster.finished("inside");
      assertThat(cluster.log("direct")).isEqualTo("direct\n");
      assertThat(cluster.log("inside")).isEqualTo("inside\n");
      assertThat(Files.readAllLines(seen)).containsOnly(given.toString()).hasSize(2);
    }
  }

  @Test
  void aGivenPythonThatIsNoProgramIsTold() {
    assertThatThrownBy(() -> Sandbox.start(Cluster.config(folder).withPython(folder)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("--python: " + folder + " is not a program");
  }

  @Test
  void aCloseCutsShortAStopThatWaitsForAPod() {
    Path asked = folder.resolve("asked");
    PodSpecBuilder deaf =
        script("trap 'touch " + asked + "' TERM; echo ready; while :; do sleep 0.05; done");
    try (Cluster cluster = new Cluster(Cluster.config(folder))) {
      cluster.create(job("deaf", deaf.withTerminationGracePeriodSeconds(3600L)));
      cluster.running("deaf");
      await().until(() -> cluster.log("deaf").contains("ready"));
      Thread stopping = new Thread(cluster.sandbox()::stop);
      stopping.start();
      await().until(() -> Files.exists(asked));
      Thread closing = new Thread(cluster.sandbox()::close);
      closing.start();
      await().until(() -> !stopping.isAlive() && !closing.isAlive());
    }
    try (Cluster next = new Cluster(Cluster.config(folder))) {
      Pod pod = next.pod("deaf");
      assertThat(terminated(pod).getExitCode()).isEqualTo(137);
      assertThat(pod.getStatus().getReason()).isEqualTo("Terminated");
      assertThat(outcome(next.finished("deaf"))).isEqualTo("Failed");
    }
  }

  @Test
  void aTokenIsRenewedBeforeItExpires() {
    PodSpecBuilder spec =
        script("first=$(cat $FILE); until [ \"$(cat $FILE)\" != \"$first\" ]; do sleep 0.05; done")
            .editFirstContainer()
            .addNewEnv()
            .withName("FILE")
            .withValue("/evaljob/token/token")
            .endEnv()
            .addNewVolumeMount()
            .withName("token")
            .withMountPath("/evaljob/token")
            .endVolumeMount()
            .endContainer()
            .addNewVolume()
            .withName("token")
            .withNewProjected()
            .addNewSource()
            .withNewServiceAccountToken("evaljob-report", 2L, "token")
            .endSource()
            .endProjected()
            .endVolume();
    try (Cluster cluster = new Cluster(Cluster.config(folder))) {
      cluster.create(job("renewed", spec));
      assertThat(outcome(cluster.finished("renewed"))).isEqualTo("Complete");
    }
  }
}
