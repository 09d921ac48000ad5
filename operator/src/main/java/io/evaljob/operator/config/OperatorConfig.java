package io.evaljob.operator.config;

import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The operator's settings. {@link Option} documents each and its default.
 *
 * @param namespace namespace the operator runs in
 * @param watchNamespaces namespaces whose EvalJobs are reconciled; empty means all
 * @param replicaName tells this replica from the others in the Lease and in logs
 * @param leaseDuration how long after its last sign of life a leader is replaced
 * @param reconcileThreads EvalJobs reconciled at the same time, 1 to 256
 * @param progressInterval least time between two progress writes to one EvalJob
 * @param listenAddress where report endpoint, probes and metrics listen; empty means all addresses
 * @param reportPort port of the report endpoint; 0 picks a free one (never from the environment)
 * @param reportUrl address of the report endpoint as pods reach it, without a path
 * @param reportCertificate certificate of the report endpoint; empty: the operator makes one
 * @param reportStoreTimeout how long a final report waits to be stored
 * @param healthPort port of the probes and metrics; 0 picks a free one (never from the environment)
 * @param logLevel least level that is logged
 */
public record OperatorConfig(
    String namespace,
    SortedSet<String> watchNamespaces,
    String replicaName,
    Duration leaseDuration,
    int reconcileThreads,
    Duration progressInterval,
    Optional<InetAddress> listenAddress,
    int reportPort,
    URI reportUrl,
    Optional<CertificateFiles> reportCertificate,
    Duration reportStoreTimeout,
    int healthPort,
    LogLevel logLevel) {

  /** Name of the Service in front of the report endpoint. */
  public static final String SERVICE_NAME = "evaljob-operator";

  public OperatorConfig {
    watchNamespaces = Collections.unmodifiableSortedSet(new TreeSet<>(watchNamespaces));
  }

  /**
   * Reads the settings from environment variables.
   *
   * @throws ConfigException naming every variable that cannot be used
   */
  public static OperatorConfig fromEnvironment(Map<String, String> environment) {
    return new EnvironmentReader(environment).read();
  }

  /** The settings that hold when no variable is set. */
  public static OperatorConfig defaults() {
    return fromEnvironment(Map.of());
  }

  /** The same settings with another report address, as the one-machine mode needs. */
  public OperatorConfig withReportUrl(URI url) {
    return new OperatorConfig(
        namespace,
        watchNamespaces,
        replicaName,
        leaseDuration,
        reconcileThreads,
        progressInterval,
        listenAddress,
        reportPort,
        url,
        reportCertificate,
        reportStoreTimeout,
        healthPort,
        logLevel);
  }

  /** The same settings with another least time between two progress writes. */
  public OperatorConfig withProgressInterval(Duration interval) {
    return new OperatorConfig(
        namespace,
        watchNamespaces,
        replicaName,
        leaseDuration,
        reconcileThreads,
        interval,
        listenAddress,
        reportPort,
        reportUrl,
        reportCertificate,
        reportStoreTimeout,
        healthPort,
        logLevel);
  }
}
