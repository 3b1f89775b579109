package org.thalweg.check;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.minimize.Objective;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;

/**
 * The scale of an objective at a point: a length for each coordinate, and how much of its values
 * and of its gradient is rounding: what is left of second differences along random directions that
 * are so short that curvature is not seen, and so long that all roundings are drawn anew.
 *
 * @param w the point, rounded to the objective's type
 * @param value of f there
 * @param lengths of each coordinate: {@code |w_i|}; where that is 0, a distance over which f
 *     changes by less than its size
 * @param noise how far the value can be wrong by rounding
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Scales(Objective f, double[] w, double value, double[] lengths, double noise) {
  private static final long SEED = 1;

  /** The first stream of the directions of second differences; that of direction k is k. */
  private static final long SECOND = 1L << 32;

  /** How many second differences are taken. */
  private static final int SECOND_DIFFERENCES = 8;

  /** How much larger a rounding may be than those that were seen. */
  private static final double MARGIN = 8;

  /** The factor from one length that is tried to the next. */
  private static final double SHORTER = 256;

  /** Roundings in the narrowest difference of a coordinate. */
  private static final double NARROWEST = 256;

  /** Measured at a point, where f has this value and gradient. */
  static Scales of(Objective f, double[] w, double value, double[] gradient) {
    double steepest = DoubleStream.of(gradient).map(Math::abs).max().orElse(0);
    double size = value == 0 ? 1 : Math.abs(value);
    double zero = steepest > 0 && Double.isFinite(size / steepest) ? size / steepest : 1;
    // The gradient may be wrong, and say less than is true.
    boolean some = DoubleStream.of(w).anyMatch(x -> x == 0);
    while (some && zero > 0 && isFar(f, w, value, size, zero)) {
      zero /= SHORTER;
    }
    double[] lengths = lengths(w, zero);
    double noise = 0;
    for (int k = 0; k < SECOND_DIFFERENCES; k++) {
      double above = f.values(new double[][] {beside(f, w, lengths, k, 1)})[0];
      double below = f.values(new double[][] {beside(f, w, lengths, k, -1)})[0];
      noise = Math.max(noise, Math.abs((above - value) - (value - below)));
    }
    return new Scales(f, w, value, lengths, MARGIN * noise);
  }

  private static double[] lengths(double[] w, double zero) {
    return DoubleStream.of(w).map(x -> x == 0 ? zero : Math.abs(x)).toArray();
  }

  /** Whether f changes there by more than its size, or much nearer by half as much or more. */
  private static boolean isFar(Objective f, double[] w, double value, double size, double zero) {
    double change = Math.abs(moved(f, w, zero) - value);
    return !(change <= size)
        || (change > Math.sqrt(unit(f)) * size
            && DoubleStream.of(4, 16, 64, SHORTER)
                .anyMatch(part -> Math.abs(moved(f, w, zero / part) - value) > change / 2));
  }

  /** The value where all coordinates that are 0 are so far from it, to either side. */
  private static double moved(Objective f, double[] w, double distance) {
    Philox random = new Philox(SEED, SECOND - 1);
    double[] point = new double[w.length];
    for (int i = 0; i < point.length; i++) {
      point[i] = w[i] != 0 ? w[i] : f.type().round(random.nextInt() < 0 ? -distance : distance);
    }
    return f.values(new double[][] {point})[0];
  }

  /** The point with each coordinate moved by about the root of a rounding. */
  private static double[] beside(Objective f, double[] w, double[] lengths, int k, int side) {
    Philox random = new Philox(SEED, SECOND + k);
    double[] point = new double[w.length];
    double step = side * Math.sqrt(unit(f)) / 2;
    for (int i = 0; i < point.length; i++) {
      point[i] = f.type().round(w[i] + (random.nextInt() < 0 ? -step : step) * lengths[i]);
    }
    return point;
  }

  /** For each element of the gradient, how far it can be wrong by rounding. */
  double[] gradientNoise(double[] gradient) {
    // Terms that cancel in an element can be as large as others are along their own coordinates.
    double most = 0;
    for (int i = 0; i < w.length; i++) {
      most = Math.max(most, Math.abs(gradient[i]) * lengths[i]);
    }
    double[] noise = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      noise[i] = MARGIN * unit(f) * most / lengths[i];
    }
    Device device = f.device();
    try (Array at = device.allocate(f.type(), w.length);
        Array there = device.allocate(f.type(), w.length)) {
      for (int k = 0; k < SECOND_DIFFERENCES; k++) {
        device.upload(at, beside(f, w, lengths, k, 1));
        f.gradient(at, there);
        double[] above = device.download(there);
        device.upload(at, beside(f, w, lengths, k, -1));
        f.gradient(at, there);
        double[] below = device.download(there);
        for (int i = 0; i < w.length; i++) {
          double second = Math.abs((above[i] - gradient[i]) - (gradient[i] - below[i]));
          noise[i] = Math.max(noise[i], MARGIN * second);
        }
      }
    }
    return noise;
  }

  /** How far two values of f can be wrong by rounding. */
  double noise(double above, double below) {
    return Math.max(noise, rounding(above, below));
  }

  /** The roundings that two numbers of this size have at least. */
  double rounding(double above, double below) {
    return MARGIN * unit(f) * Math.max(Math.abs(above), Math.abs(below));
  }

  /** A random direction: normal, times the lengths. */
  double[] direction(int k) {
    Philox random = new Philox(SEED, k);
    double[] direction = new double[w.length];
    Arrays.setAll(direction, i -> random.nextNormal() * lengths[i]);
    return direction;
  }

  /** The narrowest distance to either side, relative to a length. */
  double narrowest() {
    return unit(f) * NARROWEST;
  }

  /** A distance to either side, relative to a length, at which what f depends on shows. */
  double remote() {
    return f.type() == ElementType.F32 ? 0x1p64 : 0x1p512;
  }

  /** Half a unit in the last place of 1. */
  private static double unit(Objective f) {
    return f.type() == ElementType.F32 ? 0x1p-24 : 0x1p-53;
  }
}
