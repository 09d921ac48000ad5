package io.evaljob.operator.cli;

import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.leader.Fence;
import io.evaljob.operator.leader.LeaseElection;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.report.HealthServer;
import io.evaljob.operator.report.ReportAuthority;
import io.evaljob.operator.report.ReportServer;
import io.evaljob.operator.resources.RunnerArchive;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.micrometer.core.instrument.Gauge;
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
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator as it runs in a cluster: probes, report endpoint, reconcilers and its part in the
 * election, one lifetime.
 */
final class OperatorProcess implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(OperatorProcess.class);

  /** Reconciles in work get this long; what they leave undone the next leader finds. */
  private static final Duration STOP = Duration.ofSeconds(2);

  /** What is running, the last started first. */
  private final Deque<AutoCloseable> running = new ArrayDeque<>();

  private final AtomicReference<BooleanSupplier> ready = new AtomicReference<>(() -> false);
  private final OperatorConfig config;
  private final Clock clock;
  private final Fence fence;
  private int reportPort;
  private int healthPort;

  private OperatorProcess(OperatorConfig config, Clock clock) {
    this.config = config;
    this.clock = clock;
    this.fence = new Fence(clock, System::nanoTime);
  }

  /**
   * Starts everything; it is alive at once, and ready when the caches are filled and the lease was
   * seen, whether it leads or stands by.
   *
   * @param connect gives the client, which is closed with the process, with this interceptor
   * @throws IOException when a port cannot be bound
   * @throws IllegalStateException when the report authority cannot be used, with the remedy
   */
  static OperatorProcess start(
      Function<Interceptor, KubernetesClient> connect, OperatorConfig config, Clock clock)
      throws IOException {
    OperatorProcess process = new OperatorProcess(config, clock);
    try {
      process.startAll(connect);
      return process;
    } catch (IOException | RuntimeException e) {
      process.close();
      throw e;
    }
  }

  /**
   * The report authority is asked for while everything else is made, and the caches are filled over
   * the connection that this made, while it goes on.
   */
  private void startAll(Function<Interceptor, KubernetesClient> connect) throws IOException {
    CompletableFuture<RunnerArchive> runner =
        HeadStart.begin("runner", RunnerArchive::fromClassPath);
    FirstAnswer answer = new FirstAnswer(fence);
    KubernetesClient client = connect.apply(answer);
    running.push(client);
    CompletableFuture<ReportAuthority> authority =
        HeadStart.begin("authority", () -> ReportAuthority.open(client, config, clock));
    PrometheusMeterRegistry meters = meters();
    running.push(meters::close);
    HealthServer health =
        HealthServer.start(address(config.healthPort()), () -> ready.get().getAsBoolean(), meters);
    running.push(health);
    healthPort = health.port();
    EvalJobOperator operator =
        EvalJobOperator.prepare(
            client,
            config,
            clock,
            new DeviceContext.RequestedInPod(),
            () -> HeadStart.result(authority).bundle(),
            HeadStart.result(runner),
            LifecycleSettings.DEFAULT,
            fence);
    HeadStart.result(CompletableFuture.anyOf(answer.seen(), authority));
    ReportServer reports = beginWith(operator, client, authority, meters);
    reports.serve(operator.reportSink());
    LOGGER.info(
        "Watching {}; reports on port {}, probes and metrics on port {}",
        config.watchNamespaces().isEmpty()
            ? "all namespaces"
            : "namespaces " + String.join(", ", config.watchNamespaces()),
        reportPort,
        healthPort);
    // Last: whoever leads has full caches to work with.
    LeaseElection election = join(client, operator);
    running.push(() -> leave(election, operator));
    ready.set(() -> operator.ready() && election.joined());
  }

  private ReportServer beginWith(
      EvalJobOperator operator,
      KubernetesClient client,
      CompletableFuture<ReportAuthority> authority,
      PrometheusMeterRegistry meters)
      throws IOException {
    operator.begin();
    try {
      ReportServer reports =
          ReportServer.open(
              address(config.reportPort()),
              HeadStart.result(authority),
              client,
              clock,
              config.reportStoreTimeout(),
              meters);
      running.push(reports);
      reportPort = reports.port();
      return reports;
    } catch (IOException | RuntimeException e) {
      operator.close();
      throw e;
    }
  }

  private PrometheusMeterRegistry meters() {
    PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(meters);
    new ProcessorMetrics().bindTo(meters);
    new UptimeMetrics().bindTo(meters);
    Gauge.builder("evaljob.leader", () -> fence.held() ? 1 : 0)
        .description("1 while this replica leads, 0 while it stands by")
        .register(meters);
    return meters;
  }

  private LeaseElection join(KubernetesClient client, EvalJobOperator operator) {
    return LeaseElection.join(
        client,
        config.namespace(),
        config.replicaName() + "_" + UUID.randomUUID(),
        config.leaseDuration(),
        fence,
        new LeaseElection.Candidate() {
          @Override
          public void lead() {
            operator.takeOver();
          }

          @Override
          public void standBy() {
            operator.standBy();
          }
        });
  }

  private InetSocketAddress address(int port) {
    return config
        .listenAddress()
        .map(address -> new InetSocketAddress(address, port))
        .orElseGet(() -> new InetSocketAddress(port));
  }

  int reportPort() {
    return reportPort;
  }

  int healthPort() {
    return healthPort;
  }

  boolean leads() {
    return fence.held();
  }

  /** Stops in about 5 s at most, whatever is in work. */
  @Override
  public void close() {
    ready.set(() -> false);
    while (!running.isEmpty()) {
      try {
        running.pop().close();
      } catch (Exception e) {
        LOGGER.warn("A part of the operator did not stop cleanly", e);
      }
    }
  }

  /** Passes in work end first: they may write until the lease is given back. */
  private static void leave(LeaseElection election, EvalJobOperator operator)
      throws InterruptedException {
    closeInTime(operator);
    election.close();
    operator.standBy();
  }

  private static void closeInTime(EvalJobOperator started) throws InterruptedException {
    Thread closing = new Thread(started::close, "operator-stop");
    closing.setDaemon(true);
    closing.start();
    closing.join(STOP.toMillis());
    if (closing.isAlive()) {
      LOGGER.warn(
          "A reconcile did not end within {} s; the next leader goes on from there",
          STOP.toSeconds());
    }
  }
}
