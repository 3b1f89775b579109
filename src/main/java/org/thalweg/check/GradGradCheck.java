package org.thalweg.check;

import java.util.Arrays;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.minimize.Objective;
import org.thalweg.numeric.Philox;

/**
 * Checks products with the Hessian against differences of the gradient: {@code H v} against {@code
 * (g(w + eps v) - g(w - eps v)) / 2 eps}, element by element. The directions v are first random
 * (normal), so that every element of H takes part; then unit vectors, evenly spread over the
 * dimensions.
 */
public final class GradGradCheck {
  private static final int RANDOM = 4;
  private static final int UNITS = 16;

  /** The seed of the random directions; each is drawn from its own stream. */
  private static final long SEED = 1;

  private GradGradCheck() {}

  /** Checks f at w with torch's tolerances. */
  public static Report check(Objective f, double[] w) {
    return check(f, w, Tolerance.DEFAULT);
  }

  /**
   * Checks f at w. No kink of the gradient may be at w or within a few eps of it.
   *
   * @throws IllegalArgumentException if f has no second derivative, w has a wrong length, or f's
   *     vectors are F32 and the tolerance is not for them
   */
  public static Report check(Objective f, double[] w, Tolerance tolerance) {
    tolerance.checkDoor(f, w);
    if (!f.twiceDifferentiable()) {
      throw new IllegalArgumentException("the objective has no second derivative");
    }
    Device device = f.device();
    int units = Math.min(UNITS, w.length);
    Report report = Report.of("");
    try (Array at = device.of(f.type(), w);
        Array direction = device.allocate(f.type(), w.length);
        Array product = device.allocate(f.type(), w.length);
        Array moved = device.allocate(f.type(), w.length);
        Array above = device.allocate(f.type(), w.length);
        Array below = device.allocate(f.type(), w.length)) {
      for (int k = 0; k < RANDOM + units; k++) {
        double[] v = new double[w.length];
        if (k < RANDOM) {
          Philox random = new Philox(SEED, k);
          Arrays.setAll(v, i -> random.nextNormal());
        } else {
          v[(int) ((long) (k - RANDOM) * w.length / units)] = 1;
        }
        device.upload(direction, v);
        f.hessianTimes(at, direction, product);
        gradientAt(f, at, tolerance.eps(), direction, moved, above);
        gradientAt(f, at, -tolerance.eps(), direction, moved, below);
        device.axpy(-1, below, above);
        double[] analytic = device.download(product);
        double[] differences = device.download(above);
        for (int i = 0; i < w.length; i++) {
          report = report.and(k, i, analytic[i], differences[i] / (2 * tolerance.eps()), tolerance);
        }
      }
    }
    return report;
  }

  /** The gradient at {@code w + step * direction}. */
  private static void gradientAt(
      Objective f, Array w, double step, Array direction, Array moved, Array gradient) {
    f.device().copy(w, moved);
    f.device().axpy(step, direction, moved);
    f.gradient(moved, gradient);
  }
}
