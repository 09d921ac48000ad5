package io.evaljob.operator.report;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;

/** A certificate authority: its own certificate and the key it signs with. */
record Authority(X509Certificate certificate, PrivateKey key) {

  Instant validFrom() {
    return certificate.getNotBefore().toInstant();
  }

  Instant validUntil() {
    return certificate.getNotAfter().toInstant();
  }

  /** The key never reaches a log. */
  @Override
  public String toString() {
    return "Authority[" + certificate.getSubjectX500Principal() + "]";
  }
}
