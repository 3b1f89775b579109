package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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

  /** They are divided by their mean, again in each part; rows for testing have none. */
  @Test
  void weights() {
    for (Dataset plain : both(10)) {
      Dataset data = plain.weighted(new double[] {0, 2, 2, 4, 0, 0, 0, 4, 4, 4});
      assertArrayEquals(new double[] {0, 1, 1, 2, 0, 0, 0, 2, 2, 2}, data.relativeWeights());
      assertArrayEquals(new double[] {0, 1, 1, 2}, data.splitAt(4).train().relativeWeights());
      assertEquals(null, data.splitAt(4).test().weights());
      assertEquals(null, data.weighted(null).weights());
      assertEquals(plain.crc32(), data.weighted(null).crc32());
      assertFalse(plain.crc32() == data.crc32());
      // Of classes 0 to 6, 0 to 2 have two rows.
      double[] balance = plain.balance();
      assertArrayEquals(
          IntStream.range(0, 7).mapToDouble(y -> 10 / (7.0 * (y < 3 ? 2 : 1))).toArray(), balance);
      assertArrayEquals(
          new double[] {0, 0, 2, 4, 0, 0, 0, 0, 0, 4},
          data.weightedByClass(new double[] {0, 0, 1, 1, 0, 0, 0}).relativeWeights());
    }
  }

  @Test
  void weightsThatAreNoneAreRefused() {
    for (Dataset data : both(3)) {
      for (double[] wrong :
          new double[][] {
            {},
            {1, 2},
            {1, 2, 3, 4},
            {1, -1, 1},
            {1, Double.NaN, 1},
            {1, 1, Double.POSITIVE_INFINITY},
            {Double.MAX_VALUE, Double.MAX_VALUE, 1},
            {0, 0, 0}
          }) {
        assertThrows(IllegalArgumentException.class, () -> data.weighted(wrong));
      }
      assertThrows(IllegalArgumentException.class, () -> data.weightedByClass(new double[6]));
    }
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
  void deviationsAreThoseOfAllRowsAndOneWhereAFeatureIsConstant() {
    for (int rows : ROWS) {
      for (Dataset data : both(rows)) {
        double[] means = data.means();
        double[] deviations = data.deviations(means);
        for (int j = 0; j < 2; j++) {
          int feature = j;
          double scale = data.scaleOr1();
          double[] squares =
              IntStream.range(0, rows)
                  .mapToDouble(i -> Math.pow(scale * value(data, i, feature) - means[feature], 2))
                  .toArray();
          double expected = Math.sqrt(Exact.sum(squares, 0, rows) / rows);
          assertEquals(expected == 0 ? 1 : expected, deviations[j]);
        }
      }
    }
    for (double constant : new double[] {0.1, -1e30, 1e-300, 0}) {
      double[] numbers = new double[3000];
      Arrays.fill(numbers, constant);
      Dataset data = new Dataset(new Dataset.Doubles(numbers), new int[3000], 1, 1);
      assertEquals(1, data.deviations(data.means())[0], "" + constant);
    }
  }

  /** Each class has its share of the rows for testing, to within one, and keeps one to train on. */
  @Test
  void aStratifiedSplitTakesOfEachClassItsShare() {
    int[][] sizes = {{10, 10}, {1, 2, 3, 94}, {1, 1, 8}, {500, 3, 7, 1}, {2, 2}};
    for (int[] size : sizes) {
      int[] sorted =
          IntStream.range(0, size.length)
              .flatMap(label -> IntStream.generate(() -> label).limit(size[label]))
              .toArray();
      int[] order = new Philox(3, 0).permutation(sorted.length);
      int[] labels = IntStream.of(order).map(i -> sorted[i]).toArray();
      byte[] numbers = new byte[labels.length];
      for (int i = 0; i < numbers.length; i++) numbers[i] = (byte) i;
      Dataset data = new Dataset(numbers, labels, 1, size.length, 1);
      for (double fraction : new double[] {0.1, 0.2, 0.5, 0.9}) {
        Dataset.Split split = data.stratified(fraction, 7);
        assertEquals(labels.length, split.train().rows() + split.test().rows());
        for (int label = 0; label < size.length; label++) {
          int own = label;
          long test = IntStream.of(split.test().labels()).filter(l -> l == own).count();
          double share = fraction * size[label];
          assertTrue(test <= Math.min(share + 1, size[label] - 1), label + ": " + test);
          assertTrue(test >= Math.min(Math.floor(share), size[label] - 1), label + ": " + test);
        }
        assertArrayEquals(split.test().pixels(), data.stratified(fraction, 7).test().pixels());
      }
    }
    Dataset one = new Dataset(new byte[2], new int[] {0, 1}, 1, 2, 1);
    assertThrows(IllegalArgumentException.class, () -> one.stratified(0.5, 0));
    assertThrows(IllegalArgumentException.class, () -> one.stratified(1, 0));
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
