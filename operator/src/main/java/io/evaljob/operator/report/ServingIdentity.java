package io.evaljob.operator.report;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * What the endpoint shows of itself.
 *
 * @param chain its own certificate first
 * @param key of the first certificate
 */
record ServingIdentity(List<X509Certificate> chain, PrivateKey key) {
  ServingIdentity {
    chain = List.copyOf(chain);
  }

  Instant validUntil() {
    return chain.get(0).getNotAfter().toInstant();
  }

  /** The key never reaches a log. */
  @Override
  public String toString() {
    return "ServingIdentity[until " + validUntil() + "]";
  }
}
