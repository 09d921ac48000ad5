package io.evaljob.operator.cli;

import io.evaljob.operator.config.LogLevel;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.testbed.ControlPlane;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The whole operator as {@code evaljob operator} runs it, election and report endpoint included.
 */
public final class ShippedOperator implements AutoCloseable {

  private final OperatorProcess process;

  private ShippedOperator(OperatorProcess process) {
    this.process = process;
  }

  /** Starts it with the operator's own account and free ports of this machine. */
  public static ShippedOperator start(ControlPlane plane) throws IOException {
    return new ShippedOperator(
        OperatorProcess.start(
            fence -> plane.operatorClient(Map.of("fence", fence)), settings(), Clock.systemUTC()));
  }

  private static OperatorConfig settings() {
    return new OperatorConfig(
        ControlPlane.OPERATOR_NAMESPACE,
        new TreeSet<>(),
        "test",
        Duration.ofSeconds(12),
        4,
        Duration.ofSeconds(60),
        Optional.of(InetAddress.getLoopbackAddress()),
        0,
        URI.create("https://127.0.0.1:1"),
        Optional.empty(),
        Duration.ofSeconds(5),
        0,
        LogLevel.INFO);
  }

  /** The port of the report endpoint. */
  public int reportPort() {
    return process.reportPort();
  }

  /** Whether it holds the lease. */
  public boolean leads() {
    return process.leads();
  }

  @Override
  public void close() {
    process.close();
  }
}
