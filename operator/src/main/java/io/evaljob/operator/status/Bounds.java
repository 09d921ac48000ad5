package io.evaljob.operator.status;

/** The greatest lengths of texts in a status, in characters, and how a longer text is cut. */
public final class Bounds {

  /** Messages of {@code waiting}, {@code lastFailure}, result rows and notes. */
  public static final int MESSAGE = 512;

  /** Messages of conditions. */
  public static final int CONDITION_MESSAGE = 4096;

  /** Messages of core/v1 Events: the API server refuses longer ones. */
  public static final int EVENT_MESSAGE = 1024;

  /** Result rows kept in the status; all rows are in the results ConfigMaps. */
  public static final int RESULT_ROWS = 64;

  /** Device ids kept of one model. */
  public static final int DEVICE_IDS = 16;

  private static final String CUT = "...";

  private Bounds() {}

  /**
   * Cuts a text that is too long; the cut shows. Control characters become spaces: the text may
   * come from a pod.
   *
   * @param text any text
   * @param longest greatest length of what is returned, at least 3
   * @return the text itself where it fits
   */
  public static String cut(String text, int longest) {
    StringBuilder clean = new StringBuilder(Math.min(text.length(), longest));
    boolean whole = text.length() <= longest;
    int end = whole ? text.length() : longest - CUT.length();
    if (!whole && end > 0 && Character.isHighSurrogate(text.charAt(end - 1))) {
      end--;
    }
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      clean.append(Character.isISOControl(c) && c != '\n' ? ' ' : c);
    }
    return whole ? clean.toString() : clean.append(CUT).toString();
  }
}
