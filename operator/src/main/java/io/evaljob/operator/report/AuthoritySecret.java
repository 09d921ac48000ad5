package io.evaljob.operator.report;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Keeps the authorities in a Secret. Several writers are safe: a creation or update that lost is
 * followed by reading what the other one wrote.
 */
final class AuthoritySecret {
  static final String NAME = "evaljob-report-ca";

  private static final int TRIES = 5;

  private final KubernetesClient client;
  private final String namespace;

  AuthoritySecret(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  /**
   * The authorities to use now; made, extended or promoted in the Secret when due.
   *
   * @throws IllegalStateException when the Secret holds something else, with the remedy
   * @throws KubernetesClientException when the API server cannot be asked
   */
  AuthorityPair upToDate(Instant now) {
    for (int tried = 0; tried < TRIES; tried++) {
      Optional<Secret> found =
          Optional.ofNullable(client.secrets().inNamespace(namespace).withName(NAME).get());
      Optional<AuthorityPair> pair = found.map(this::read);
      AuthorityPair wanted = next(pair, now);
      if (pair.isPresent() && pair.get().equals(wanted)) {
        return wanted;
      }
      try {
        write(found, wanted);
        return wanted;
      } catch (KubernetesClientException e) {
        if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
          throw e;
        }
      }
    }
    throw new IllegalStateException(
        "Secret " + namespace + "/" + NAME + " keeps changing; is another operator at work here?");
  }

  private static AuthorityPair next(Optional<AuthorityPair> found, Instant now) {
    return switch (Rotation.decide(found, now)) {
      case CREATE -> new AuthorityPair(Issuer.authority(now), Optional.empty());
      case INTRODUCE_NEXT ->
          new AuthorityPair(found.orElseThrow().current(), Optional.of(Issuer.authority(now)));
      case PROMOTE_NEXT ->
          new AuthorityPair(found.orElseThrow().next().orElseThrow(), Optional.empty());
      case KEEP -> found.orElseThrow();
    };
  }

  private void write(Optional<Secret> found, AuthorityPair pair) {
    Map<String, String> data = new TreeMap<>();
    put(data, "current", pair.current());
    pair.next().ifPresent(authority -> put(data, "next", authority));
    Secret secret =
        new SecretBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(NAME)
            .addToLabels("app.kubernetes.io/name", "evaljob")
            .addToLabels("app.kubernetes.io/managed-by", "evaljob-operator")
            .withResourceVersion(
                found
                    .map(secretFound -> secretFound.getMetadata().getResourceVersion())
                    .orElse(null))
            .endMetadata()
            .withType("Opaque")
            .withData(data)
            .build();
    if (found.isPresent()) {
      client.resource(secret).update();
    } else {
      client.resource(secret).create();
    }
  }

  private static void put(Map<String, String> data, String name, Authority authority) {
    data.put(name + ".crt", encode(Pem.write(authority.certificate())));
    data.put(name + ".key", encode(Pem.write(authority.key())));
  }

  private AuthorityPair read(Secret secret) {
    Map<String, String> data = secret.getData() == null ? Map.of() : secret.getData();
    try {
      return new AuthorityPair(
          authority(data, "current"),
          data.containsKey("next.crt") ? Optional.of(authority(data, "next")) : Optional.empty());
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IllegalStateException(
          "Secret "
              + namespace
              + "/"
              + NAME
              + " does not hold an authority ("
              + e.getMessage()
              + "); delete it, and the operator makes a new one",
          e);
    }
  }

  private static Authority authority(Map<String, String> data, String name)
      throws GeneralSecurityException {
    return new Authority(
        Pem.certificates(decode(data, name + ".crt")).get(0),
        Pem.privateKey(decode(data, name + ".key")));
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String decode(Map<String, String> data, String key) {
    String value = data.get(key);
    if (value == null) {
      throw new IllegalArgumentException(key + " is missing");
    }
    return new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
  }
}
