package io.evaljob.operator.observe;

/** The beginning of a text that others wrote, where only so much of it is told. */
final class Excerpt {

  private static final String CUT = "...";

  private Excerpt() {}

  /** The text itself where it fits; else its beginning, and that it was cut. */
  static String of(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest - CUT.length()) + CUT;
  }
}
