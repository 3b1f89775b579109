package org.thalweg.minimize;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.Device;
import org.thalweg.device.Norm;
import org.thalweg.device.Owned;
import org.thalweg.numeric.ElementType;

/**
 * A running minimisation: the last accepted point and the trial point. Closing it frees what it has
 * allocated.
 */
final class Run implements AutoCloseable {
  /** How many vectors each run allocates. */
  static final int VECTORS = 4;

  final Device device;

  /** The last accepted point, with gradient, value and gradient norm. */
  Array w;

  Array g;
  double value;
  double gradientNorm;

  /** The trial point. */
  Array triedW;

  Array triedG;
  double triedValue;
  double triedNorm;
  double triedStep; // along the last direction

  /** The factors of an L1 penalty. */
  final double[] l1;

  private final Objective f;
  private final boolean kinked;
  private final Array start;
  private final Stopping stopping;
  private final Minimizer.Listener listener;
  private Owned owned; // what is added later too
  private final Array sums;
  private final ByteBuffer number = ByteBuffer.allocateDirect(8).order(ByteOrder.LITTLE_ENDIAN);
  private double step;
  private long values;
  private long gradients;
  private long products;

  Run(Objective f, Array start, Stopping stopping, Minimizer.Listener listener) {
    Checks.type("start", start, f.type());
    Checks.count("start", start, f.size());
    this.f = f;
    this.start = start;
    this.device = f.device();
    this.l1 = LongStream.range(0, f.size()).mapToDouble(f::l1).toArray();
    this.kinked = Arrays.stream(l1).anyMatch(x -> x != 0);
    this.stopping = stopping;
    this.listener = listener;
    try (Owned opening = new Owned()) {
      this.owned = opening;
      this.w = vector();
      this.g = vector();
      this.triedW = vector();
      this.triedG = vector();
      this.sums = opening.add(device.allocate(ElementType.F64, Device.dotRoom(f.size())));
      this.owned = opening.keep();
    }
    f.watch(
        (done, of) -> {
          listener.piece(done, of);
          checkGoesOn();
        });
  }

  /**
   * Iterates from the start until the iteration returns a reason to stop, or a tolerance is met.
   */
  Result iterate(Supplier<@Nullable Reason> iteration) {
    device.copy(start, triedW);
    boolean finite;
    try {
      finite = evaluated();
    } catch (Stopped e) {
      owned.release(triedW);
      return result(triedW, Double.NaN, Double.NaN, 0, Reason.STOPPED);
    }
    if (!finite) {
      throw new IllegalArgumentException(
          "the start must be where the function is finite: it is %s there, the gradient's norm %s"
              .formatted(triedValue, triedNorm));
    }
    accept(0);
    double change = Double.POSITIVE_INFINITY;
    for (int i = 0; ; i++) {
      listener.point(w);
      listener.iteration(i, value, gradientNorm, step);
      Reason reason = stop(i, change);
      double before = value;
      step = 0;
      if (reason == null) {
        try {
          reason = iteration.get();
        } catch (Stopped e) {
          reason = Reason.STOPPED;
        }
      }
      if (reason != null) {
        owned.release(w);
        return result(w, value, gradientNorm, i, reason);
      }
      change = Math.abs(before - value);
    }
  }

  private Result result(Array point, double value, double norm, int iterations, Reason reason) {
    return new Result(point, value, norm, iterations, values, gradients, products, reason);
  }

  private @Nullable Reason stop(int iterations, double change) {
    if (gradientNorm <= stopping.gradient()) {
      return Reason.GRADIENT;
    }
    if (change < stopping.change() * Math.abs(value)) {
      return Reason.CHANGE;
    }
    return iterations == stopping.iterations() ? Reason.ITERATIONS : null;
  }

  /** By how much values may differ through rounding alone: a few units in the last place of f. */
  double noise() {
    return 4 * unit() * Math.abs(value);
  }

  /** The unit roundoff of the type. */
  double unit() {
    return f.type() == ElementType.F32 ? 0x1p-24 : 0x1p-53;
  }

  /**
   * Sets the direction to {@code -unit * g} and returns the unit: a power of two that brings the
   * largest element of g to 1 .. 2, so that a slope neither overflows nor vanishes.
   */
  double steepest(Array direction) {
    int most = f.type() == ElementType.F32 ? Float.MAX_EXPONENT - 1 : Double.MAX_EXPONENT - 1;
    int exponent = Math.getExponent(gradientNorm);
    double unit = Math.scalb(1.0, -Math.max(-most, Math.min(exponent, most)));
    times(-unit, g, direction);
    return unit;
  }

  /**
   * Evaluates at {@code w + a * direction}. Returns whether f and its gradient are finite there.
   */
  boolean tryAlong(double a, Array direction) {
    device.copy(w, triedW);
    device.axpy(a, direction, triedW);
    triedStep = a;
    return evaluate();
  }

  /** The listener does not want to continue. */
  private static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Breaks the iteration off if the listener does not want to continue. */
  void checkGoesOn() {
    if (!listener.goesOn()) {
      throw new Stopped();
    }
  }

  /** Evaluates f and its gradient at {@link #triedW}. Returns whether both are finite. */
  boolean evaluate() {
    checkGoesOn();
    return evaluated();
  }

  private boolean evaluated() {
    gradients++;
    triedValue = f.gradient(triedW, triedG);
    triedNorm = kinked ? leastNorm() : norm(Norm.MAX, triedG);
    return Double.isFinite(triedValue) && Double.isFinite(triedNorm);
  }

  private double leastNorm() {
    double[] least = leastSubgradient(l1, device.download(triedW), device.download(triedG));
    return Arrays.stream(least).map(Math::abs).reduce(0, Math::max); // max would drop a NaN
  }

  /**
   * Of the subgradients of a function with an L1 penalty that with the smallest magnitudes, which
   * is 0 where and only where the point is a minimum along each axis.
   *
   * @param g a gradient in which the penalty's slope at 0 is 0
   */
  static double[] leastSubgradient(double[] l1, double[] w, double[] g) {
    double[] least = g.clone();
    for (int i = 0; i < g.length; i++) {
      if (w[i] == 0) {
        least[i] = Math.copySign(Math.max(Math.abs(g[i]) - l1[i], 0), g[i]);
      }
    }
    return least;
  }

  /** Evaluates f alone at {@link #triedW}. */
  double evaluateValue() {
    checkGoesOn();
    values++;
    return f.value(triedW);
  }

  /** Whether the trial point is, whatever f is there. */
  boolean triedPointIsFinite() {
    return Double.isFinite(norm(Norm.MAX, triedW));
  }

  /**
   * Makes the evaluated trial point the last accepted point.
   *
   * @return null, no reason to stop
   */
  @Nullable Reason accept(double step) {
    Array oldW = w;
    w = triedW;
    triedW = oldW;
    Array oldG = g;
    g = triedG;
    triedG = oldG;
    value = triedValue;
    gradientNorm = triedNorm;
    this.step = step;
    return null;
  }

  /** Allocates a vector of zeros. */
  Array vector() {
    return owned.add(device.allocate(f.type(), f.size()));
  }

  void hessianTimes(Array v, Array out) {
    checkGoesOn();
    products++;
    f.hessianTimes(w, v, out);
  }

  double dot(Array x, Array y) {
    device.dot(x, y, sums);
    return first();
  }

  double norm(Norm which, Array x) {
    device.norm(which, x, sums);
    return first();
  }

  private double first() {
    device.download(sums.slice(0, 1), number);
    return number.getDouble(0);
  }

  /** {@code out = a * x}. */
  void times(double a, Array x, Array out) {
    device.copy(x, out);
    device.scale(a, out);
  }

  /** {@code out = x - y}. */
  void difference(Array x, Array y, Array out) {
    device.copy(x, out);
    device.axpy(-1, y, out);
  }

  @Override
  public void close() {
    f.watch(Objective.Watcher.NONE);
    owned.close();
  }
}
