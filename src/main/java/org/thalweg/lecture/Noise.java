package org.thalweg.lecture;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.thalweg.compare.Descent;
import org.thalweg.device.Array;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.optim.Momentum;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Sgd;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Series;

/**
 * The gradient of a minibatch as an estimate of the gradient: softmax regression on the digits, at
 * the initial weights.
 */
final class Noise {
  private static final int[] SIZES = {32, 64, 128, 256, 512};
  private static final int DRAWS = 200;
  private static final double WITHIN = 0.2;
  private static final int BATCH = 32;
  private static final int STEPS = 500;

  /** Steps after which the velocity hardly depends on its zero start. */
  private static final int START_UP = 50;

  private Noise() {}

  private static double[] gradient(Laboratory laboratory, Array w, int... rows) {
    try (ClassifierObjective f = laboratory.softmax(laboratory.rows(rows), 0);
        Array g = laboratory.device.allocate(ElementType.F64, f.size())) {
      f.gradient(w, g);
      return laboratory.device.download(g);
    }
  }

  static Evidence batchSize(Laboratory laboratory) {
    int n = laboratory.train.rows();
    double[] free = new double[SIZES.length];
    double[] shuffled = new double[SIZES.length];
    try (Array w = laboratory.weights()) {
      double[] mean = gradient(laboratory, w, IntStream.range(0, n).toArray());
      for (int i = 0; i < SIZES.length; i++) {
        for (int draw = 0; draw < DRAWS; draw++) {
          Philox random = new Philox(Laboratory.SEED, (long) SIZES[i] * DRAWS + draw);
          int[] drawn = IntStream.range(0, SIZES[i]).map(k -> random.nextBounded(n)).toArray();
          free[i] += square(gradient(laboratory, w, drawn), mean) / DRAWS;
          int[] some = Arrays.copyOf(random.permutation(n), SIZES[i]);
          shuffled[i] += square(gradient(laboratory, w, some), mean) / DRAWS;
        }
      }
    }
    double worst = 0;
    for (int i = 0; i < SIZES.length; i++) {
      worst = Math.max(worst, Math.abs(free[i] * SIZES[i] / (free[0] * SIZES[0]) - 1));
    }
    int last = SIZES.length - 1;
    double ratio = (double) SIZES[last] / SIZES[0];
    double[] sizes = Arrays.stream(SIZES).asDoubleStream().toArray();
    return new Evidence(
        worst <= WITHIN,
        ("Of independently drawn rows, %d minibatches of each size: B times the variance differs"
             + " from that at 32 by at most %.1f %%. Of minibatches as the trainer shuffles them,"
             + " without any row twice, the variance at 512 is %.2f / 16 of that at 32: less than"
             + " 1/B, for a minibatch is a third of all %d rows; the factor (N-B)/(N-1) of draws"
             + " without return makes that %.2f.")
            .formatted(
                DRAWS,
                100 * worst,
                ratio * shuffled[last] / shuffled[0],
                n,
                (double) (n - SIZES[last]) / (n - SIZES[0])),
        List.of(
            new Figure(
                "batch-size",
                "Variance of the minibatch's gradient, summed over all weights; both axes"
                    + " logarithmic.",
                Laboratory.chart(
                    new Axis("rows of a minibatch", true),
                    "variance",
                    true,
                    new Series("drawn independently", sizes, free),
                    new Series("shuffled", sizes, shuffled),
                    new Series(
                        "1/B",
                        sizes,
                        Arrays.stream(sizes).map(b -> free[0] * SIZES[0] / b).toArray())))));
  }

  private static double square(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> (a[i] - b[i]) * (a[i] - b[i])).sum();
  }

  static Evidence momentum(Laboratory laboratory) {
    int n = laboratory.train.rows();
    int each = n / BATCH;
    double[][] gradients = new double[STEPS][];
    double[] mean;
    try (Array w = laboratory.weights()) {
      mean = gradient(laboratory, w, IntStream.range(0, n).toArray());
      for (int t = 0; t < STEPS; t++) {
        int[] order = new Philox(Laboratory.SEED, 1 + t / each).permutation(n);
        int from = t % each * BATCH;
        gradients[t] = gradient(laboratory, w, Arrays.copyOfRange(order, from, from + BATCH));
      }
    }
    double[][] plain = directions(laboratory, new Sgd(1), gradients);
    double[][] heavy = directions(laboratory, new Momentum(1, 0.9, 0), gradients);
    double plainVariance = variance(plain);
    double heavyVariance = variance(heavy);
    return new Evidence(
        heavyVariance < plainVariance,
        ("The variance of the step's direction, 1 - |mean of unit steps|^2 over steps"
                + " %d to %d with minibatches of %d: %.3f without momentum, %.3f with it.")
            .formatted(START_UP + 1, STEPS, BATCH, plainVariance, heavyVariance),
        List.of(
            new Figure(
                "momentum-noise",
                "Cosine of the angle between a step and the negative gradient of the full batch.",
                Laboratory.chart(
                    new Axis("step", false),
                    "cosine",
                    false,
                    Laboratory.series("without momentum", cosines(plain, mean)),
                    Laboratory.series("with momentum 0.9", cosines(heavy, mean))))));
  }

  /** The directions of an optimizer's steps, given these gradients: vectors of length 1. */
  private static double[][] directions(
      Laboratory laboratory, Optimizer rule, double[][] gradients) {
    double[][] directions = new double[gradients.length][];
    int n = gradients[0].length;
    try (Descent descent = new Descent(laboratory.device, rule, new double[n], Laboratory.SEED)) {
      double[] before = descent.w();
      for (int t = 0; t < gradients.length; t++) {
        descent.step((w, seed, step, g) -> System.arraycopy(gradients[(int) step - 1], 0, g, 0, n));
        double[] after = descent.w();
        double length = Math.sqrt(square(after, before));
        double[] direction = new double[n];
        for (int i = 0; i < n; i++) {
          direction[i] = (after[i] - before[i]) / length;
        }
        directions[t] = direction;
        before = after;
      }
    }
    return directions;
  }

  private static double variance(double[][] directions) {
    double square = 0;
    for (int i = 0; i < directions[0].length; i++) {
      double sum = 0;
      for (int t = START_UP; t < directions.length; t++) {
        sum += directions[t][i];
      }
      double mean = sum / (directions.length - START_UP);
      square += mean * mean;
    }
    return 1 - square;
  }

  private static double[] cosines(double[][] directions, double[] gradient) {
    double length = Math.sqrt(square(gradient, new double[gradient.length]));
    return Arrays.stream(directions)
        .mapToDouble(
            d -> -IntStream.range(0, d.length).mapToDouble(i -> d[i] * gradient[i]).sum() / length)
        .toArray();
  }
}
