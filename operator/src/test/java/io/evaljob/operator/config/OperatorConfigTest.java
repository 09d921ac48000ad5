package io.evaljob.operator.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evaljob.operator.docs.GeneratedDocument;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OperatorConfigTest {

  @Test
  void defaultsHoldWhenNothingIsSet() {
    OperatorConfig config = OperatorConfig.fromEnvironment(Map.of("PATH", "/bin"));

    assertThat(config.namespace()).isEqualTo("evaljob-system");
    assertThat(config.watchNamespaces()).isEmpty();
    assertThat(config.reconcileThreads()).isEqualTo(16);
    assertThat(config.progressInterval()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.reportPort()).isEqualTo(8443);
    assertThat(config.reportUrl())
        .isEqualTo(URI.create("https://evaljob-operator.evaljob-system.svc:8443"));
    assertThat(config.reportCertificate()).isEmpty();
    assertThat(config.healthPort()).isEqualTo(8080);
    assertThat(config.logLevel()).isEqualTo(LogLevel.INFO);
  }

  @Test
  void everyVariableIsRead(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("x.pem"), "x");
    OperatorConfig config =
        OperatorConfig.fromEnvironment(
            Map.ofEntries(
                Map.entry("EVALJOB_NAMESPACE", "evals"),
                Map.entry("EVALJOB_WATCH_NAMESPACES", "vlm, speech,"),
                Map.entry("EVALJOB_REPLICA_NAME", "evaljob-operator-abc"),
                Map.entry("EVALJOB_LEASE_SECONDS", "30"),
                Map.entry("EVALJOB_RECONCILE_THREADS", "4"),
                Map.entry("EVALJOB_PROGRESS_SECONDS", "5"),
                Map.entry("EVALJOB_LISTEN_ADDRESS", "127.0.0.3"),
                Map.entry("EVALJOB_REPORT_PORT", "9443"),
                Map.entry("EVALJOB_REPORT_URL", "https://reports.example.com/"),
                Map.entry("EVALJOB_REPORT_CERT_FILE", file.toString()),
                Map.entry("EVALJOB_REPORT_KEY_FILE", file.toString()),
                Map.entry("EVALJOB_REPORT_CA_FILE", file.toString()),
                Map.entry("EVALJOB_REPORT_STORE_SECONDS", "7"),
                Map.entry("EVALJOB_HEALTH_PORT", "9080"),
                Map.entry("EVALJOB_LOG_LEVEL", "debug")));

    assertThat(config.namespace()).isEqualTo("evals");
    assertThat(config.watchNamespaces()).containsExactly("speech", "vlm");
    assertThat(config.replicaName()).isEqualTo("evaljob-operator-abc");
    assertThat(config.leaseDuration()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.listenAddress().map(InetAddress::getHostAddress)).contains("127.0.0.3");
    assertThat(config.reconcileThreads()).isEqualTo(4);
    assertThat(config.progressInterval()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.reportPort()).isEqualTo(9443);
    assertThat(config.reportUrl()).isEqualTo(URI.create("https://reports.example.com"));
    assertThat(config.reportCertificate())
        .isEqualTo(Optional.of(new CertificateFiles(file, file, file)));
    assertThat(config.reportStoreTimeout()).isEqualTo(Duration.ofSeconds(7));
    assertThat(config.healthPort()).isEqualTo(9080);
    assertThat(config.logLevel()).isEqualTo(LogLevel.DEBUG);
  }

  @Test
  void aReplicaIsCalledAsItsPodUnlessToldOtherwise() {
    assertThat(OperatorConfig.fromEnvironment(Map.of("HOSTNAME", "pod-1")).replicaName())
        .isEqualTo("pod-1");
    assertThat(OperatorConfig.defaults().replicaName()).isEqualTo("operator");
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.1", "::1", "fd00::10.0.0.1"})
  void itListensWhereItIsTold(String address) throws Exception {
    assertThat(
            OperatorConfig.fromEnvironment(Map.of("EVALJOB_LISTEN_ADDRESS", address))
                .listenAddress())
        .contains(InetAddress.getByName(address));
  }

  @ParameterizedTest
  @ValueSource(strings = {"300.0.0.1", "1.2.3", ":::", "a:b", "0"})
  void whatOnlyLooksLikeAnAddressIsRefused(String address) {
    assertThatThrownBy(
            () -> OperatorConfig.fromEnvironment(Map.of("EVALJOB_LISTEN_ADDRESS", address)))
        .hasMessageContaining("is not an IP address");
  }

  @Test
  void theReportAddressFollowsTheNamespace() {
    assertThat(OperatorConfig.fromEnvironment(Map.of("EVALJOB_NAMESPACE", "evals")).reportUrl())
        .isEqualTo(URI.create("https://evaljob-operator.evals.svc:8443"));
  }

  @Test
  void allProblemsAreNamedAtOnce() {
    ConfigException refusal =
        catchThrowableOfType(
            ConfigException.class,
            () ->
                OperatorConfig.fromEnvironment(
                    Map.of(
                        "EVALJOB_NAMESPACE", "Evals!",
                        "EVALJOB_RECONCILE_THREADS", "0",
                        "EVALJOB_REPLICA_NAME", "two words",
                        "EVALJOB_LISTEN_ADDRESS", "localhost",
                        "EVALJOB_REPORT_PORT", "none",
                        "EVALJOB_REPORT_URL", "http://reports.example.com/x",
                        "EVALJOB_REPORT_CERT_FILE", "/no/such/file",
                        "EVALJOB_LOG_LEVEL", "LOUD",
                        "EVALJOB_REPROT_PORT", "1")));

    assertThat(refusal.problems())
        .anySatisfy(
            line ->
                assertThat(line)
                    .startsWith("EVALJOB_REPROT_PORT: is not a variable of the operator"))
        .contains(
            "EVALJOB_NAMESPACE: Evals! is not a namespace name; set the operator's namespace",
            "EVALJOB_RECONCILE_THREADS: 0 is not a whole number from 1 to 256; set one in that"
                + " range, or leave it out for 16",
            "EVALJOB_REPLICA_NAME: two words is not a name of up to 200 printable characters, no"
                + " spaces; set the pod's name",
            "EVALJOB_LISTEN_ADDRESS: localhost is not an IP address; set one of this machine, such"
                + " as 127.0.0.1 or ::1, or leave it out for all",
            "EVALJOB_REPORT_PORT: none is not a whole number from 1 to 65535; set one in that"
                + " range, or leave it out for 8443",
            "EVALJOB_REPORT_CERT_FILE: /no/such/file is not a readable file; mount the file, or"
                + " correct the path",
            "EVALJOB_REPORT_KEY_FILE: is not set although EVALJOB_REPORT_CERT_FILE is; set all"
                + " three certificate files, or none",
            "EVALJOB_LOG_LEVEL: LOUD is not a log level; set TRACE, DEBUG, INFO, WARN or ERROR")
        .anySatisfy(line -> assertThat(line).startsWith("EVALJOB_REPORT_URL: http://"));
    assertThat(refusal.problems()).hasSize(11);
  }

  @Test
  void thePortsMustDiffer() {
    assertThatThrownBy(() -> OperatorConfig.fromEnvironment(Map.of("EVALJOB_HEALTH_PORT", "8443")))
        .hasMessage("EVALJOB_HEALTH_PORT: 8443 is the report port too; set another port");
  }

  /** Kubernetes adds EVALJOB_OPERATOR_SERVICE_HOST and the like for the Service of that name. */
  @Test
  void variablesOfOurOwnServiceAreNotRefused() {
    assertThat(
            OperatorConfig.fromEnvironment(
                Map.of(
                    "EVALJOB_OPERATOR_SERVICE_HOST", "10.0.0.1",
                    "EVALJOB_OPERATOR_PORT", "x")))
        .isEqualTo(OperatorConfig.defaults());
  }

  @Test
  void theReferencePageIsUpToDate() throws Exception {
    GeneratedDocument.check("reference/configuration.md", OptionTable.markdown());
  }
}
