package org.thalweg.minimize;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.Supplier;
import org.ejml.EjmlParameters;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.decomposition.TriangularSolver_DDRM;
import org.ejml.dense.row.decomposition.chol.CholeskyDecompositionBlock_DDRM;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * Newton's method: the step to the lowest point of the quadratic that has f's gradient and Hessian,
 * {@code H * d = -g}, halved where f does not fall. Near a minimum each step doubles the number of
 * right digits. The Hessian of n parameters is put together from n products, factored by Cholesky
 * on the host in double: for low dimensions only, as n^2 numbers and n^3 / 3 multiplications an
 * iteration are for nothing else.
 *
 * <p>A classifier's Hessian is singular, as its losses do not change when all scores of a row rise
 * by one number. With damping it is {@code (H + damping * h * I) * d = -g}, h the largest element
 * of H's diagonal (Levenberg, Quarterly of Applied Mathematics 2, 1944), which costs the doubling
 * where the curvature is as small as that.
 *
 * @param limit refuse objectives with more parameters, at most 46,340
 * @param damping finite and at least 0, which is none; else at least twice what rounding may hide,
 *     {@code n * 2^-23} in F32
 */
public record Newton(int limit, double damping) implements Minimizer {
  /** The root of the longest Java array. */
  private static final int MOST = 46_340;

  /** What one core does, for the estimate in a refusal. */
  private static final double MULTIPLICATIONS_A_SECOND = 1e9;

  /** Undamped, with at most 5,000 parameters: 200 MB, and less than a minute to factor. */
  public Newton() {
    this(5000, 0);
  }

  /** Checks the numbers. */
  public Newton {
    Require.that(limit >= 1 && limit <= MOST, "limit must be in 1 .. %d: %d", MOST, limit);
    if (!(damping >= 0 && damping < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("damping must be finite and at least 0: " + damping);
    }
  }

  @Override
  public String name() {
    return "newton";
  }

  @Override
  public boolean secondOrder() {
    return true;
  }

  @Override
  public int vectors() {
    return Run.VECTORS + 2;
  }

  @Override
  public Result minimize(Objective f, Array start, Stopping stopping, Listener listener) {
    twiceDifferentiable(f);
    Runtime java = Runtime.getRuntime();
    affordable(f.size(), java.maxMemory() - java.totalMemory() + java.freeMemory());
    try (Run run = new Run(f, start, stopping, listener)) {
      return run.iterate(new Steps(run, f.type(), (int) f.size(), damping));
    }
  }

  static void twiceDifferentiable(Objective f) {
    if (!f.twiceDifferentiable()) {
      throw new IllegalArgumentException(
          "Newton's methods need an objective with second derivatives; L-BFGS does without");
    }
  }

  /** Refuses what takes too long or does not fit. */
  void affordable(long n, long heap) {
    double bytes = 8.0 * n * n;
    if (n > limit || bytes > heap) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "Newton's method on %d parameters needs %.3g GB for the Hessian, and in each"
                  + " iteration %d products with it and about %.2g hours to factor it; the limit is"
                  + " %d parameters, and the heap has %.3g GB left. L-BFGS and Newton-CG need no"
                  + " Hessian",
              n,
              bytes / 1e9,
              n,
              (double) n * n * n / 3 / MULTIPLICATIONS_A_SECOND / 3600,
              limit,
              heap / 1e9));
    }
  }

  /** The damped {@code H * d = -g}, at one point after the other. */
  private static final class Steps implements Supplier<@Nullable Reason> {
    private final Run run;
    private final int n;
    private final double damping;
    private final Array direction;
    private final Array column;
    private final DMatrixRMaj hessian;
    private final CholeskyDecompositionBlock_DDRM cholesky =
        new CholeskyDecompositionBlock_DDRM(EjmlParameters.BLOCK_WIDTH_CHOL);

    /** A pivot that is a smaller part of its diagonal element may be nothing but rounding. */
    private final double leastPivot;

    Steps(Run run, ElementType type, int n, double damping) {
      this.run = run;
      this.n = n;
      this.damping = damping;
      this.direction = run.vector();
      this.column = run.vector();
      this.hessian = new DMatrixRMaj(n, n);
      this.leastPivot = n * (type == ElementType.F32 ? 0x1p-24 : 0x1p-53);
    }

    @Override
    public @Nullable Reason get() {
      double[] diagonal = assemble();
      if (!factor(diagonal)) {
        return Reason.HESSIAN;
      }
      double[] d = run.device.read(run.g);
      TriangularSolver_DDRM.solveL(hessian.data, d, n);
      TriangularSolver_DDRM.solveTranL(hessian.data, d, n);
      run.device.write(direction, d);
      run.device.scale(-1, direction);
      double a = LineSearch.backtrack(run, direction, run.dot(run.g, direction), 1);
      if (a == 0) {
        return Reason.NO_DESCENT;
      }
      run.accept(a);
      return null;
    }

    /**
     * Sets the Hessian, a row for each product with a unit vector, and damps it. Returns its
     * diagonal.
     */
    private double[] assemble() {
      double[] diagonal = new double[n];
      run.times(0, run.g, direction); // zeros: g is finite
      for (int i = 0; i < n; i++) {
        Array one = direction.slice(i, 1);
        run.device.write(one, 1.0);
        run.hessianTimes(direction, column);
        run.device.write(one, 0.0);
        double[] row = run.device.read(column);
        System.arraycopy(row, 0, hessian.data, i * n, n);
        diagonal[i] = row[i];
      }
      double share = damping == 0 ? 0 : Math.max(damping, 2 * leastPivot); // beyond rounding
      double damp = share * Arrays.stream(diagonal).max().orElse(0);
      for (int i = 0; i < n; i++) {
        diagonal[i] += damp;
        hessian.set(i, i, diagonal[i]);
      }
      return diagonal;
    }

    /**
     * Puts the Cholesky factor in the Hessian's place. Returns whether it has one, beyond rounding.
     */
    private boolean factor(double[] diagonal) {
      boolean positive = cholesky.decompose(hessian);
      for (int i = 0; positive && i < n; i++) {
        double pivot = hessian.get(i, i) * hessian.get(i, i);
        positive = pivot > leastPivot * diagonal[i];
      }
      return positive;
    }
  }
}
