package io.evaljob.operator.validate;

import java.util.Locale;

/**
 * The host in a judge's address. The definition allows letters, digits, dots and dashes in it and
 * nothing that programs read in different ways: no user, no backslash, no escape.
 */
final class JudgeHost {
  private JudgeHost() {}

  /**
   * The host in lower case, without its port.
   *
   * @param url an address that the definition allows
   * @return the host; the whole text where it is no such address, which no list of hosts allows
   */
  static String of(String url) {
    if (url == null || !url.matches("https?://[-A-Za-z0-9.]+(:[0-9]+)?(/.*)?")) {
      return url;
    }
    String rest = url.substring(url.indexOf("//") + 2);
    return rest.split("[:/]", 2)[0].toLowerCase(Locale.ROOT);
  }
}
