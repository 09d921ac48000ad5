package io.evaljob.operator.sandbox;

import static io.evaljob.operator.sandbox.Cluster.devices;
import static io.evaljob.operator.sandbox.Cluster.job;
import static io.evaljob.operator.sandbox.Cluster.outcome;
import static io.evaljob.operator.sandbox.Cluster.script;
import static io.evaljob.operator.sandbox.Cluster.terminated;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KilledRunTest {

  @TempDir Path folder;

  @Test
  void theNextRunEndsWhatAKilledOneLeftAndGoesOn() throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process run =
        new ProcessBuilder(
                java,
                "-cp",
                System.getProperty("java.class.path"),
                KilledRun.class.getName(),
                folder.toString())
            .redirectError(folder.resolve("errors").toFile())
            .start();
    String uid;
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(run.getInputStream(), StandardCharsets.UTF_8))) {
      uid = out.readLine();
    } finally {
      run.destroyForcibly();
      run.waitFor();
    }
    assertThat(uid).as(Cluster.read(folder.resolve("errors"))).isNotNull();
    await().until(() -> Files.exists(folder.resolve("pid")));
    long pid = Long.parseLong(Cluster.read(folder.resolve("pid")).strip());
    assertThat(Cluster.runs(pid)).isTrue();

    try (Cluster cluster = new Cluster(Cluster.config(folder))) {
      assertThat(Cluster.runs(pid)).isFalse();
      Pod pod = cluster.pod("endless");
      assertThat(pod.getMetadata().getUid()).isEqualTo(uid);
      assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
      assertThat(pod.getStatus().getReason()).isEqualTo("NodeLost");
      assertThat(terminated(pod).getMessage()).isEqualTo("half");
      assertThat(outcome(cluster.finished("endless"))).isEqualTo("Failed");
      cluster.create(job("next", devices(script("printf %s $CUDA_VISIBLE_DEVICES"), 4)));
      cluster.finished("next");
      assertThat(cluster.log("next")).isEqualTo("4,5,6,7");
    }
  }
}
