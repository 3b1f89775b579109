package org.thalweg.numeric;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** What a misspelt word may have been meant to be. */
public final class Nearest {
  private Nearest() {}

  /**
   * The candidate nearest to a word, the first of several, if few changes make one of the other: at
   * most a third as many as the longer has characters. A change is a character added, removed or
   * replaced, or two neighbours exchanged; case does not count. (The distance of F. J. Damerau, A
   * technique for computer detection and correction of spelling errors, 1964.)
   */
  public static Optional<String> to(String word, Collection<String> candidates) {
    return candidates.stream()
        .filter(to -> distance(word, to) <= Math.max(word.length(), to.length()) / 3)
        .min(Comparator.comparing(to -> distance(word, to)));
  }

  /**
   * How a message ends that refuses a word: {@code "there are a, b, c"}, where one is near after
   * {@code "did you mean a?"}.
   */
  public static String advice(String word, Collection<String> candidates) {
    return to(word, candidates).map(near -> "did you mean " + near + "? There").orElse("there")
        + " are "
        + String.join(", ", candidates);
  }

  private static int distance(String word, String other) {
    String a = word.toLowerCase(Locale.ROOT);
    String b = other.toLowerCase(Locale.ROOT);
    int[][] d = new int[a.length() + 1][b.length() + 1]; // of the first i and j characters
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int replaced = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        d[i][j] = Math.min(replaced, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], 1 + d[i - 2][j - 2]);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
