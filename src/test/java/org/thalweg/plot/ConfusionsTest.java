package org.thalweg.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The confusions of a model of many classes, as text. */
class ConfusionsTest {
  private static final int CLASSES = 40;

  /** Names that differ in their ends only can be told from each other. */
  @Test
  void longNames() {
    int[] truth = IntStream.range(0, CLASSES).toArray();
    int[] predicted = IntStream.range(0, CLASSES).map(i -> (i + 1) % CLASSES).toArray();
    for (String stem : List.of("", "class with a very long name, number ")) {
      List<String> names = IntStream.range(0, CLASSES).mapToObj(i -> stem + i).toList();
      List<String> lines = ConfusionMatrix.of(truth, predicted, names).text().lines().toList();
      List<String> rows = lines.subList(2, lines.size());
      assertEquals(rows.size(), rows.stream().distinct().count(), lines.toString());
      for (String row : rows) {
        assertTrue(row.matches("\\d+\\b.*? {2,}\\d+\\b.* 1 +1\\.000"), row);
        assertTrue(row.length() < 80, row);
      }
    }
  }

  /** Lines end in the same column of a terminal, where some characters take two and some none. */
  @Test
  void wideCharacters() {
    List<String> names = List.of("猫", "ねこ", "고양이", "ｃ", "🐈", "e\u0301", "cat");
    List<Integer> columns = List.of(2, 4, 6, 2, 2, 1, 3);
    int[] truth = IntStream.range(0, names.size()).toArray();
    String text = ConfusionMatrix.of(truth, truth, names).text();
    List<String> lines = text.lines().toList();
    int width = lines.get(lines.size() - 1).length(); // of precisions: ASCII
    for (int i = 0; i < names.size(); i++) {
      int more = columns.get(i) - names.get(i).length();
      assertEquals(width, lines.get(i + 1).length() + more, names.get(i));
    }
    int all =
        IntStream.range(0, names.size()).map(i -> columns.get(i) - names.get(i).length()).sum();
    assertEquals(width, lines.get(0).length() + all);
  }
}
