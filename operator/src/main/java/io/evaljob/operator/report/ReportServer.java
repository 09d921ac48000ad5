package io.evaljob.operator.report;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * The report endpoint: {@code POST /v1/report} over TLS. It listens from the start and answers 503
 * until {@link #serve} names who takes the reports, so that its port is known before that.
 */
public final class ReportServer implements Closeable {
  static final int MAX_BODY = 64 * 1024;

  private static final HttpListener.Limits LIMITS =
      new HttpListener.Limits(32, 512, 16, Duration.ofSeconds(10), MAX_BODY);

  private final ReportHandler handler;
  private final HttpListener listener;
  private final ScheduledExecutorService refresher;
  private final ScheduledFuture<?> refresh;

  private ReportServer(
      InetSocketAddress address,
      ReportAuthority authority,
      ReportHandler handler,
      MeterRegistry meters,
      HttpListener.Limits limits)
      throws IOException {
    this.handler = handler;
    this.listener =
        new HttpListener(
            "report",
            address,
            Optional.of(authority.sockets()),
            limits,
            request -> counted(request, meters));
    this.refresher =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "report-certificate");
              thread.setDaemon(true);
              return thread;
            });
    this.refresh = refresher.scheduleWithFixedDelay(authority::refresh, 60, 60, TimeUnit.SECONDS);
  }

  /**
   * Listens.
   *
   * @param address port 0 picks a free one
   * @param client asks the API server about tokens
   * @param storeTimeout how long a final report waits to be stored
   * @param meters counts requests by the status of their answer
   * @throws IOException when the address cannot be bound
   */
  public static ReportServer open(
      InetSocketAddress address,
      ReportAuthority authority,
      KubernetesClient client,
      Clock clock,
      Duration storeTimeout,
      MeterRegistry meters)
      throws IOException {
    return open(address, authority, client, clock, storeTimeout, meters, LIMITS);
  }

  static ReportServer open(
      InetSocketAddress address,
      ReportAuthority authority,
      KubernetesClient client,
      Clock clock,
      Duration storeTimeout,
      MeterRegistry meters,
      HttpListener.Limits limits)
      throws IOException {
    return new ReportServer(
        address, authority, new ReportHandler(client, clock, storeTimeout), meters, limits);
  }

  /** The port it listens on. */
  public int port() {
    return listener.port();
  }

  /** Gives reports to the sink from now on. */
  public void serve(ReportSink sink) {
    handler.serve(sink);
  }

  private CompletionStage<HttpAnswer> counted(HttpRequest request, MeterRegistry meters)
      throws HttpRefusal {
    try {
      return handler
          .handle(request)
          .whenComplete(
              (answer, failure) -> count(meters, failure == null ? answer.status() : 500));
    } catch (HttpRefusal refusal) {
      count(meters, refusal.answer().status());
      throw refusal;
    }
  }

  private static void count(MeterRegistry meters, int status) {
    meters.counter("evaljob.report.requests", "status", Integer.toString(status)).increment();
  }

  @Override
  public void close() throws IOException {
    refresh.cancel(false);
    refresher.shutdownNow();
    listener.close();
  }
}
