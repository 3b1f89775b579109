package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.Exact;
import org.thalweg.numeric.Philox;

class DatasetTest {
  private static final List<Integer> ROWS = List.of(2, 3, 5, 10, 31, 1025);
  private static final List<Double> FRACTIONS = List.of(1e-9, 0.1, 0.25, 0.5);

  /** Bytes that differ from row to row; floats so far apart that their sums show the order. */
  private static List<Dataset> both(int rows) {
    int[] labels = IntStream.range(0, rows).map(i -> i % 7).toArray();
    byte[] bytes = new byte[2 * rows];
    float[] floats = new float[2 * rows];
    for (int i = 0; i < 2 * rows; i++) {
      bytes[i] = (byte) (3 * (i / 2) + i % 2);
      floats[i] = Math.scalb(0.1f * bytes[i], i % 90);
    }
    return List.of(
        new Dataset(bytes, labels, 2, 7, 0.5),
        new Dataset(new Dataset.Floats(floats), labels, 2, 7));
  }

  private static double value(Dataset data, int row, int feature) {
    int i = row * data.features() + feature;
    return data.values() instanceof Dataset.Floats floats
        ? floats.numbers()[i]
        : data.pixels()[i] & 0xff;
  }

  @Test
  void aSplitIsThePermutationOfItsSeed() {
    for (int rows : ROWS) {
      for (Dataset data : both(rows)) {
        for (double fraction : FRACTIONS) {
          for (long seed : new long[] {0, 1, -5}) {
            Dataset.Split split = data.split(fraction, seed);
            int test = (int) Math.max(1, Math.round(fraction * rows));
            assertEquals(test, split.test().rows());
            int[] order = new Philox(seed, -1).permutation(rows);
            assertRows(data, split.train(), Arrays.copyOf(order, rows - test));
            assertRows(data, split.test(), Arrays.copyOfRange(order, rows - test, rows));
          }
        }
        Dataset.Split half = data.splitAt(rows / 2);
        assertRows(data, half.train(), IntStream.range(0, rows / 2).toArray());
        assertRows(data, half.test(), IntStream.range(rows / 2, rows).toArray());
      }
    }
    Dataset data = both(1025).get(0);
    assertFalse(
        Arrays.equals(data.split(.5, 0).test().pixels(), data.split(.5, 1).test().pixels()));
  }

  /** The part has these rows, in ascending order. */
  private static void assertRows(Dataset data, Dataset part, int[] rows) {
    Arrays.sort(rows);
    assertEquals(rows.length, part.rows());
    assertEquals(data.classes(), part.classes());
    for (int i = 0; i < rows.length; i++) {
      assertEquals(data.labels()[rows[i]], part.labels()[i]);
      for (int j = 0; j < 2; j++) assertEquals(value(data, rows[i], j), value(part, i, j));
    }
    if (data.values() instanceof Dataset.Bytes) assertEquals(data.scale(), part.scale());
  }

  @Test
  void aSplitThatLeavesNothingIsRefused() {
    for (double fraction : new double[] {0, 1, -1, Double.NaN}) {
      var e = assertThrows(IllegalArgumentException.class, () -> both(9).get(0).split(fraction, 0));
      assertEquals("fraction must be between 0 and 1: " + Decimal.text(fraction), e.getMessage());
    }
    for (int rows : new int[] {0, 1}) {
      var e = assertThrows(IllegalArgumentException.class, () -> both(rows).get(0).split(0.1, 0));
      assertEquals(rows + " rows less a fraction of 0.1 leave none", e.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> both(2).get(0).split(0.8, 0));
  }

  @Test
  void meansAreExactForBytesAndCanonicalForFloats() {
    for (int rows : ROWS) {
      Dataset bytes = both(rows).get(0);
      Dataset floats = both(rows).get(1);
      for (int j = 0; j < 2; j++) {
        int feature = j;
        long sum = IntStream.range(0, rows).mapToLong(i -> (long) value(bytes, i, feature)).sum();
        assertEquals(0.5 * ((double) sum / rows), bytes.means()[j]);
        double[] column =
            IntStream.range(0, rows).mapToDouble(i -> value(floats, i, feature)).toArray();
        assertEquals(Exact.sum(column, 0, rows) / rows, floats.means()[j]);
      }
    }
    for (Dataset none : both(0)) assertThrows(IllegalStateException.class, none::means);
  }

  @Test
  void floatsAreNoBytes() {
    Dataset floats = both(2).get(1);
    assertThrows(ClassCastException.class, floats::pixels);
    assertThrows(ClassCastException.class, floats::scale);
    assertTrue(floats.values() instanceof Dataset.Floats);
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new Dataset(new Dataset.Floats(new float[5]), new int[2], 2, 1));
    assertEquals("2 rows of 2 features are not 5 values", e.getMessage());
  }
}
