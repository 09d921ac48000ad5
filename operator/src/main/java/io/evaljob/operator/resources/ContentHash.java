package io.evaljob.operator.resources;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 over parts, as full hex or as a short suffix that is legal in an object name. */
final class ContentHash {
  /** Digits and letters without i, l, o, u: no look-alikes, and hardly a word. */
  private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

  private final MessageDigest digest = sha256();

  private ContentHash() {}

  static ContentHash of(String... parts) {
    ContentHash hash = new ContentHash();
    for (String part : parts) {
      hash.add(part.getBytes(StandardCharsets.UTF_8));
    }
    return hash;
  }

  static ContentHash of(byte[] bytes) {
    ContentHash hash = new ContentHash();
    hash.digest.update(bytes);
    return hash;
  }

  /** The hash as 64 lower-case hexadecimal digits. */
  String hex() {
    return HexFormat.of().formatHex(finished());
  }

  /**
   * The first bits of the hash, five a character.
   *
   * @param characters 1 to 12
   */
  String suffix(int characters) {
    byte[] bytes = finished();
    long bits = 0;
    for (int i = 0; i < Long.BYTES; i++) {
      bits = (bits << 8) | (bytes[i] & 0xff);
    }
    StringBuilder text = new StringBuilder(characters);
    for (int i = 0; i < characters; i++) {
      text.append(ALPHABET.charAt((int) (bits >>> 59)));
      bits <<= 5;
    }
    return text.toString();
  }

  /** Length first, so that ("ab","c") and ("a","bc") differ. */
  private void add(byte[] part) {
    digest.update((part.length + ":").getBytes(StandardCharsets.US_ASCII));
    digest.update(part);
  }

  private byte[] finished() {
    try {
      return ((MessageDigest) digest.clone()).digest();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("SHA-256 of this JDK cannot be cloned", e);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
