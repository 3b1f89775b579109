package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CholeskyTest extends MinimizerFixture {
  private static final int[] SIZES = {1, 2, 5, 15, 16, 17, 33, 100, 300};

  /** {@code B * Bᵀ + n * identity}. */
  private static double[][] positive(int n) {
    Random random = new Random(n);
    double[][] b = new double[n][];
    Arrays.setAll(b, i -> random.doubles(n, -1, 1).toArray());
    double[][] a = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        a[i][j] = Functions.dot(b[i], b[j]) + (i == j ? n : 0);
      }
    }
    return a;
  }

  private static Cholesky of(double[][] a) {
    Cholesky cholesky = new Cholesky(a.length);
    for (int i = 0; i < a.length; i++) {
      cholesky.row(i, Arrays.copyOf(a[i], i + 1));
    }
    return cholesky;
  }

  @Test
  void factorsAndSolves() {
    for (int n : SIZES) {
      double[][] a = positive(n);
      Cholesky cholesky = of(a);
      assertTrue(cholesky.factor(() -> {}));
      // n products of numbers up to the root of 2n, each with a rounding error.
      double most = 2 * n * n * 0x1p-53 * (n + 1);
      for (int i = 0; i < n; i++) {
        double[] row = Arrays.copyOf(cholesky.row(i), n);
        for (int j = 0; j <= i; j++) {
          double[] other = Arrays.copyOf(cholesky.row(j), n);
          assertEquals(a[i][j], Functions.dot(row, other), most, n + ": " + i + ", " + j);
        }
      }
      double[] x = new Random(1).doubles(n, -1, 1).toArray();
      double[] b = new double[n];
      Arrays.setAll(b, i -> Functions.dot(a[i], x));
      cholesky.solve(b);
      for (int i = 0; i < n; i++) {
        assertEquals(x[i], b[i], most);
      }
    }
  }

  /** An element of the diagonal that is too small, in any place. */
  @Test
  void refusesWhatIsNotPositiveDefinite() {
    for (int n : SIZES) {
      for (int at : new int[] {0, n / 2, n - 1}) {
        for (double wrong : new double[] {-1, 0, Double.NaN, Double.POSITIVE_INFINITY}) {
          double[][] a = positive(n);
          a[at][at] = wrong;
          assertFalse(of(a).factor(() -> {}), n + ": " + at + " is " + wrong);
        }
      }
    }
  }

  @Test
  void canBeBrokenOff() {
    Cholesky cholesky = of(positive(300));
    Runnable stop =
        () -> {
          throw new IllegalStateException();
        };
    assertThrows(IllegalStateException.class, () -> cholesky.factor(stop));
  }

  /** Newton's method, told to stop before it finds out that the last curvature is negative. */
  @Test
  void aListenerStopsIt() {
    int n = 300;
    int[] left = {n};
    double[] curvatures = new Random(1).doubles(n, 1, 2).toArray();
    curvatures[n - 1] = -1;
    Result told =
        run(
            new Newton(),
            Functions.quadratic(curvatures),
            new double[n],
            EXACT,
            new Minimizer.Listener() {
              @Override
              public void iteration(int iteration, double value, double norm, double step) {}

              @Override
              public boolean goesOn() {
                return left[0]-- > 0;
              }
            });
    assertEquals(Reason.STOPPED, told.reason());
    assertEquals(n, told.products());
    assertEquals(1, told.gradients());
  }
}
