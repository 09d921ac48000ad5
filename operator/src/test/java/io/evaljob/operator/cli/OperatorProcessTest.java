package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.config.LogLevel;
import io.evaljob.operator.config.OperatorConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

@EnableKubernetesMockClient(crud = true)
class OperatorProcessTest {
  KubernetesMockServer server;
  KubernetesClient client;

  private KubernetesClient connect(Interceptor fence) {
    return server.createClient(
        builder ->
            builder.withHttpClientBuilderConsumer(
                http -> http.addOrReplaceInterceptor("fence", fence)));
  }

  private static OperatorConfig config(int reportPort) {
    return new OperatorConfig(
        "evaljob-system",
        new TreeSet<>(),
        "one",
        Duration.ofSeconds(12),
        4,
        Duration.ofSeconds(60),
        Optional.empty(),
        reportPort,
        URI.create("https://evaljob-operator.evaljob-system.svc:8443"),
        Optional.empty(),
        Duration.ofSeconds(5),
        0,
        LogLevel.INFO);
  }

  private static int status(int port, String path) {
    try {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void itBecomesReadyKeepsItsAuthorityAndStopsInTime() throws Exception {
    OperatorProcess process = OperatorProcess.start(this::connect, config(0), Clock.systemUTC());
    int health = process.healthPort();
    try {
      assertThat(status(health, "/livez")).isEqualTo(200);
      await().untilAsserted(() -> assertThat(status(health, "/readyz")).isEqualTo(200));
      assertThat(client.secrets().inNamespace("evaljob-system").withName("evaljob-report-ca").get())
          .isNotNull();
      new Socket(InetAddress.getLoopbackAddress(), process.reportPort()).close();
    } finally {
      long start = System.nanoTime();
      process.close();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }
    assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), health))
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void aPortThatIsTakenIsNamed() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      assertThatThrownBy(
              () ->
                  OperatorProcess.start(
                      this::connect, config(taken.getLocalPort()), Clock.systemUTC()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot listen on")
          .hasMessageContaining(Integer.toString(taken.getLocalPort()));
    }
  }
}
