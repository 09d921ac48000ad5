package io.evaljob.operator.sandbox.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Watches: what they tell, from when on, and how they end. */
class WatchTest {

  @TempDir Path folder;
  private ApiServer server;
  private KubernetesClient client;
  private final List<Watch> watches = new ArrayList<>();

  @BeforeEach
  void start() {
    server =
        new ApiServer(
            folder.resolve("objects.jsonl"),
            List.of(),
            Admission.everything(),
            Clock.systemUTC(),
            change -> {});
    client = server.newClient();
  }

  @AfterEach
  void close() {
    watches.forEach(Watch::close);
    client.close();
    server.close();
  }

  /** Writes down every event as action, name and value. */
  private static final class Notes implements Watcher<ConfigMap> {
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final CompletableFuture<WatcherException> closed = new CompletableFuture<>();

    @Override
    public void eventReceived(Action action, ConfigMap map) {
      events.add(action + " " + map.getMetadata().getName() + " " + map.getData().get("k"));
    }

    @Override
    public void onClose(WatcherException cause) {
      closed.complete(cause);
    }
  }

  private static ConfigMap map(String name, String value) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("team")
        .endMetadata()
        .addToData("k", value)
        .build();
  }

  private static ListOptions from(String version) {
    return new ListOptionsBuilder().withResourceVersion(version).build();
  }

  private String version() {
    return client.configMaps().inNamespace("team").list().getMetadata().getResourceVersion();
  }

  @Test
  void aWatchWithoutAVersionBeginsWithWhatIsThere() {
    client.resource(map("a", "1")).create();
    Notes notes = new Notes();
    watches.add(client.configMaps().inNamespace("team").watch(notes));
    client.resource(map("b", "1")).create();
    await().untilAsserted(() -> assertThat(notes.events).containsExactly("ADDED a 1", "ADDED b 1"));
  }

  @Test
  void aWatchFromAVersionTellsAllThatCameAfterIt() {
    client.resource(map("early", "1")).create();
    client.resource(map("gone", "1")).create();
    String version = version();
    client.resource(map("early", "2")).update();
    client.resource(map("gone", "1")).delete();
    Notes notes = new Notes();
    watches.add(client.configMaps().inNamespace("team").watch(from(version), notes));
    client.resource(map("late", "1")).create();
    await()
        .untilAsserted(
            () ->
                assertThat(notes.events)
                    .containsExactly("MODIFIED early 2", "DELETED gone 1", "ADDED late 1"));
  }

  @Test
  void aWatchFromAVersionThatIsForgottenIsGone() {
    client.resource(map("a", "0")).create();
    String version = version();
    for (int i = 1; i <= 300; i++) {
      client.resource(map("a", String.valueOf(i))).update();
    }
    Notes notes = new Notes();
    assertThatThrownBy(
            () -> client.configMaps().inNamespace("team").watch(from(version), notes).close())
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(410));
    client.close();
    server.close();
    start();
    assertThatThrownBy(
            () -> client.configMaps().inNamespace("team").watch(from(version), notes).close())
        .as("after a restart")
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(410));
  }

  @Test
  void anObjectThatLeavesTheSelectionIsDeletedForItsWatchers() {
    List<String> events = new CopyOnWriteArrayList<>();
    Watcher<Pod> watcher =
        new Watcher<>() {
          @Override
          public void eventReceived(Action action, Pod pod) {
            events.add(action + " " + pod.getMetadata().getName());
          }

          @Override
          public void onClose(WatcherException cause) {}
        };
    watches.add(
        client
            .pods()
            .inNamespace("team")
            .withField("status.phase", "Running")
            .withoutField("metadata.name", "other")
            .watch(watcher));
    client.resource(pod("other", "Running")).create();
    client.resource(pod("mine", "Pending")).create();
    client.resource(pod("mine", "Running")).updateStatus();
    client.resource(pod("mine", "Succeeded")).updateStatus();
    client.resource(pod("last", "Running")).create();
    await()
        .untilAsserted(
            () -> assertThat(events).containsExactly("ADDED mine", "DELETED mine", "ADDED last"));
  }

  private static Pod pod(String name, String phase) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("team")
        .endMetadata()
        .withNewStatus()
        .withPhase(phase)
        .endStatus()
        .build();
  }

  @Test
  void aWatchByAnUnknownFieldIsRefused() {
    assertThatThrownBy(
            () ->
                client
                    .configMaps()
                    .inNamespace("team")
                    .withField("data.k", "1")
                    .watch(new Notes())
                    .close())
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(400));
  }

  @Test
  @Timeout(180)
  void writesGoOnWhileWatchesComeAndGo() {
    List<CompletableFuture<Void>> writers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      String name = "written-" + i;
      writers.add(
          CompletableFuture.runAsync(
              () -> {
                client.resource(map(name, "0")).create();
                for (int n = 1; n <= 60; n++) {
                  client.resource(map(name, n + "x".repeat(20_000))).update();
                }
              }));
    }
    CompletableFuture<Void> all =
        CompletableFuture.allOf(writers.toArray(new CompletableFuture<?>[0]));
    while (!all.isDone()) {
      Notes notes = new Notes();
      Watch watch = client.configMaps().inNamespace("team").watch(notes);
      await()
          .pollInterval(1, TimeUnit.MILLISECONDS)
          .until(() -> !notes.events.isEmpty() || all.isDone());
      watch.close();
    }
    // Throws what a writer was answered.
    all.join();
  }

  @Test
  @Timeout(180)
  void aClientThatStopsReadingHoldsUpNobody() throws IOException {
    try (Socket deaf = deafWatch()) {
      for (int i = 0; i < 40; i++) {
        client.resource(map("large-" + i, "x".repeat(500_000))).create();
      }
      server.close();
      // The end of the stream comes only from a server that closed its connections.
      assertThat(deaf.getInputStream().transferTo(OutputStream.nullOutputStream())).isPositive();
    }
  }

  /** A watch whose client never reads an event. */
  private Socket deafWatch() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), client.getMasterUrl().getPort());
    String request =
        "GET /api/v1/configmaps?watch=true HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "Sec-WebSocket-Version: 13\r\nAuthorization: Bearer "
            + client.getConfiguration().getOauthToken()
            + "\r\n\r\n";
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    BufferedReader answer =
        new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    assertThat(answer.readLine()).startsWith("HTTP/1.1 101");
    return socket;
  }
}
