package io.evaljob.operator.report;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/** Probes and metrics over plain HTTP on their own port: nothing in them is secret. */
public final class HealthServer implements Closeable {
  private static final HttpListener.Limits LIMITS =
      new HttpListener.Limits(2, 32, 16, Duration.ofSeconds(5), 1024);
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final HttpListener listener;
  private final BooleanSupplier ready;
  private final PrometheusMeterRegistry meters;

  private HealthServer(
      InetSocketAddress address, BooleanSupplier ready, PrometheusMeterRegistry meters)
      throws IOException {
    this.ready = ready;
    this.meters = meters;
    this.listener =
        new HttpListener(
            "health",
            address,
            Optional.empty(),
            LIMITS,
            request -> CompletableFuture.completedFuture(answer(request)));
  }

  /**
   * Listens; {@code /livez} is good from now on.
   *
   * @param address port 0 picks a free one
   * @param ready whether the operator reconciles
   * @throws IOException when the address cannot be bound
   */
  public static HealthServer start(
      InetSocketAddress address, BooleanSupplier ready, PrometheusMeterRegistry meters)
      throws IOException {
    return new HealthServer(address, ready, meters);
  }

  /** The port it listens on. */
  public int port() {
    return listener.port();
  }

  private HttpAnswer answer(HttpRequest request) {
    if (!request.method().equals("GET")) {
      return HttpAnswer.text(405, TEXT, "only GET\n");
    }
    return switch (request.path()) {
      case "/livez" -> HttpAnswer.text(200, TEXT, "ok\n");
      case "/readyz" ->
          ready.getAsBoolean()
              ? HttpAnswer.text(200, TEXT, "ok\n")
              : HttpAnswer.text(
                  503,
                  TEXT,
                  "not ready: caches are not filled, a watch is down, or the lease cannot be"
                      + " read\n");
      case "/metrics" -> HttpAnswer.text(200, PROMETHEUS, meters.scrape());
      default -> HttpAnswer.text(404, TEXT, "only /livez, /readyz and /metrics\n");
    };
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
