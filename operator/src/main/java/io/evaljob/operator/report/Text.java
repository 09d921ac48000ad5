package io.evaljob.operator.report;

/** Strings from pods, made fit for a status: bounded and printable. */
final class Text {
  private Text() {}

  /**
   * Replaces what does not print by spaces and cuts at a length, at a whole character.
   *
   * @param max in UTF-16 units
   */
  static String clean(String raw, int max) {
    StringBuilder clean = new StringBuilder(Math.min(raw.length(), max));
    int index = 0;
    while (index < raw.length()) {
      int point = raw.codePointAt(index);
      if (clean.length() + Character.charCount(point) > max) {
        break;
      }
      clean.appendCodePoint(prints(point) ? point : ' ');
      index += Character.charCount(point);
    }
    return clean.toString().strip();
  }

  /** Format characters are out too: bidirectional overrides make a line read as something else. */
  private static boolean prints(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
