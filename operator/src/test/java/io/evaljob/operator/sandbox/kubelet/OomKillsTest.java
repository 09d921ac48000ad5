package io.evaljob.operator.sandbox.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.sandbox.SandboxPods;
import io.evaljob.operator.sandbox.apiserver.Admission;
import io.evaljob.operator.sandbox.apiserver.ApiServer;
import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.evaljob.operator.sandbox.controller.ClusterWriter;
import io.evaljob.operator.sandbox.controller.ControlLoop;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nobody can make the kernel run out of memory in a test, so these tell how its count is read, and
 * what a kubelet makes of a count that grows.
 */
class OomKillsTest {

  @TempDir Path folder;

  @Test
  void theCountsOfAllFilesAreAdded() throws IOException {
    Path machine = folder.resolve("vmstat");
    Path group = folder.resolve("memory.events");
    Files.writeString(machine, "nr_free_pages 7\noom_kill 3\nballoon_inflate 0\n");
    Files.writeString(group, "low 0\noom 9\noom_kill 2\noom_group_kill 5\n");
    OomKills kills = OomKills.of(List.of(machine, group, folder.resolve("missing")));
    assertThat(kills.count()).isEqualTo(5);
    Files.writeString(group, "oom_kill 4\n");
    assertThat(kills.count()).isEqualTo(7);
  }

  @Test
  void thisMachineCanBeAsked() {
    assertThat(OomKills.ofThisMachine().count()).isNotNegative();
  }

  @Test
  void aContainerKilledWhileTheCountGrewWasKilledForMemory() {
    AtomicLong count = new AtomicLong();
    assertThat(reasonOf("kill -9 $$$$", count::getAndIncrement)).isEqualTo("OOMKilled");
  }

  @Test
  void aKillIsAnErrorWhileTheCountStays() {
    assertThat(reasonOf("kill -9 $$$$", () -> 7)).isEqualTo("Error");
  }

  @Test
  void anotherEndIsNotMadeAKillByACountThatGrew() {
    AtomicLong count = new AtomicLong();
    assertThat(reasonOf("exit 1", count::getAndIncrement)).isEqualTo("Error");
    assertThat(reasonOf("exit 0", count::getAndIncrement)).isEqualTo("Completed");
  }

  /** Why a container that runs this script has ended, as a kubelet with this counter says. */
  private String reasonOf(String script, OomKills counter) {
    try (ControlLoop loop = new ControlLoop();
        ApiServer server =
            new ApiServer(
                folder.resolve("objects.jsonl"),
                List.of(),
                Admission.everything(),
                Clock.systemUTC(),
                loop::tell);
        KubernetesClient client = server.newClient()) {
      ClusterWriter writer = new ClusterWriter(client, Clock.systemUTC());
      ClaimBinder claims = new ClaimBinder(writer, folder.resolve("volumes"));
      LocalImage machine = new LocalImage(Path.of("python3"), List.of(), System.getenv());
      RuntimeImages environments =
          new RuntimeImages(
              new VirtualEnvironments(folder, Path.of("python3"), Map.of(), told -> {}),
              machine.python(),
              Optional.of(machine));
      Kubelet kubelet =
          new Kubelet(
              new Node(
                  folder,
                  Path.of("python3"),
                  System.getenv(),
                  Map.of(),
                  "CUDA_VISIBLE_DEVICES",
                  environments,
                  loop.view(),
                  new SandboxPods(writer),
                  SandboxPods.folders(claims),
                  SandboxPods.tokens(server.podTokens()),
                  SandboxPods.admission()),
              counter);
      loop.start(List.of(view -> kubelet.sync(view.pods())));
      Pod pod = client.resource(pod(script)).create();
      Pod ended =
          await()
              .until(
                  () -> client.resource(pod).get(),
                  now -> now.getStatus().getPhase().matches("Succeeded|Failed"));
      client.resource(pod).delete();
      return ended.getStatus().getContainerStatuses().get(0).getState().getTerminated().getReason();
    }
  }

  private static Pod pod(String script) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("killed")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withNodeName("this-machine")
        .withRestartPolicy("Never")
        .addNewContainer()
        .withName("evaluator")
        .withImage("ignored")
        .withCommand("sh", "-c", script)
        .endContainer()
        .endSpec()
        .withNewStatus()
        .withPhase("Pending")
        .endStatus()
        .build();
  }
}
