package io.evaljob.operator.report;

import io.evaljob.operator.config.CertificateFiles;
import io.evaljob.operator.config.OperatorConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The identity of the report endpoint, and what pods trust to recognise it: either authorities that
 * the operator makes, keeps in a Secret and rotates, or a certificate given in files. Whatever
 * changes is served from the next connection on.
 */
public final class ReportAuthority {
  private static final Logger LOGGER = LoggerFactory.getLogger(ReportAuthority.class);

  /** Where identity and trust come from. */
  private interface Source {
    Material load(Instant now, Optional<Material> before);
  }

  private record Material(String bundle, ServingIdentity identity) {}

  private final Source source;
  private final Clock clock;
  private final SwappableKeys keys;
  private final SSLContext context;
  private volatile Material material;

  private ReportAuthority(Source source, Clock clock) {
    this.source = source;
    this.clock = clock;
    this.material = source.load(clock.instant(), Optional.empty());
    this.keys = new SwappableKeys(material.identity());
    try {
      this.context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {keys}, null, null);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has TLS", e);
    }
  }

  /**
   * Loads or makes the identity.
   *
   * @throws IllegalStateException when the Secret or the files cannot be used, with the remedy
   * @throws io.fabric8.kubernetes.client.KubernetesClientException when the API server cannot be
   *     asked
   */
  public static ReportAuthority open(KubernetesClient client, OperatorConfig config, Clock clock) {
    if (config.reportCertificate().isPresent()) {
      CertificateFiles files = config.reportCertificate().get();
      return new ReportAuthority((now, before) -> given(files), clock);
    }
    AuthoritySecret secret = new AuthoritySecret(client, config.namespace());
    SortedSet<String> hosts = hosts(config);
    return new ReportAuthority((now, before) -> kept(secret, hosts, now, before), clock);
  }

  /** PEM certificates that pods trust: the current and, when there is one, the next authority. */
  public String bundle() {
    return material.bundle();
  }

  /** What is shown to clients whose handshake begins now. */
  ServingIdentity served() {
    return keys.identity();
  }

  /** Sockets that show the identity which is current when their handshake begins. */
  SSLSocketFactory sockets() {
    return context.getSocketFactory();
  }

  /**
   * Looks whether anything is due or was changed, and serves it. A failure keeps what is served and
   * is logged: it is tried again with the next call.
   */
  public void refresh() {
    try {
      Material fresh = source.load(clock.instant(), Optional.of(material));
      if (!fresh.equals(material)) {
        material = fresh;
        keys.swap(fresh.identity());
        LOGGER.info("The report endpoint has a new certificate, {}", fresh.identity());
      }
    } catch (RuntimeException e) {
      LOGGER.warn("The report endpoint keeps its certificate: {}", e.getMessage());
    }
  }

  private static Material kept(
      AuthoritySecret secret, SortedSet<String> hosts, Instant now, Optional<Material> before) {
    AuthorityPair pair = secret.upToDate(now);
    Optional<ServingIdentity> served = before.map(Material::identity);
    boolean due =
        served
            .map(
                identity ->
                    Rotation.servingDue(
                        identity.validUntil(),
                        identity.chain().contains(pair.current().certificate()),
                        now))
            .orElse(true);
    return new Material(
        pair.bundle(), due ? Issuer.serving(pair.current(), hosts, now) : served.orElseThrow());
  }

  private static Material given(CertificateFiles files) {
    return new Material(
        parse(files.authorities(), text -> certificatesAsPem(text)),
        new ServingIdentity(
            parse(files.certificate(), Pem::certificates), parse(files.key(), Pem::privateKey)));
  }

  private static String certificatesAsPem(String text) throws GeneralSecurityException {
    StringBuilder bundle = new StringBuilder();
    Pem.certificates(text).forEach(certificate -> bundle.append(Pem.write(certificate)));
    return bundle.toString();
  }

  private interface Parser<T> {
    T parse(String text) throws GeneralSecurityException;
  }

  private static <T> T parse(Path file, Parser<T> parser) {
    try {
      return parser.parse(Files.readString(file));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(
          file + " cannot be used (" + e.getMessage() + "); give a PEM file", e);
    }
  }

  private static SortedSet<String> hosts(OperatorConfig config) {
    String service = OperatorConfig.SERVICE_NAME + "." + config.namespace();
    SortedSet<String> hosts =
        new TreeSet<>(List.of(service, service + ".svc", service + ".svc.cluster.local"));
    String host = config.reportUrl().getHost();
    hosts.add(host.startsWith("[") ? host.substring(1, host.length() - 1) : host);
    return hosts;
  }
}
