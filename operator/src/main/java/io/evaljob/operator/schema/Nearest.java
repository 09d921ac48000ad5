package io.evaljob.operator.schema;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds the word that was probably meant: a field, a value or the name of an object. */
public final class Nearest {
  private Nearest() {}

  /**
   * The known word nearest to a written one, regardless of case, dashes and underscores.
   *
   * @param written what stands in a manifest
   * @param known what would have been right
   * @return empty when none is near enough to be what was meant
   */
  public static Optional<String> to(String written, Collection<String> known) {
    String plain = plain(written);
    return known.stream()
        .filter(word -> distance(plain, plain(word)) <= allowed(plain, plain(word)))
        .min(
            Comparator.<String>comparingInt(word -> distance(plain, plain(word)))
                .thenComparing(Comparator.naturalOrder()));
  }

  private static int allowed(String written, String known) {
    int shorter = Math.min(written.length(), known.length());
    // A plural or a word cut short is near, however many letters that is.
    if (shorter >= 4 && (written.startsWith(known) || known.startsWith(written))) {
      return Math.abs(written.length() - known.length());
    }
    return shorter <= 3 ? 1 : shorter <= 6 ? 2 : 3;
  }

  private static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
  }

  /** Insertions, deletions, replacements and swaps of neighbours that turn one into the other. */
  static int distance(String a, String b) {
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        cost[i][j] =
            Math.min(cost[i - 1][j - 1] + change, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
      }
    }
    return cost[a.length()][b.length()];
  }
}
