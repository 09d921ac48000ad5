package io.evaljob.operator.cli;

import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.report.HealthServer;
import io.evaljob.operator.report.ReportAuthority;
import io.evaljob.operator.report.ReportServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The operator as it runs in a cluster: probes, report endpoint and reconcilers, one lifetime. */
final class OperatorProcess implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(OperatorProcess.class);

  /** Reconciles in work get this long; what they leave undone the next start finds. */
  private static final Duration STOP = Duration.ofSeconds(3);

  /** What is running, the last started first. */
  private final Deque<AutoCloseable> running = new ArrayDeque<>();

  private final AtomicReference<EvalJobOperator> operator = new AtomicReference<>();
  private int reportPort;
  private int healthPort;

  private OperatorProcess() {}

  /**
   * Starts everything; it is alive at once, and ready when the caches are filled.
   *
   * @param client stays open when the process is closed
   * @throws IOException when a port cannot be bound
   * @throws IllegalStateException when the report authority cannot be used, with the remedy
   */
  static OperatorProcess start(KubernetesClient client, OperatorConfig config, Clock clock)
      throws IOException {
    OperatorProcess process = new OperatorProcess();
    try {
      process.startAll(client, config, clock);
      return process;
    } catch (IOException | RuntimeException e) {
      process.close();
      throw e;
    }
  }

  private void startAll(KubernetesClient client, OperatorConfig config, Clock clock)
      throws IOException {
    PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    running.push(meters::close);
    new JvmMemoryMetrics().bindTo(meters);
    new ProcessorMetrics().bindTo(meters);
    new UptimeMetrics().bindTo(meters);
    HealthServer health =
        HealthServer.start(new InetSocketAddress(config.healthPort()), this::ready, meters);
    running.push(health);
    healthPort = health.port();
    ReportAuthority authority = ReportAuthority.open(client, config, clock);
    ReportServer reports =
        ReportServer.open(
            new InetSocketAddress(config.reportPort()),
            authority,
            client,
            clock,
            config.reportStoreTimeout(),
            meters);
    running.push(reports);
    reportPort = reports.port();
    EvalJobOperator started =
        EvalJobOperator.start(
            client, config, clock, new DeviceContext.RequestedInPod(), authority::bundle);
    running.push(() -> closeInTime(started));
    reports.serve(started.reportSink());
    operator.set(started);
    LOGGER.info(
        "Reconciling {}; reports on port {}, probes and metrics on port {}",
        config.watchNamespaces().isEmpty()
            ? "all namespaces"
            : "namespaces " + String.join(", ", config.watchNamespaces()),
        reportPort,
        healthPort);
  }

  int reportPort() {
    return reportPort;
  }

  int healthPort() {
    return healthPort;
  }

  boolean ready() {
    EvalJobOperator started = operator.get();
    return started != null && started.ready();
  }

  /** Stops in about 5 s at most, whatever is in work. */
  @Override
  public void close() {
    operator.set(null);
    while (!running.isEmpty()) {
      try {
        running.pop().close();
      } catch (Exception e) {
        LOGGER.warn("A part of the operator did not stop cleanly", e);
      }
    }
  }

  private static void closeInTime(EvalJobOperator started) throws InterruptedException {
    Thread closing = new Thread(started::close, "operator-stop");
    closing.setDaemon(true);
    closing.start();
    closing.join(STOP.toMillis());
    if (closing.isAlive()) {
      LOGGER.warn(
          "A reconcile did not end within {} s; the next start goes on from there",
          STOP.toSeconds());
    }
  }
}
