package io.evaljob.operator.config;

/**
 * Every environment variable the operator reads. The reference page {@code
 * operator/docs/reference/configuration.md} is generated from this list.
 */
public enum Option {
  NAMESPACE(
      "EVALJOB_NAMESPACE",
      "a namespace name",
      "evaljob-system",
      "Namespace the operator runs in: it keeps its Lease and the report authority's Secret there"
          + " and looks up"
          + " shared ModelProfiles there."),
  WATCH_NAMESPACES(
      "EVALJOB_WATCH_NAMESPACES",
      "namespace names, separated by commas",
      "all namespaces",
      "Namespaces whose EvalJobs are reconciled."),
  REPLICA_NAME(
      "EVALJOB_REPLICA_NAME",
      "up to 200 printable characters, no spaces",
      "`HOSTNAME`, or `operator`",
      "Name of this replica in the Lease and in logs; give it the pod's name. A random part is"
          + " added to it, so two processes of one name are two replicas."),
  LEASE_SECONDS(
      "EVALJOB_LEASE_SECONDS",
      "3 to 300",
      "12",
      "A standby takes over when the leader has not renewed its Lease for so long. The leader"
          + " renews it every sixth of that time, and stops writing when it could not for two"
          + " thirds of it."),
  RECONCILE_THREADS(
      "EVALJOB_RECONCILE_THREADS",
      "1 to 256",
      "16",
      "EvalJobs reconciled at the same time; this bounds the pressure on the API server."),
  PROGRESS_SECONDS(
      "EVALJOB_PROGRESS_SECONDS",
      "1 to 3600",
      "60",
      "Least time between two writes of progress to the status of one EvalJob. Results and phase"
          + " changes are written at once."),
  LISTEN_ADDRESS(
      "EVALJOB_LISTEN_ADDRESS",
      "an IP address",
      "all addresses",
      "Address on which both ports below listen."),
  REPORT_PORT(
      "EVALJOB_REPORT_PORT",
      "1 to 65535",
      "8443",
      "Port on which pods report progress and results (TLS)."),
  REPORT_URL(
      "EVALJOB_REPORT_URL",
      "an https URL without path",
      "`https://evaljob-operator.<EVALJOB_NAMESPACE>.svc:8443`",
      "Address of the report endpoint as pods reach it. Its host is a name of the serving"
          + " certificate."),
  REPORT_CERT_FILE(
      "EVALJOB_REPORT_CERT_FILE",
      "a file",
      "made by the operator",
      "PEM certificate chain of the report endpoint. Set it together with the key and the CA file,"
          + " or set none of the three; a replaced file is picked up within a minute."),
  REPORT_KEY_FILE(
      "EVALJOB_REPORT_KEY_FILE",
      "a file",
      "made by the operator",
      "PEM private key (PKCS#8, unencrypted) of that certificate."),
  REPORT_CA_FILE(
      "EVALJOB_REPORT_CA_FILE",
      "a file",
      "made by the operator",
      "PEM certificates that pods trust when they report."),
  REPORT_STORE_SECONDS(
      "EVALJOB_REPORT_STORE_SECONDS",
      "1 to 120",
      "20",
      "How long a final report waits to be stored before the pod is told to try again."),
  HEALTH_PORT(
      "EVALJOB_HEALTH_PORT",
      "1 to 65535, another than the report port",
      "8080",
      "Port of `/livez`, `/readyz` and `/metrics` (plain HTTP)."),
  LOG_LEVEL(
      "EVALJOB_LOG_LEVEL", "TRACE, DEBUG, INFO, WARN or ERROR", "INFO", "How much is logged.");

  private final String variable;
  private final String accepted;
  private final String defaultValue;
  private final String description;

  Option(String variable, String accepted, String defaultValue, String description) {
    this.variable = variable;
    this.accepted = accepted;
    this.defaultValue = defaultValue;
    this.description = description;
  }

  /** Name of the environment variable. */
  public String variable() {
    return variable;
  }

  /** The values it takes, in words. */
  public String accepted() {
    return accepted;
  }

  /** What holds when it is absent or empty: the literal default, or words where it is derived. */
  public String defaultValue() {
    return defaultValue;
  }

  /** What it does, in one or two sentences. */
  public String description() {
    return description;
  }
}
