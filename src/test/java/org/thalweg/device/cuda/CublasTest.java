package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.Guarded;
import org.thalweg.device.OnDevice;
import org.thalweg.device.Product;
import org.thalweg.device.Program;
import org.thalweg.device.Roundoff;
import org.thalweg.device.Steps;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;
import org.thalweg.oracle.ProductOracle;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/**
 * Products by cuBLAS, or by its stand-in on the software driver, against their definition: cuBLAS
 * sums in an order of its own.
 */
@Tag("driver")
class CublasTest {
  private final Random random = new Random(11);

  static List<Product> sizes() {
    List<Product> sizes = new ArrayList<>();
    for (int n : new int[] {0, 1, 3, 5, 31, 32, 33, 127, 128, 129}) {
      sizes.add(Product.of(n, 3, 5));
      sizes.add(Product.of(3, n, 5));
      sizes.add(Product.of(3, 5, n));
    }
    sizes.add(Product.of(0, 0, 0));
    sizes.add(Product.of(37, 41, 101));
    sizes.add(Product.of(128, 10, 784));
    sizes.add(Product.of(784, 10, 128));
    for (int models : new int[] {0, 1, 3}) {
      for (boolean shared : new boolean[] {false, true}) {
        sizes.add(new Product(models, shared, 7, 5, 131));
        sizes.add(new Product(models, shared, 5, 7, 0));
      }
    }
    return sizes;
  }

  /** A GPU's machine need not have cuBLAS; the software driver has its stand-in. */
  private static Device open(Matmul matmul) {
    try {
      return TestDevices.openDriver(matmul);
    } catch (DeviceException e) {
      Assumptions.assumeFalse(
          TestDevices.GPU && e.getMessage().startsWith("cuBLAS"), e.getMessage());
      throw e;
    }
  }

  @ParameterizedTest
  @EnumSource(names = "OWN", mode = EnumSource.Mode.EXCLUDE)
  void everySize(Matmul matmul) {
    try (Device device = open(matmul)) {
      for (ElementType type : Values.TYPES) {
        double worst = 0;
        for (Product size : sizes()) {
          for (boolean row : new boolean[] {false, true}) {
            worst = Math.max(worst, assertProducts(device, matmul, type, size, row));
          }
        }
        // That it was cuBLAS: TF32 loses more than binary32 could, and the orders are not the
        // oracle's.
        boolean tf32 = matmul == Matmul.CUBLAS_TF32 && type == ElementType.F32;
        assertTrue(worst > (tf32 ? 0x1p-16 : 0), matmul + " " + type + ": " + worst);
      }
    }
  }

  /**
   * All products, at once and recorded; returns the largest error beside the sum of the terms'
   * magnitudes.
   */
  private double assertProducts(
      Device device, Matmul matmul, ElementType type, Product size, boolean row) {
    int models = size.models();
    double[] left = numbers(type, (size.leftShared() ? 1 : models) * size.rows() * size.depth());
    double[] right = numbers(type, models * size.depth() * size.columns());
    double[] bias = numbers(type, models * size.columns());
    double worst = 0;
    for (int which = 0; which < 3; which++) {
      boolean transposed = which == 1;
      boolean byTransposed = which == 2;
      double[] stored = transposed ? transpose(left, size.rows(), size.depth()) : left;
      Guarded a = Guarded.of(device, type, 1, stored);
      double[] turned = byTransposed ? transpose(right, size.depth(), size.columns()) : right;
      Guarded b = Guarded.of(device, type, 2, turned);
      Guarded r = Guarded.of(device, type, 0, bias);
      Guarded c = Guarded.allocate(device, type, 3, models * size.rows() * size.columns());
      Array rowArray = row ? r.inside() : null;
      Runnable multiply =
          () -> {
            if (byTransposed) {
              device.multiplyByTransposed(size, a.inside(), b.inside(), c.inside());
            } else if (transposed) {
              device.multiplyTransposed(size, a.inside(), b.inside(), c.inside(), rowArray);
            } else {
              device.multiply(size, a.inside(), b.inside(), rowArray, c.inside());
            }
          };
      multiply.run();
      String what = "%s %s %s %d %b".formatted(matmul, type, size, which, row);
      double[] out = c.read(device);
      double[] ones = r.read(device);
      double[] added = row && which == 0 ? bias : new double[bias.length];
      worst = Math.max(worst, assertNear(what, matmul, type, size, left, right, added, out));
      if (row && transposed) {
        // By Thalweg's own kernel, whatever multiplies.
        Product sums = new Product(models, true, 1, size.columns(), size.depth());
        double[] one = new double[size.depth()];
        Arrays.fill(one, 1);
        assertNear(what, Matmul.OWN, type, sums, one, right, added, ones);
      }
      double[] before = new double[out.length];
      device.upload(c.inside(), before);
      try (Steps steps = new Steps(device, type, 1, 1, 1);
          Program program = device.record(steps, multiply)) {
        OnDevice.assertSameBits(what + " recorded", List.of(before), List.of(c.read(device)));
        steps.start();
        program.run(1);
        List<double[]> replayed = List.of(c.read(device), r.read(device));
        OnDevice.assertSameBits(what + " replayed", List.of(out, ones), replayed);
      }
      a.read(device);
      b.read(device);
      for (Guarded array : List.of(a, b, c, r)) {
        array.whole().close();
      }
    }
    return worst;
  }

  private double[] numbers(ElementType type, int n) {
    return Arrays.stream(Values.normal(random, n, 1)).map(type::round).toArray();
  }

  /** Each model's operand. */
  private static double[] transpose(double[] operand, int rows, int columns) {
    int one = rows * columns;
    double[] out = new double[operand.length];
    for (int at = 0; at < operand.length; at += one) {
      double[] model = Arrays.copyOfRange(operand, at, at + one);
      System.arraycopy(ProductOracle.transpose(model, rows, columns), 0, out, at, one);
    }
    return out;
  }

  /**
   * In whatever order depth products are summed and a bias is added, no term is rounded more than
   * depth + 1 times: the error is at most gamma = nu / (1 - nu), n = depth + 1, times the sum of
   * the terms' magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 3.1), with u =
   * 2^-24 or 2^-53. The oracle's, in double, comes on top. TF32 keeps 10 bits after the first, and
   * NVIDIA does not say whether it rounds or cuts: each operand is off by at most t = 2^-10 of
   * itself. Its sums are binary32, perhaps cut as well: u = 2^-23.
   */
  private static double assertNear(
      String what,
      Matmul matmul,
      ElementType type,
      Product size,
      double[] left,
      double[] right,
      double[] bias,
      double[] actual) {
    boolean tf32 = matmul == Matmul.CUBLAS_TF32 && type == ElementType.F32;
    double t = tf32 ? 0x1p-10 : 0;
    double u = tf32 ? 0x1p-23 : Roundoff.unit(type);
    int n = size.depth() + 1;
    double bound =
        (1 + t) * (1 + t) * (1 + gamma(n, u)) - 1 + gamma(n, Roundoff.unit(ElementType.F64));
    double worst = 0;
    int leftSize = size.rows() * size.depth();
    int rightSize = size.depth() * size.columns();
    assertEquals(size.models() * size.rows() * size.columns(), actual.length, what);
    for (int model = 0; model < size.models(); model++) {
      int from = size.leftShared() ? 0 : model * leftSize;
      double[] a = Arrays.copyOfRange(left, from, from + leftSize);
      double[] b = Arrays.copyOfRange(right, model * rightSize, (model + 1) * rightSize);
      double[] expected = multiply(a, b, size);
      double[] magnitude = multiply(abs(a), abs(b), size);
      for (int i = 0; i < expected.length; i++) {
        double added = bias[model * size.columns() + i % size.columns()];
        double all = magnitude[i] + Math.abs(added);
        double error = Math.abs(actual[model * expected.length + i] - (expected[i] + added));
        assertTrue(
            error <= bound * all,
            "%s: model %d at %d is off by %s".formatted(what, model, i, error));
        worst = all == 0 ? worst : Math.max(worst, error / all);
      }
    }
    return worst;
  }

  private static double gamma(int n, double u) {
    return n * u / (1 - n * u);
  }

  private static double[] multiply(double[] left, double[] right, Product size) {
    return ProductOracle.multiply(left, right, size.rows(), size.columns(), size.depth());
  }

  private static double[] abs(double[] x) {
    return Arrays.stream(x).map(Math::abs).toArray();
  }

  @ParameterizedTest
  @EnumSource(names = "OWN", mode = EnumSource.Mode.EXCLUDE)
  void trainsToTheAccuracyThatIsPromised(Matmul matmul) {
    Dataset.Split digits = Digits.load();
    Settings settings = Settings.DEFAULT;
    try (Device device = open(matmul);
        Trainer trainer = new Trainer(device, digits.train(), settings)) {
      trainer.train(epoch -> {});
      double accuracy = trainer.score(digits.test()).accuracy();
      assertTrue(accuracy >= 0.89, matmul + ": " + accuracy);
    }
  }
}
