package org.thalweg.minimize;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.numeric.Require;

/**
 * Newton's method: the step to the minimum of the quadratic model with f's gradient and Hessian,
 * {@code H * d = -g}, halved until f decreases. Near a minimum each step doubles the number of
 * correct digits. The Hessian of n parameters is assembled from n products with unit vectors and
 * factored on the host, by Cholesky in double: n^2 / 2 numbers and n^3 / 3 multiplications an
 * iteration, so for low dimensions only.
 *
 * <p>A classifier's Hessian is singular, because its losses do not change when the same number is
 * added to all scores of a row. With damping the system is {@code (H + damping * diag(H)) * d =
 * -g}, which does not depend on the parameters' units (Marquardt, J. SIAM 11, 1963; an element of 0
 * counts as the largest); convergence is then no longer quadratic along directions whose curvature
 * is as small as the damping. Where the whole Hessian is 0 or rounding makes the damped system
 * useless, the step is one of steepest descent.
 *
 * <p>Singular means to within rounding. Let S be H scaled to a diagonal of ones, which changes no
 * direction and undoes the parameters' units. Its elements and those of its Cholesky factor carry
 * rounding errors of some units in the last place, 2u, each; in a matrix of n such errors a row,
 * with signs as good as random, they move an eigenvalue by about {@code n * 2u} (Higham, Accuracy
 * and Stability of Numerical Algorithms, 2nd ed., 10.1 has the bound of the worst case, n times
 * that). So H is taken as singular where the smallest eigenvalue of S is below {@code 2 * (n + 1) *
 * 2u}: 1.3e-15 for two parameters in F64.
 *
 * @param limit the largest number of parameters that is accepted, at most 46,340
 * @param damping finite and at least 0, which means none; a smaller one than rounding needs, twice
 *     that bound, is raised to it
 */
public record Newton(int limit, double damping) implements Minimizer {
  /** More would take 10 hours or longer for an iteration. */
  private static final int MOST = 46_340;

  private static final int INVERSE_ITERATIONS = 4;

  /** Speed of one core, for the estimate in the error message. */
  private static final double MULTIPLICATIONS_A_SECOND = 1e9;

  /** Undamped, with at most 5,000 parameters: 100 MB, and less than a minute to factor. */
  public Newton() {
    this(5000, 0);
  }

  public Newton {
    Require.that(limit >= 1 && limit <= MOST, "limit must be in 1 .. %d: %d", MOST, limit);
    Require.atLeast0("damping", damping);
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
  public boolean smooth() {
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
    double bytes = 4.0 * n * (n + 1); // one half of it and the diagonal
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
    private final Cholesky hessian;

    /** An eigenvalue of the scaled Hessian below this may be rounding error only. */
    private final double rounding;

    Steps(Run run, ElementType type, int n, double damping) {
      this.run = run;
      this.n = n;
      this.damping = damping;
      this.direction = run.vector();
      this.column = run.vector();
      this.hessian = new Cholesky(n);
      this.rounding = 2 * (n + 1) * (type == ElementType.F32 ? 0x1p-23 : 0x1p-52);
    }

    @Override
    public @Nullable Reason get() {
      double[] scales = assemble();
      if (damping != 0 && scales[0] == 0) { // no curvature at all, as on the plateau of a loss
        return alongTheGradient();
      }
      if (!hessian.factor(run::checkGoesOn) || !(smallestEigenvalue() > rounding)) {
        boolean descends = damping != 0 && alongTheGradient() == null;
        return descends ? null : Reason.HESSIAN;
      }
      double[] d = run.device.download(run.g);
      for (int i = 0; i < n; i++) {
        d[i] /= -scales[i];
      }
      hessian.solve(d);
      for (int i = 0; i < n; i++) {
        d[i] /= scales[i];
      }
      run.device.upload(direction, d);
      if (!Double.isFinite(run.dot(run.g, direction))) {
        // So nearly singular that its solution is out of range.
        return damping != 0 ? alongTheGradient() : Reason.HESSIAN;
      }
      Reason reason = LineSearch.backtrack(run, direction, 1);
      if (reason == null) {
        return run.accept(run.triedStep);
      }
      return reason == Reason.ROUNDING && damping != 0 ? alongTheGradient() : reason;
    }

    private @Nullable Reason alongTheGradient() {
      double unit = run.steepest(direction);
      double first = LineSearch.first(run, run.dot(run.g, direction));
      Reason reason = LineSearch.backtrack(run, direction, first);
      return reason == null ? run.accept(run.triedStep * unit) : reason;
    }

    /**
     * Assembles the Hessian, one row for each product with a unit vector, and scales it to a
     * diagonal of ones, to which the damping is added. Returns the roots of the diagonal, by which
     * it was divided.
     */
    private double[] assemble() {
      double[] scales = new double[n];
      run.times(0, run.g, direction); // 0 * g sets direction to zero, as g is finite here
      for (int i = 0; i < n; i++) {
        Array one = direction.slice(i, 1);
        run.device.upload(one, 1.0);
        run.hessianTimes(direction, column);
        run.device.upload(one, 0.0);
        double[] row = run.device.download(column);
        hessian.row(i, Arrays.copyOf(row, i + 1));
        scales[i] = Math.sqrt(Math.abs(row[i]));
      }
      double largest = Arrays.stream(scales).max().orElse(0);
      double damp = damping == 0 ? 0 : Math.max(damping, 2 * rounding);
      for (int i = 0; i < n; i++) {
        scales[i] = scales[i] == 0 ? largest : scales[i];
      }
      for (int i = 0; i < n; i++) {
        double[] row = hessian.row(i);
        for (int j = 0; j <= i; j++) {
          row[j] /= scales[i] * scales[j];
        }
        row[i] += damp;
      }
      return scales;
    }

    /**
     * An upper bound of the smallest eigenvalue of the factored matrix, and nearly that itself: by
     * inverse iteration, in which the eigenvector of an eigenvalue near 0 soon outgrows the others.
     */
    private double smallestEigenvalue() {
      double[] v = new double[n];
      Philox random = new Philox(1, 0);
      Arrays.setAll(v, i -> random.nextNormal());
      double smallest = Double.POSITIVE_INFINITY;
      for (int i = 0; i < INVERSE_ITERATIONS; i++) {
        double before = length(v);
        hessian.solve(v);
        smallest = before / length(v);
        for (int j = 0; j < n; j++) {
          v[j] *= smallest;
        }
      }
      return smallest;
    }

    private static double length(double[] v) {
      return Math.sqrt(Arrays.stream(v).map(x -> x * x).sum());
    }
  }
}
