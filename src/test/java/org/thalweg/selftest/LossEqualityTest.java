package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;
import org.thalweg.selftest.LossExperiments.Kernel;

/** Losses of more classes, scores and labels than the product's suite has. */
class LossEqualityTest {
  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  class ByVectorApi extends Body {
    ByVectorApi() {
      super(TestDevices.JAVA_VECTORS);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  abstract static class Body extends Equality {
    private static final int[] CLASSES = {1, 2, 3, 31, 32, 33, 127, 128, 129, 1023, 1024, 1025};

    private final Random random = new Random(3);

    Body(TestDevices which) {
      super(which);
    }

    private void assertSame(int classes, List<double[]> rows, int... labels) {
      double[] scores = rows.stream().flatMapToDouble(Arrays::stream).toArray();
      for (Kernel kernel : Kernel.all()) {
        assertSame(kernel.on(classes, labels, fixture -> scores));
      }
    }

    private double[] normal(int n, double deviation) {
      return Values.normal(random, n, deviation);
    }

    private List<double[]> normal(int rows, int n, double deviation) {
      return IntStream.range(0, rows).mapToObj(i -> normal(n, deviation)).toList();
    }

    @Test
    void classes() {
      for (int n : CLASSES) {
        List<double[]> rows = List.of(normal(n, 1), normal(n, 10), normal(n, 1e4));
        assertSame(n, rows, 0, (n - 1) / 2, n - 1);
      }
    }

    /** Rows that do not fill vectors or warps, and enough for several threads. */
    @Test
    void rows() {
      for (int rows : new int[] {1, 7, 8, 9, 15, 16, 17, 31, 33, 421}) {
        for (int classes : new int[] {1, 10, 33}) {
          int[] labels = random.ints(rows, -1, classes + 1).toArray();
          assertSame(classes, normal(rows, classes, 3), labels);
        }
      }
    }

    /** One, sixteen and seventeen rounds of chunks, and a vocabulary. */
    @Test
    void manyClasses() {
      for (int classes : new int[] {16384, 16385, 50257}) {
        double[] row = normal(classes, 5);
        row[classes - 1] = 30;
        assertSame(classes, List.of(row), classes - 1);
      }
    }

    @Test
    void labelsThatAreNoClass() {
      for (int n : new int[] {1, 33, 1025}) {
        List<double[]> rows = normal(5, n, 1);
        assertSame(n, rows, -1, n, n - 1, Integer.MIN_VALUE, Integer.MAX_VALUE);
      }
    }

    @Test
    void labelsSharedByModels() {
      List<double[]> rows = normal(6, 7, 1);
      assertSame(7, rows, 6, 0, 3);
      assertSame(7, rows, 2);
    }

    @Test
    void noRows() {
      assertSame(1, List.of());
    }

    @Test
    void equalAndExtremeScores() {
      for (int n : new int[] {1, 2, 33, 1024, 1025, 2049}) {
        List<double[]> rows = new ArrayList<>();
        for (double score : new double[] {0, -0.0, 1e4, -1e4}) {
          rows.add(filled(n, score));
        }
        double[] far = filled(n, -1e4);
        far[n - 1] = 1e4;
        rows.add(far);
        double[] zeros = filled(n, 0);
        zeros[n / 2] = -0.0;
        rows.add(zeros);
        assertSame(n, rows, 0);
        assertSame(n, rows, n - 1);
        assertSame(n, rows, n / 2);
      }
    }

    /** One score before or after the label's, of another lane or another round, is its equal. */
    @Test
    void aScoreEqualToTheLabels() {
      int n = 1000;
      int label = 500;
      List<double[]> rows = new ArrayList<>();
      for (int other : new int[] {0, label - 32, label - 1, label + 1, label + 32, n - 1}) {
        double[] row = normal(n, 1);
        row[label] = 10;
        row[other] = 10;
        rows.add(row);
      }
      assertSame(n, rows, label);
    }

    /** Terms from 1 to 0, subnormal ones among them, over sums of many sizes. */
    @Test
    void termsOfEverySize() {
      for (int n : new int[] {40, 1000, 1500}) {
        List<double[]> rows = new ArrayList<>();
        for (int apart : new int[] {1, 60, 80, 120}) {
          rows.add(random.doubles(n, -apart, 0).toArray());
        }
        assertSame(n, rows, 0, n - 1);
      }
    }

    @Test
    void specialScores() {
      for (int n : new int[] {1, 2, 33, 1025}) {
        List<double[]> rows = new ArrayList<>();
        for (ElementType type : Suite.TYPES) {
          for (double special : Suite.special(type)) {
            rows.add(filled(n, special));
            for (int at : new int[] {0, n / 2, n - 1}) {
              double[] row = normal(n, 1);
              row[at] = special;
              rows.add(row);
            }
          }
        }
        double[] all = normal(n, 1);
        all[0] = Double.NEGATIVE_INFINITY;
        all[n / 2] = Double.NaN;
        all[n - 1] = Double.POSITIVE_INFINITY;
        rows.add(all);
        assertSame(n, rows, 0);
        assertSame(n, rows, n - 1);
      }
    }

    private static double[] filled(int n, double value) {
      double[] x = new double[n];
      Arrays.fill(x, value);
      return x;
    }
  }
}
