package org.thalweg.minimize;

import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.numeric.ElementType;

/**
 * Accelerated proximal gradient: the method for an L1 penalty, whose minimum it reaches with
 * weights that are exactly 0. For {@code f(w) = s(w) + sum l1_i * |w_i|} each step goes from {@code
 * y = w + (t-1)/t' * (w - the point before)} to {@code soft(y - grad s(y) / L, l1 / L)}, where
 * {@code soft(x, a) = sign(x) * max(|x| - a, 0)} and {@code t' = (1 + sqrt(1 + 4*t^2)) / 2}. L, the
 * curvature, grows until it is that of s from y to the end of the step, and falls by a tenth after
 * each iteration. Where the momentum points uphill, or f would increase, it begins anew with {@code
 * t = 1}.
 *
 * <p>Sources: Beck and Teboulle, SIAM J. Imaging Sciences 2, 2009; O'Donoghue and Candès,
 * Foundations of Computational Mathematics 15, 2015, for the restarts. The gradients are the
 * device's; the rest is done on the host, in double, as it takes a few operations for each weight.
 */
public record Fista() implements Minimizer {
  @Override
  public String name() {
    return "fista";
  }

  @Override
  public int vectors() {
    return Run.VECTORS;
  }

  @Override
  public Result minimize(Objective f, Array start, Stopping stopping, Listener listener) {
    try (Run run = new Run(f, start, stopping, listener)) {
      return run.iterate(new Steps(run, f.type()));
    }
  }

  /** After as many halvings of L it falls ever faster, as s may fall without end. */
  private static final int PATIENCE = 20;

  private static final class Steps implements Supplier<@Nullable Reason> {
    private final Run run;
    private final ElementType type;
    private double[] w = {}; // the last accepted point, the gradient of s there, the point before
    private double[] g = {};
    private double[] before = {};
    private double t = 1;
    private double curvature;
    private int straight; // iterations in a row along which s had hardly any curvature

    Steps(Run run, ElementType type) {
      this.run = run;
      this.type = type;
    }

    @Override
    public @Nullable Reason get() {
      if (curvature == 0) {
        w = run.device.download(run.w);
        before = w;
        g = smooth(run.g, w);
        double slope = -dot(least(), least());
        curvature = 1 / LineSearch.first(run, slope);
      }
      double next = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
      double[] y = w;
      double[] gy = g;
      if (t > 1) {
        double momentum = (t - 1) / next;
        double[] ahead = sum(w, momentum, difference(w, before));
        if (evaluate(ahead)) {
          y = ahead;
          gy = smooth(run.triedG, ahead);
        }
      }
      LineSearch.Contradictions contradictions = new LineSearch.Contradictions();
      while (true) {
        double[] end = soft(sum(y, -1 / curvature, gy));
        double[] move = difference(end, y);
        double square = dot(move, move);
        boolean resolved = curvature * square > run.noise() * run.unit();
        if (!resolved && y == w) {
          return Reason.ROUNDING;
        }
        boolean finite = resolved && evaluate(end);
        if (finite) {
          double[] there = smooth(run.triedG, end);
          double bend = dot(difference(there, gy), move) / square;
          double rise = run.triedValue - run.value;
          if (y == w) {
            double slope = dot(run.device.download(run.triedG), move);
            contradictions.see(1 / curvature, rise, rise > run.noise() && slope < 0);
          }
          if (contradictions.enough() && rise > 0) {
            return Reason.WRONG_GRADIENT;
          }
          if (bend <= curvature && rise <= run.noise()) {
            double step = 1 / curvature;
            straight = bend < curvature / 4 ? straight + 1 : 0;
            curvature *= straight == 0 ? 0.9 : Math.scalb(1.0, -Math.max(1, straight - PATIENCE));
            before = w;
            w = end;
            g = there;
            t = dot(move, difference(w, before)) < 0 ? 1 : next;
            run.accept(step);
            // Or the steps have grown as long as there are numbers.
            return curvature < Double.MIN_NORMAL && straight > PATIENCE ? Reason.UNBOUNDED : null;
          }
          if (bend > curvature) {
            curvature = Math.max(bend, 1.1 * curvature);
            continue;
          }
        } else if (resolved && run.triedValue == Double.NEGATIVE_INFINITY) {
          return Reason.UNBOUNDED;
        }
        if (y == w) {
          curvature *= finite ? 2 : 10;
        }
        y = w;
        gy = g;
      }
    }

    private boolean evaluate(double[] point) {
      run.device.upload(run.triedW, point);
      return run.evaluate();
    }

    /** The gradient of s, from that of f, where the penalty's slope at 0 is 0. */
    private double[] smooth(Array gradient, double[] point) {
      double[] s = run.device.download(gradient);
      for (int i = 0; i < s.length; i++) {
        s[i] -= run.l1[i] * Math.signum(point[i]);
      }
      return s;
    }

    /** The least subgradient of f at w. */
    private double[] least() {
      return Run.leastSubgradient(run.l1, w, run.device.download(run.g));
    }

    private double[] soft(double[] x) {
      double[] shrunk = new double[x.length];
      Arrays.setAll(
          shrunk,
          i ->
              type.round(Math.signum(x[i]) * Math.max(Math.abs(x[i]) - run.l1[i] / curvature, 0))
                  + 0.0); // no -0
      return shrunk;
    }

    /** {@code x + a * y}, rounded to the type. */
    private double[] sum(double[] x, double a, double[] y) {
      double[] sum = new double[x.length];
      Arrays.setAll(sum, i -> type.round(x[i] + a * y[i]));
      return sum;
    }

    private static double[] difference(double[] x, double[] y) {
      double[] difference = new double[x.length];
      Arrays.setAll(difference, i -> x[i] - y[i]);
      return difference;
    }

    private static double dot(double[] x, double[] y) {
      double sum = 0;
      for (int i = 0; i < x.length; i++) {
        sum += x[i] * y[i];
      }
      return sum;
    }
  }
}
