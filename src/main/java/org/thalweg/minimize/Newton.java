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
 * Newton's method: the step to the minimum of the quadratic model with f's gradient and Hessian,
 * {@code H * d = -g}, halved until f decreases. Near a minimum each step doubles the number of
 * correct digits. The Hessian of n parameters is assembled from n products with unit vectors and
 * factored on the host, by Cholesky in double: n^2 numbers and n^3 / 3 multiplications an
 * iteration, so for low dimensions only.
 *
 * <p>A classifier's Hessian is singular, because its losses do not change when the same number is
 * added to all scores of a row. With damping the system is {@code (H + damping * h * I) * d = -g},
 * where h is the largest element of H's diagonal (Levenberg, Quarterly of Applied Mathematics 2,
 * 1944); convergence is then no longer quadratic along directions whose curvature is as small as
 * the damping.
 *
 * @param limit the largest number of parameters that is accepted, at most 46,340
 * @param damping finite and at least 0, which means none; a smaller one than rounding needs, {@code
 *     n * 2^-23} in F32, is raised to that
 */
public record Newton(int limit, double damping) implements Minimizer {
  /** The square root of the longest Java array. */
  private static final int MOST = 46_340;

  /** Speed of one core, for the estimate in the error message. */
  private static final double MULTIPLICATIONS_A_SECOND = 1e9;

  /** Undamped, with at most 5,000 parameters: 200 MB, and less than a minute to factor. */
  public Newton() {
    this(5000, 0);
  }

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

  /** Throws where the Hessian would take too long or would not fit. */
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

  /** One iteration after the other: assembles, factors and solves the damped {@code H * d = -g}. */
  private static final class Steps implements Supplier<@Nullable Reason> {
    private final Run run;
    private final int n;
    private final double damping;
    private final Array direction;
    private final Array column;
    private final DMatrixRMaj hessian;
    private final CholeskyDecompositionBlock_DDRM cholesky =
        new CholeskyDecompositionBlock_DDRM(EjmlParameters.BLOCK_WIDTH_CHOL);

    /** A pivot below this fraction of its diagonal element may be rounding error only. */
    private final double smallestPivot;

    Steps(Run run, ElementType type, int n, double damping) {
      this.run = run;
      this.n = n;
      this.damping = damping;
      this.direction = run.vector();
      this.column = run.vector();
      this.hessian = new DMatrixRMaj(n, n);
      this.smallestPivot = n * (type == ElementType.F32 ? 0x1p-24 : 0x1p-53);
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
     * Assembles the Hessian, one row for each product with a unit vector, and damps it. Returns its
     * diagonal.
     */
    private double[] assemble() {
      double[] diagonal = new double[n];
      run.times(0, run.g, direction); // 0 * g sets direction to zero, as g is finite here
      for (int i = 0; i < n; i++) {
        Array one = direction.slice(i, 1);
        run.device.write(one, 1.0);
        run.hessianTimes(direction, column);
        run.device.write(one, 0.0);
        double[] row = run.device.read(column);
        System.arraycopy(row, 0, hessian.data, i * n, n);
        diagonal[i] = row[i];
      }
      double share =
          damping == 0 ? 0 : Math.max(damping, 2 * smallestPivot); // above rounding error
      double damp = share * Arrays.stream(diagonal).max().orElse(0);
      for (int i = 0; i < n; i++) {
        diagonal[i] += damp;
        hessian.set(i, i, diagonal[i]);
      }
      return diagonal;
    }

    /**
     * Overwrites the Hessian by its Cholesky factor. Returns whether it is positive definite,
     * rounding allowed for.
     */
    private boolean factor(double[] diagonal) {
      boolean positive = cholesky.decompose(hessian);
      for (int i = 0; positive && i < n; i++) {
        double pivot = hessian.get(i, i) * hessian.get(i, i);
        positive = pivot > smallestPivot * diagonal[i];
      }
      return positive;
    }
  }
}
