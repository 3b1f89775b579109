package org.thalweg.compare;

import java.util.Comparator;
import java.util.OptionalInt;
import java.util.stream.DoubleStream;
import org.thalweg.device.Device;
import org.thalweg.optim.Optimizer;

/**
 * An optimizer's trajectory on a surface.
 *
 * @param rule the optimizer
 * @param x of the start, and after each step
 * @param y likewise
 * @param value likewise, without noise
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Trajectory(Optimizer rule, double[] x, double[] y, double[] value) {
  /**
   * Runs the optimizer. Ends early, after the first point where the function is not finite.
   *
   * @param steps the largest number of steps
   * @param seed of the surface's noise
   */
  public static Trajectory of(
      Device device, Surface surface, Optimizer rule, Surface.Point start, int steps, long seed) {
    DoubleStream.Builder xs = DoubleStream.builder();
    DoubleStream.Builder ys = DoubleStream.builder();
    DoubleStream.Builder values = DoubleStream.builder();
    try (Descent descent = new Descent(device, rule, start.numbers(), seed)) {
      for (int step = 0; ; step++) {
        double[] w = descent.w();
        double value = surface.value(w);
        xs.add(w[0]);
        ys.add(w[1]);
        values.add(value);
        if (step == steps || !Double.isFinite(value)) {
          return new Trajectory(
              rule, xs.build().toArray(), ys.build().toArray(), values.build().toArray());
        }
        descent.step(surface);
      }
    }
  }

  /** The steps that were taken. */
  public int steps() {
    return value.length - 1;
  }

  /** Whether all points are finite. */
  public boolean finite() {
    return Double.isFinite(value[steps()]);
  }

  /**
   * The number of steps after which the value stays at or below {@code most}; empty if it never
   * does.
   */
  public OptionalInt arrival(double most) {
    int last = steps();
    while (last >= 0 && value[last] <= most) {
      last--;
    }
    return last == steps() ? OptionalInt.empty() : OptionalInt.of(last + 1);
  }

  /**
   * The better of two trajectories first: that which arrives earlier, and of those that do not,
   * that which ends lower. One whose value is not finite is the worst.
   *
   * @param most as for {@link #arrival}
   */
  public static Comparator<Trajectory> best(double most) {
    return Comparator.<Trajectory>comparingInt(one -> one.arrival(most).orElse(Integer.MAX_VALUE))
        .thenComparingDouble(
            one -> one.finite() ? one.value()[one.steps()] : Double.POSITIVE_INFINITY);
  }

  /** Where it ends. */
  public Surface.Point end() {
    return new Surface.Point(x[steps()], y[steps()]);
  }
}
