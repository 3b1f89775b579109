package org.thalweg.loss;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Device;
import org.thalweg.device.Guarded;
import org.thalweg.device.OnDevice;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;

/** Every loss has the same bits on every device. */
public class LossTwinsTest {
  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  /** Rows of scores, one behind the other; the gradient takes their place or not. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  public record Case(
      ElementType type, Loss loss, double[] scores, int rows, int[] labels, boolean inPlace)
      implements OnDevice.Experiment {
    @Override
    public String toString() {
      return "%s %s, %d rows of %d classes, %d labels%s"
          .formatted(
              loss,
              type,
              rows,
              rows == 0 ? 0 : scores.length / rows,
              labels.length,
              inPlace ? ", in place" : "");
    }

    /** Row losses, right rows, gradient; the Hessians times the scores in another order. */
    @Override
    public List<double[]> run(Device device) {
      Guarded x = Guarded.of(device, type, 1, scores);
      Guarded y = Guarded.of(device, 3, labels);
      double[] direction = new double[scores.length];
      Arrays.setAll(direction, i -> scores[(i + scores.length / 3) % scores.length]);
      Guarded u = Guarded.of(device, type, 2, direction);
      Guarded r = inPlace ? u : Guarded.allocate(device, type, 3, scores.length);
      Guarded d = inPlace ? x : Guarded.allocate(device, type, 2, scores.length);
      Guarded rowLoss = Guarded.allocate(device, type, 3, rows);
      Guarded right = Guarded.allocate(device, ElementType.I32, 1, rows);
      double scale = 1.0 / 3;
      if (loss.twiceDifferentiable()) {
        device.lossHessian(loss, x.inside(), y.inside(), rows, scale, u.inside(), r.inside());
      }
      device.loss(
          loss, x.inside(), y.inside(), scale, d.inside(), rowLoss.inside(), right.inside());
      List<double[]> results =
          List.of(
              rowLoss.read(device),
              right.read(device),
              d.read(device),
              x.read(device),
              u.read(device),
              r.read(device));
      y.read(device);
      for (Guarded array : List.of(x, y, d, rowLoss, right, u, r)) {
        array.whole().close();
      }
      return results;
    }
  }

  abstract static class Body extends OnDevice {
    private static final int[] CLASSES = {1, 2, 3, 31, 32, 33, 127, 128, 129, 1023, 1024, 1025};

    private final Random random = new Random(3);

    Body(TestDevices which) {
      super(which);
    }

    private void assertTwins(double[][] rows, int... labels) {
      double[] scores = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
      for (Loss loss : Losses.examples()) {
        for (ElementType type : Values.TYPES) {
          for (boolean inPlace : new boolean[] {false, true}) {
            Case one = new Case(type, loss, scores, rows.length, labels, inPlace);
            assertTwins(one.toString(), one);
          }
        }
      }
    }

    /** One label for each row, taken from all over the classes. */
    private static int[] labels(int rows, int classes) {
      int[] labels = new int[rows];
      for (int i = 0; i < rows; i++) {
        labels[i] = (int) ((long) i * (classes - 1) / Math.max(1, rows - 1));
      }
      return labels;
    }

    @Test
    void classes() {
      for (int classes : CLASSES) {
        double[][] rows = {
          Values.normal(random, classes, 1),
          Values.normal(random, classes, 10),
          Values.normal(random, classes, 1e4),
        };
        assertTwins(rows, labels(rows.length, classes));
      }
    }

    /** One, sixteen and seventeen rounds of chunks, and a vocabulary. */
    @Test
    void manyClasses() {
      for (int classes : new int[] {16384, 16385, 50257}) {
        double[][] rows = {Values.normal(random, classes, 5)};
        rows[0][classes - 1] = 30;
        assertTwins(rows, classes - 1);
      }
    }

    @Test
    void labelsThatAreNoClass() {
      for (int classes : new int[] {1, 33, 1025}) {
        double[][] rows = new double[5][];
        for (int i = 0; i < rows.length; i++) {
          rows[i] = Values.normal(random, classes, 1);
        }
        assertTwins(rows, -1, classes, classes - 1, Integer.MIN_VALUE, Integer.MAX_VALUE);
      }
    }

    @Test
    void labelsSharedByModels() {
      double[][] rows = new double[6][];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = Values.normal(random, 7, 1);
      }
      assertTwins(rows, 6, 0, 3);
      assertTwins(rows, 2);
    }

    @Test
    void noRows() {
      assertTwins(new double[0][]);
    }

    @Test
    void equalAndExtremeScores() {
      for (int classes : new int[] {1, 2, 33, 1024, 1025, 2049}) {
        List<double[]> rows = new ArrayList<>();
        for (double score : new double[] {0, -0.0, 1e4, -1e4}) {
          rows.add(filled(classes, score));
        }
        double[] far = filled(classes, -1e4);
        far[classes - 1] = 1e4;
        rows.add(far);
        double[] zeros = filled(classes, 0);
        zeros[classes / 2] = -0.0;
        rows.add(zeros);
        double[][] array = rows.toArray(double[][]::new);
        assertTwins(array, filledInts(array.length, 0));
        assertTwins(array, filledInts(array.length, classes - 1));
        assertTwins(array, filledInts(array.length, classes / 2));
      }
    }

    @Test
    void specialScores() {
      for (int classes : new int[] {1, 2, 33, 1025}) {
        List<double[]> rows = new ArrayList<>();
        for (ElementType type : Values.TYPES) {
          for (double special : Values.special(type)) {
            rows.add(filled(classes, special));
            for (int at : new int[] {0, classes / 2, classes - 1}) {
              double[] row = Values.normal(random, classes, 1);
              row[at] = special;
              rows.add(row);
            }
          }
        }
        double[] all = Values.normal(random, classes, 1);
        all[0] = Double.NEGATIVE_INFINITY;
        all[classes / 2] = Double.NaN;
        all[classes - 1] = Double.POSITIVE_INFINITY;
        rows.add(all);
        double[][] array = rows.toArray(double[][]::new);
        assertTwins(array, filledInts(array.length, 0));
        assertTwins(array, filledInts(array.length, classes - 1));
      }
    }

    private static double[] filled(int n, double value) {
      double[] x = new double[n];
      Arrays.fill(x, value);
      return x;
    }

    private static int[] filledInts(int n, int value) {
      int[] x = new int[n];
      Arrays.fill(x, value);
      return x;
    }
  }
}
