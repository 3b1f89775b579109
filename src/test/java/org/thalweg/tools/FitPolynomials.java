package org.thalweg.tools;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * Fits the polynomials of {@code Exact.exp(float)} and {@code Exact.log(float)}:
 *
 * <pre>
 *   exp(r) = 1 + r + r*r*(c[0] + c[1]*r + .. + c[4]*r^4)     |r| <= log(2)/2
 *   log1p(f) = f + f*f*(c[0] + c[1]*f + .. + c[8]*f^8)       |f| <= 1/3
 * </pre>
 *
 * <p>The largest error, in units of the result's last place, is made small by Lawson's algorithm: a
 * weighted least-squares fit is repeated, each point's weight multiplied by its error, until all
 * peaks are equally high. Then the coefficients are rounded to binary32 one at a time, the lowest
 * degree first, and those that remain are fitted again, so that they make up for the rounding.
 *
 * <p>Only {@code + - * /} and {@code StrictMath}: every JVM prints the same coefficients.
 *
 * <p>Source: C. L. Lawson, Contributions to the Theory of Linear Least Maximum Approximation, 1961.
 */
public final class FitPolynomials {
  private static final int POINTS = 1_000;
  private static final int ITERATIONS = 400;

  private FitPolynomials() {}

  /** Prints both lists of coefficients, lowest degree first, as they stand in the sources. */
  public static void main(String[] args) {
    print("exp", exp());
    print("log", log());
  }

  /** The coefficients of r^2 .. r^6. */
  public static float[] exp() {
    // A little wider than log(2)/2, because x * log2(e) is rounded before it picks the multiple.
    return fit(
        0.3466,
        5,
        r -> StrictMath.expm1(r) - r,
        r -> 1 / (double) Math.ulp((float) StrictMath.exp(r)));
  }

  /**
   * The coefficients of f^2 .. f^10.
   *
   * <p>They fit log1p(f) + excess * (3f)^3, where excess is by how much the binary32 log(2) is too
   * large. For k = -1 and f near 1/3 the result, log1p(f) - log(2), is at its smallest against
   * log(2): there the two deviations cancel; elsewhere the added one is small. (Without it: 0.92
   * ulp.)
   */
  public static float[] log() {
    double log2 = StrictMath.log(2);
    double excess = (float) log2 - log2;
    return fit(
        1.0 / 3,
        9,
        f -> StrictMath.log1p(f) - f + excess * 27 * f * f * f,
        f -> 1 / (double) Math.ulp((float) StrictMath.log1p(f)));
  }

  /** Coefficients of x^2 .. x^(terms+1), fitting {@code f} on [-end, end] with that weight. */
  private static float[] fit(
      double end, int terms, DoubleUnaryOperator f, DoubleUnaryOperator weight) {
    // Chebyshev's points; their number is even, so that none is 0, where log1p's weight is
    // infinite.
    double[][] basis = new double[POINTS][terms];
    double[] target = new double[POINTS];
    for (int i = 0; i < POINTS; i++) {
      double x = end * StrictMath.cos(StrictMath.PI * (i + 0.5) / POINTS);
      double scaled = weight.applyAsDouble(x);
      target[i] = f.applyAsDouble(x) * scaled;
      for (int j = 0; j < terms; j++) {
        scaled *= x;
        basis[i][j] = scaled * x;
      }
    }
    float[] rounded = new float[terms];
    for (int fixed = 0; fixed < terms; fixed++) {
      rounded[fixed] = (float) lawson(basis, target, fixed)[fixed];
      for (int i = 0; i < POINTS; i++) {
        target[i] -= rounded[fixed] * basis[i][fixed];
      }
    }
    return rounded;
  }

  /** The minimax fit of {@code target} by the columns {@code from ..} of {@code basis}. */
  private static double[] lawson(double[][] basis, double[] target, int from) {
    double[] weight = new double[POINTS];
    Arrays.fill(weight, 1.0 / POINTS);
    double[] c = leastSquares(basis, target, weight, from);
    for (int iteration = 0; iteration < ITERATIONS; iteration++) {
      double sum = 0;
      for (int i = 0; i < POINTS; i++) {
        double error = target[i];
        for (int j = from; j < c.length; j++) {
          error -= c[j] * basis[i][j];
        }
        weight[i] *= Math.abs(error);
        sum += weight[i];
      }
      for (int i = 0; i < POINTS; i++) {
        weight[i] /= sum;
      }
      c = leastSquares(basis, target, weight, from);
    }
    return c;
  }

  /** Solves the normal equations for the columns {@code from ..} by Gaussian elimination. */
  private static double[] leastSquares(
      double[][] basis, double[] target, double[] weight, int from) {
    int terms = basis[0].length;
    double[][] a = new double[terms][terms + 1];
    for (int i = 0; i < POINTS; i++) {
      for (int row = from; row < terms; row++) {
        double w = weight[i] * basis[i][row];
        for (int column = from; column < terms; column++) {
          a[row][column] += w * basis[i][column];
        }
        a[row][terms] += w * target[i];
      }
    }
    for (int pivot = from; pivot < terms; pivot++) { // positive definite: no exchange of rows
      for (int row = pivot + 1; row < terms; row++) {
        double factor = a[row][pivot] / a[pivot][pivot];
        for (int column = pivot; column <= terms; column++) {
          a[row][column] -= factor * a[pivot][column];
        }
      }
    }
    double[] c = new double[terms];
    for (int row = terms - 1; row >= from; row--) {
      double value = a[row][terms];
      for (int column = row + 1; column < terms; column++) {
        value -= a[row][column] * c[column];
      }
      c[row] = value / a[row][row];
    }
    return c;
  }

  private static void print(String name, float[] c) {
    System.out.println(name);
    for (int i = 0; i < c.length; i++) {
      System.out.printf("  x^%-2d  %sf  %s%n", i + 2, Float.toHexString(c[i]), c[i]);
    }
  }
}
