package io.evaljob.operator.cli;

import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.VisibleDevice;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.report.ReportAuthority;
import io.evaljob.operator.report.ReportServer;
import io.evaljob.operator.sandbox.Sandbox;
import io.evaljob.operator.sandbox.SandboxConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This machine as a cluster, and the operator that reconciles it, in this process. */
final class OneMachine implements AutoCloseable {

  private static final Logger LOGGER = LoggerFactory.getLogger(OneMachine.class);

  /** Nobody else writes to this API server, so progress may be fresh. */
  private static final Duration PROGRESS = Duration.ofSeconds(1);

  private static final URI LOOPBACK = URI.create("https://127.0.0.1");

  private final Sandbox sandbox;
  private final List<VisibleDevice> devices;
  private final AtomicBoolean reconciling = new AtomicBoolean();
  private EvalJobOperator operator;
  private ReportServer reports;

  private OneMachine(Sandbox sandbox, List<VisibleDevice> devices) {
    this.sandbox = sandbox;
    this.devices = devices;
  }

  /**
   * Starts API server, controllers and kubelet on their state; nothing is reconciled yet.
   *
   * @throws CannotRun when the state is in use, or this machine lacks something
   */
  static OneMachine start(SandboxConfig config) {
    try {
      return new OneMachine(Sandbox.start(config), config.devices());
    } catch (IllegalStateException | UncheckedIOException e) {
      throw new CannotRun(e.getMessage(), e);
    }
  }

  KubernetesClient client() {
    return sandbox.client();
  }

  Sandbox sandbox() {
    return sandbox;
  }

  /**
   * Starts the operator.
   *
   * @throws CannotRun when the report endpoint cannot be opened
   */
  void reconcile() {
    Clock clock = Clock.systemUTC();
    OperatorConfig config =
        OperatorConfig.defaults().withReportUrl(LOOPBACK).withProgressInterval(PROGRESS);
    ReportAuthority authority = ReportAuthority.open(client(), config, clock);
    try {
      reports =
          ReportServer.open(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
              authority,
              client(),
              clock,
              config.reportStoreTimeout(),
              new SimpleMeterRegistry());
    } catch (IOException e) {
      throw new CannotRun("the report endpoint cannot be opened on 127.0.0.1: " + e, e);
    }
    reconciling.set(true);
    operator =
        EvalJobOperator.start(
            client(),
            config.withReportUrl(URI.create(LOOPBACK + ":" + reports.port())),
            clock,
            new DeviceContext.BareProcess(devices),
            authority::bundle);
    reports.serve(operator.reportSink());
  }

  /** Ends all processes as their grace periods allow; a later start goes on from there. */
  void stop() {
    stopReconciling();
    sandbox.stop();
  }

  /** Ends all processes within seconds; also cuts {@link #stop} short. */
  void end() {
    sandbox.close();
  }

  @Override
  public void close() {
    stopReconciling();
    sandbox.close();
  }

  private void stopReconciling() {
    if (!reconciling.compareAndSet(true, false)) {
      return;
    }
    try {
      operator.close();
      reports.close();
    } catch (IOException e) {
      LOGGER.warn("The report endpoint did not close cleanly", e);
    }
  }
}
