package io.evaljob.operator.cli;

import io.fabric8.kubernetes.client.Config;

/**
 * How the operator's process speaks TLS with the API server. The JDK takes both settings from
 * system properties alone; who sets them on the command line has the last word.
 */
final class ClusterTls {

  /**
   * What the client offers, the first is what it prefers. The compiler that the operator runs with
   * (C1, for its size) has no code of its own for AES-GCM: it decrypts 10 to 20 MB/s, and 70 MB/s
   * of ChaCha20-Poly1305, measured on one core. A quarter of a busy operator's processor time went
   * into it. A server that does not know ChaCha20 takes the next.
   */
  private static final String CIPHER_SUITES =
      String.join(
          ",",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");

  /**
   * What the JDK reads in its first check of a server's name: whether one of its public authorities
   * signed. No property spares it.
   */
  private static final String READ_AT_FIRST_HANDSHAKE = "sun.security.util.AnchorCertificates";

  private ClusterTls() {}

  /** Before the first connection. */
  static void prepare(Config cluster) {
    // On another processor, while the client is made: a twentieth of the start.
    var unused = HeadStart.begin("trust", ClusterTls::readAhead);
    setUnlessSet("jdk.tls.client.cipherSuites", CIPHER_SUITES);
    boolean ownAuthority = isSet(cluster.getCaCertFile()) || isSet(cluster.getCaCertData());
    if (ownAuthority && !isSet(cluster.getTrustStoreFile())) {
      // Else the JDK's 140 public authorities could vouch for the API server too, and reading
      // them is a tenth of the start.
      setUnlessSet("javax.net.ssl.trustStore", "NONE");
    }
  }

  /** Whether this JDK has it; another one's handshake does whatever it does. */
  private static boolean readAhead() {
    try {
      Class.forName(READ_AT_FIRST_HANDSHAKE, true, null);
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  /** Sets a system property, unless the command line has. */
  static void setUnlessSet(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  private static boolean isSet(String value) {
    return value != null && !value.isEmpty();
  }
}
