package org.thalweg.lecture;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.thalweg.compare.Descent;
import org.thalweg.compare.Looks;
import org.thalweg.compare.Surface;
import org.thalweg.compare.Surfaces;
import org.thalweg.numeric.Philox;
import org.thalweg.optim.AdaGrad;
import org.thalweg.optim.Adam;
import org.thalweg.optim.AdamUncorrected;
import org.thalweg.optim.ClassicalMomentum;
import org.thalweg.optim.Momentum;
import org.thalweg.optim.Nesterov;
import org.thalweg.optim.NesterovLookAhead;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.RmsProp;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Series;

/** How long the steps of the rules are. */
final class StepSizes {
  private static final int PARAMETERS = 200;
  private static final int[] AT = {1, 3, 10, 30, 100, 300, 1000, 3000, 10_000};

  /**
   * The first step at which AdaGrad's is measured: the mean of fewer squares is far from its
   * expectation.
   */
  private static final int FROM = 100;

  /** The step from which RMSProp's mean is stationary, but for a share of 0.99^1000. */
  private static final int FULL = 1000;

  private static final double WITHIN = 0.1;
  private static final double LR = 0.01;

  private StepSizes() {}

  /** Random gradients without a preferred direction: normal, of variance 1. */
  private static void noise(double[] w, long seed, long step, double[] gradient) {
    Philox random = new Philox(seed, step);
    Arrays.setAll(gradient, i -> random.nextNormal());
  }

  /** The mean over the parameters of |step| / |gradient|, at some steps. */
  private static double[] effective(Laboratory laboratory, Optimizer rule) {
    double[] mean = new double[AT.length];
    try (Descent descent =
        new Descent(laboratory.device, rule, new double[PARAMETERS], Laboratory.SEED)) {
      double[] g = new double[PARAMETERS];
      for (int step = 1, i = 0; i < AT.length; step++) {
        double[] before = descent.w();
        descent.step(StepSizes::noise);
        if (step == AT[i]) {
          double[] after = descent.w();
          noise(after, Laboratory.SEED, step, g);
          for (int k = 0; k < PARAMETERS; k++) {
            mean[i] += Math.abs((after[k] - before[k]) / g[k]) / PARAMETERS;
          }
          i++;
        }
      }
    }
    return mean;
  }

  static Evidence adaptive(Laboratory laboratory) {
    double[] sum = effective(laboratory, new AdaGrad(LR, 0, 0, 1e-10));
    double[] leaky = effective(laboratory, new RmsProp(LR, 0.99, 1e-8, false, 0));
    int first = Arrays.binarySearch(AT, FROM);
    int full = Arrays.binarySearch(AT, FULL);
    double worst = 0;
    for (int i = first; i < AT.length; i++) {
      double expected = sum[first] * Math.sqrt((double) AT[first] / AT[i]);
      worst = Math.max(worst, Math.abs(sum[i] / expected - 1));
    }
    double least = Double.POSITIVE_INFINITY;
    for (int i = full; i < AT.length; i++) {
      least = Math.min(least, leaky[i] / leaky[full]);
    }
    double[] steps = Arrays.stream(AT).asDoubleStream().toArray();
    return new Evidence(
        worst <= WITHIN && least >= 1 - WITHIN,
        ("To step %,d, over %d parameters with gradients of variance 1: AdaGrad's step times"
                + " sqrt(t) changes from step %d on by at most %.1f %%; RMSProp's step, at alpha ="
                + " 0.99, is from step %,d on never below %.2f times what it is there. (Before, its"
                + " mean fills, and the step shrinks: to %.2f times that of step %d. It corrects no"
                + " bias.)")
            .formatted(
                AT[AT.length - 1],
                PARAMETERS,
                FROM,
                100 * worst,
                FULL,
                least,
                leaky[full] / leaky[first],
                FROM),
        List.of(
            new Figure(
                "effective-step",
                "Length of a step over that of the gradient; both axes logarithmic.",
                Laboratory.chart(
                    new Axis("step", true),
                    "step / gradient",
                    true,
                    new Series("adagrad", steps, sum, Looks.of("adagrad")),
                    new Series("rmsprop", steps, leaky, Looks.of("rmsprop"))))));
  }

  static Evidence biasCorrection(Laboratory laboratory) {
    double[] with = lengths(laboratory, new Adam(LR, 0.9, 0.999, 1e-8));
    double[] without = lengths(laboratory, new AdamUncorrected(LR, 0.9, 0.999, 1e-8));
    double ratio = without[0] / with[0];
    double[] steps = IntStream.rangeClosed(1, with.length).asDoubleStream().toArray();
    double most = Arrays.stream(without).max().orElse(0);
    return new Evidence(
        ratio >= 3,
        ("Under a gradient that stays the same, at beta2 = 0.999: the first step"
                + " without correction is %.2f times as long as with it, the longest %.2f times"
                + " as long as the learning rate says.")
            .formatted(ratio, most / LR),
        List.of(
            new Figure(
                "bias-correction",
                "Length of Adam's steps under a constant gradient.",
                Laboratory.chart(
                    new Axis("step", true),
                    "step",
                    false,
                    new Series("with correction", steps, with),
                    new Series("without", steps, without)))));
  }

  private static double[] lengths(Laboratory laboratory, Optimizer rule) {
    double[] lengths = new double[3000];
    try (Descent descent = new Descent(laboratory.device, rule, new double[1], Laboratory.SEED)) {
      double before = 0;
      for (int t = 0; t < lengths.length; t++) {
        descent.step((w, seed, step, gradient) -> gradient[0] = 1);
        double after = descent.w()[0];
        lengths[t] = before - after;
        before = after;
      }
    }
    return lengths;
  }

  static Evidence twoForms(Laboratory laboratory) {
    Surface bowl = Surfaces.noisyBowl();
    double[][] velocity = trajectory(laboratory, bowl, new Momentum(0.01, 0.9, 0));
    double[][] classical = trajectory(laboratory, bowl, new ClassicalMomentum(0.01, 0.9));
    double[][] here = trajectory(laboratory, bowl, new Nesterov(0.01, 0.9));
    double[][] ahead = trajectory(laboratory, bowl, new NesterovLookAhead(0.01, 0.9));
    double[] momentum = new double[velocity.length];
    double[] nesterov = new double[velocity.length];
    for (int t = 1; t < velocity.length; t++) {
      for (int i = 0; i < 2; i++) {
        // Nesterov's method written at the current point is at w + mu*v of the other.
        double there = ahead[t][i] + 0.9 * (ahead[t][i] - ahead[t - 1][i]);
        momentum[t] = Math.max(momentum[t], Math.abs(velocity[t][i] - classical[t][i]));
        nesterov[t] = Math.max(nesterov[t], Math.abs(here[t][i] - there));
      }
    }
    double most = Arrays.stream(momentum).max().orElse(0);
    double mostAhead = Arrays.stream(nesterov).max().orElse(0);
    return new Evidence(
        most <= 1e-12 && mostAhead <= 1e-12,
        ("Over %d steps on the noisy bowl in binary64: %.1e is the largest difference"
                + " between v = mu*v + g, w -= lr*v and v = mu*v - lr*g, w += v; %.1e that"
                + " between Nesterov's look ahead and its change of variable.")
            .formatted(velocity.length - 1, most, mostAhead),
        List.of(
            new Figure(
                "two-forms",
                "Difference between the two ways of writing it; where there is no line it is 0.",
                Laboratory.chart(
                    new Axis("step", false),
                    "difference",
                    true,
                    Laboratory.series("momentum", momentum),
                    Laboratory.series("nesterov", nesterov)))));
  }

  private static double[][] trajectory(Laboratory laboratory, Surface surface, Optimizer rule) {
    double[][] points = new double[1001][];
    double[] start = surface.start().numbers();
    try (Descent descent = new Descent(laboratory.device, rule, start, Laboratory.SEED)) {
      points[0] = start;
      for (int t = 1; t < points.length; t++) {
        descent.step(surface);
        points[t] = descent.w();
      }
    }
    return points;
  }
}
