package io.evaljob.operator.sandbox.apiserver;

import java.security.SecureRandom;

/** The random end of generated names, in the alphabet of Kubernetes (no vowels, no words). */
public final class Suffix {

  private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
  private static final SecureRandom RANDOM = new SecureRandom();

  private Suffix() {}

  /** Five random characters. */
  public static String random() {
    StringBuilder text = new StringBuilder(5);
    for (int i = 0; i < 5; i++) {
      text.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
    }
    return text.toString();
  }
}
