package io.evaljob.operator.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evaljob.operator.config.OperatorConfig;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EnableKubernetesMockClient(crud = true)
class ReportAuthorityTest {
  KubernetesClient client;
  private final SettableClock clock = new SettableClock();
  private final OperatorConfig config = OperatorConfig.defaults();

  private Secret secret() {
    return client.secrets().inNamespace("evaljob-system").withName("evaljob-report-ca").get();
  }

  @Test
  void theAuthorityOutlivesTheOperator() {
    String first = ReportAuthority.open(client, config, clock).bundle();
    String second = ReportAuthority.open(client, config, clock).bundle();

    assertThat(second).isEqualTo(first);
    assertThat(secret().getData()).containsOnlyKeys("current.crt", "current.key");
  }

  @Test
  void theNextAuthorityIsTrustedBeforeItSigns() throws Exception {
    ReportAuthority authority = ReportAuthority.open(client, config, clock);
    List<X509Certificate> before = Pem.certificates(authority.bundle());

    clock.advance(Duration.ofDays(366));
    authority.refresh();
    List<X509Certificate> during = Pem.certificates(authority.bundle());
    assertThat(during).hasSize(2).startsWith(before.get(0));
    assertThat(secret().getData()).containsKeys("next.crt", "next.key");

    clock.advance(Duration.ofDays(200));
    authority.refresh();
    assertThat(Pem.certificates(authority.bundle())).containsExactly(during.get(1));
    assertThat(secret().getData()).containsOnlyKeys("current.crt", "current.key");
  }

  @Test
  void servesTheNamesOfTheServiceAndOfTheConfiguredAddress() throws Exception {
    AuthorityPair pair = new AuthoritySecret(client, "evaljob-system").upToDate(clock.instant());
    ServingIdentity served =
        Issuer.serving(
            pair.current(),
            Set.of("evaljob-operator.evaljob-system.svc", "127.0.0.1", "::1"),
            clock.instant());

    X509Certificate certificate = served.chain().get(0);
    certificate.verify(pair.current().certificate().getPublicKey());
    certificate.checkValidity(Date.from(clock.instant()));
    assertThat(certificate.getSubjectAlternativeNames())
        .extracting(name -> name.get(1).toString())
        .containsExactlyInAnyOrder(
            "evaljob-operator.evaljob-system.svc", "127.0.0.1", "0:0:0:0:0:0:0:1");
    assertThat(served.toString()).doesNotContain("PRIVATE");
  }

  @Test
  void aSecretThatHoldsSomethingElseIsNotOverwritten() {
    client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withNamespace("evaljob-system")
                .withName("evaljob-report-ca")
                .endMetadata()
                .withData(Map.of("current.crt", "bm90IGEgY2VydGlmaWNhdGU="))
                .build())
        .create();

    assertThatThrownBy(() -> ReportAuthority.open(client, config, clock))
        .hasMessage(
            "Secret evaljob-system/evaljob-report-ca does not hold an authority (no PEM"
                + " certificate in it); delete it, and the operator makes a new one");
  }

  @Test
  void whoLosesTheRaceToMakeItTakesTheOtherOnes() {
    AuthoritySecret store = new AuthoritySecret(client, "evaljob-system");
    List<String> bundles =
        IntStream.range(0, 4)
            .parallel()
            .mapToObj(i -> store.upToDate(clock.instant()).bundle())
            .distinct()
            .toList();

    assertThat(bundles).hasSize(1);
  }

  @Test
  void whatOneReplicaRotatesTheOtherServesAfterItsNextLook() throws Exception {
    ReportAuthority one = ReportAuthority.open(client, config, clock);
    ReportAuthority other = ReportAuthority.open(client, config, clock);
    assertThat(other.bundle()).isEqualTo(one.bundle());
    String planned = one.bundle();

    clock.advance(Duration.ofDays(366));
    one.refresh();
    other.refresh();
    assertThat(other.bundle()).isEqualTo(one.bundle()).isNotEqualTo(planned).startsWith(planned);
    String during = one.bundle();

    clock.advance(Duration.ofDays(200));
    one.refresh();
    // Until its next look the other shows what pods that were planned before still trust.
    assertThat(Pem.certificates(during)).contains(other.served().chain().get(1));
    other.refresh();
    assertThat(other.bundle()).isEqualTo(one.bundle());
    assertThat(other.served().chain().get(1))
        .isEqualTo(one.served().chain().get(1))
        .isEqualTo(Pem.certificates(during).get(1));
  }

  @Test
  void aGivenCertificateIsReadAgainWhenItsFilesChange(@TempDir Path folder) throws Exception {
    Authority authority = Issuer.authority(clock.instant());
    Path ca = Files.writeString(folder.resolve("ca.crt"), Pem.write(authority.certificate()));
    Path cert = folder.resolve("tls.crt");
    Path key = folder.resolve("tls.key");
    write(cert, key, Issuer.serving(authority, Set.of("reports.example.com"), clock.instant()));
    ReportAuthority given =
        ReportAuthority.open(
            client,
            OperatorConfig.fromEnvironment(
                Map.of(
                    "EVALJOB_REPORT_CERT_FILE", cert.toString(),
                    "EVALJOB_REPORT_KEY_FILE", key.toString(),
                    "EVALJOB_REPORT_CA_FILE", ca.toString())),
            clock);

    assertThat(given.bundle()).isEqualTo(Files.readString(ca));
    assertThat(secret()).isNull();

    Authority other = Issuer.authority(clock.instant());
    Files.writeString(ca, Pem.write(other.certificate()));
    given.refresh();
    assertThat(given.bundle()).isEqualTo(Files.readString(ca));

    Files.writeString(cert, "half written");
    String kept = given.bundle();
    given.refresh();
    assertThat(given.bundle()).isEqualTo(kept);
  }

  private static void write(Path cert, Path key, ServingIdentity identity) throws Exception {
    StringBuilder chain = new StringBuilder();
    identity.chain().forEach(certificate -> chain.append(Pem.write(certificate)));
    Files.writeString(cert, chain);
    Files.writeString(key, Pem.write(identity.key()));
  }
}
