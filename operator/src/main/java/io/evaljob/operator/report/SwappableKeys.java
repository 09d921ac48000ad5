package io.evaljob.operator.report;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Serves one identity that can be replaced: a handshake that began with the old one ends with it.
 */
final class SwappableKeys extends X509ExtendedKeyManager {
  private final AtomicReference<Held> held;

  private record Held(long number, ServingIdentity identity, ServingIdentity before) {}

  SwappableKeys(ServingIdentity first) {
    held = new AtomicReference<>(new Held(0, first, first));
  }

  void swap(ServingIdentity identity) {
    held.updateAndGet(now -> new Held(now.number() + 1, identity, now.identity()));
  }

  ServingIdentity identity() {
    return held.get().identity();
  }

  private ServingIdentity of(String alias) {
    Held now = held.get();
    return alias.equals(Long.toString(now.number())) ? now.identity() : now.before();
  }

  private String alias(String keyType) {
    Held now = held.get();
    return now.identity().key().getAlgorithm().equals(keyType) ? Long.toString(now.number()) : null;
  }

  @Override
  public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
    return alias(keyType);
  }

  @Override
  public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
    return alias(keyType);
  }

  @Override
  public String[] getServerAliases(String keyType, Principal[] issuers) {
    String alias = alias(keyType);
    return alias == null ? null : new String[] {alias};
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return of(alias).chain().toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return of(alias).key();
  }

  @Override
  public String[] getClientAliases(String keyType, Principal[] issuers) {
    return null;
  }

  @Override
  public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
    return null;
  }
}
