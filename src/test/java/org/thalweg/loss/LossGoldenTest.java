package org.thalweg.loss;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.thalweg.device.Array;
import org.thalweg.device.OnDevice;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Registry;
import org.thalweg.oracle.Bounded;
import org.thalweg.oracle.GoldenFile;
import org.thalweg.oracle.LossOracle;

/** Every loss against numbers that PyTorch has computed in binary64. */
class LossGoldenTest {
  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  /** With its defaults, and with each hyperparameter moved. */
  @Test
  void everyLossHasAFile() {
    Map<String, Set<String>> needed =
        Losses.all().stream()
            .collect(
                toMap(Loss::name, loss -> new HashSet<>(Registry.hyperparameters(loss).keySet())));
    for (GoldenFile file : GoldenFile.losses()) {
      Map<String, Double> own = Registry.hyperparameters(file.loss());
      Registry.hyperparameters(Losses.parse(file.loss().name()))
          .forEach(
              (name, number) -> {
                if (!number.equals(own.get(name))) {
                  needed.get(file.loss().name()).remove(name);
                }
              });
    }
    needed.values().removeIf(Set::isEmpty);
    assertEquals(Map.of(), needed, "hyperparameters that no golden file moves");
    Set<Loss> held = GoldenFile.losses().stream().map(GoldenFile::loss).collect(toSet());
    held.retainAll(Losses.all());
    assertEquals(Set.copyOf(Losses.all()), held);
  }

  @Test
  void anUnknownLossFails() {
    assertThrows(
        AssertionError.class,
        () -> LossOracle.of(new Unknown(), ElementType.F64, new double[] {1, 2}, 0));
  }

  /** A loss that is like softmax in all but its class. */
  private record Unknown() implements Loss {
    @Override
    public String name() {
      return "softmax";
    }

    @Override
    public String formula() {
      return "";
    }

    @Override
    public float row(float[] x, int label, float scale, float[] c) {
      return 0;
    }

    @Override
    public double row(double[] x, int label, double scale, double[] c) {
      return 0;
    }
  }

  abstract static class Body extends OnDevice {
    Body(TestDevices which) {
      super(which);
    }

    static List<GoldenFile> losses() {
      return GoldenFile.losses();
    }

    @ParameterizedTest
    @MethodSource("losses")
    void lossesMeetTorch(GoldenFile file) {
      for (ElementType type : Values.TYPES) {
        assertGolden(file, type, file.loss());
      }
    }

    /** The tolerance lets no other loss pass, nor the same with other hyperparameters. */
    @ParameterizedTest
    @MethodSource("losses")
    void otherLossesAreFound(GoldenFile file) {
      for (Loss other : Losses.examples()) {
        if (!other.equals(file.loss())) {
          assertThrows(
              AssertionFailedError.class,
              () -> assertGolden(file, ElementType.F32, other),
              file + " takes " + other);
        }
      }
    }

    /**
     * Holds a loss to a file, as nearly as the roundings of the file's own loss allow; those of
     * torch are no more: twice.
     */
    private void assertGolden(GoldenFile file, ElementType type, Loss loss) {
      int rows = file.keys();
      int[] labels = file.integers("labels");
      int classes = file.column(0, 2).length;
      double[] scores = file.column(2);
      boolean second = file.columns().endsWith("hessian_times_direction");
      assertEquals(file.loss().twiceDifferentiable(), second, file + " has a second derivative");
      try (Array x = device.of(type, scores);
          Array y = device.of(labels);
          Array u = device.of(type, second ? file.column(4) : new double[0]);
          Array rowLoss = device.allocate(type, rows);
          Array right = device.allocate(ElementType.I32, rows)) {
        if (second && loss.twiceDifferentiable()) {
          device.lossHessian(loss, x, y, rows, 1.0 / rows, u, u);
        }
        device.loss(loss, x, y, 1.0 / rows, x, rowLoss, right);
        double[] gradient = device.download(x);
        double[] product = device.download(u);
        Bounded scale = Bounded.of(type, 1.0 / rows);
        double tolerance = 0;
        for (int row = 0; row < rows; row++) {
          LossOracle oracle = LossOracle.of(file.loss(), type, file.column(row, 2), labels[row]);
          Bounded[] towards = second ? Bounded.of(type, file.column(row, 4)) : new Bounded[0];
          Bounded[] products = second ? oracle.hessianTimes(towards) : towards;
          tolerance += oracle.loss().error() / rows;
          for (int j = 0; j < classes; j++) {
            String what = "%s %s, row %d, class %d".formatted(file, type, row, j);
            int at = row * classes + j;
            assertNear(file.column(row, 3)[j], gradient[at], oracle.gradient(j).times(scale), what);
            if (second) {
              assertNear(file.column(row, 5)[j], product[at], products[j].times(scale), what);
            }
          }
        }
        double mean = Arrays.stream(device.download(rowLoss)).sum() / rows;
        assertEquals(file.number("loss"), mean, 2 * tolerance, file + " " + type);
      }
    }

    private static void assertNear(double expected, double actual, Bounded oracle, String what) {
      assertEquals(expected, oracle.value(), 2 * oracle.error(), what + ", of the oracle");
      assertEquals(expected, actual, 2 * oracle.error(), what);
    }
  }
}
