package org.thalweg.lecture;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.thalweg.compare.Descent;
import org.thalweg.compare.Surface;
import org.thalweg.compare.Surface.Point;
import org.thalweg.compare.Surfaces;
import org.thalweg.compare.Trajectory;
import org.thalweg.optim.ClassicalMomentum;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Sgd;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Series;

/**
 * The effect of learning rate and condition number on gradient descent, on the bowl {@code (mu*x^2
 * + L*y^2) / 2}, with mu = 1, from (1, 1). Steps are counted until the distance to the minimum is a
 * millionth of the initial one. (Rates: Polyak, Some methods of speeding up the convergence of
 * iteration methods, 1964.)
 */
final class Conditioning {
  private static final double[] START = {1, 1};
  private static final double NEAR = 1e-6;
  private static final double FAR = 1e6;
  private static final int MOST = 20_000;
  private static final int MOST_OF_THE_LOSS = 500;

  private Conditioning() {}

  /** The distances from the minimum after each step, until converged or diverged. */
  private static double[] distances(Laboratory laboratory, double condition, Optimizer rule) {
    Surface bowl = Surfaces.bowl(condition);
    List<Double> distances = new ArrayList<>();
    double first = Math.hypot(START[0], START[1]);
    try (Descent descent = new Descent(laboratory.device, rule, START, Laboratory.SEED)) {
      for (int step = 0; step <= MOST; step++) {
        double[] w = descent.w();
        distances.add(Math.hypot(w[0], w[1]));
        double part = distances.get(step) / first;
        if (part <= NEAR || part >= FAR) {
          break;
        }
        descent.step(bowl);
      }
    }
    return distances.stream().mapToDouble(distance -> distance / first).toArray();
  }

  /** Steps until the value is a millionth of the initial one. */
  private static int stepsOfTheLoss(Laboratory laboratory, double condition, Optimizer rule) {
    Surface bowl = Surfaces.bowl(condition);
    Point start = new Point(START[0], START[1]);
    double[] values =
        Trajectory.of(laboratory.device, bowl, rule, start, MOST_OF_THE_LOSS, Laboratory.SEED)
            .value();
    return (int) Arrays.stream(values).takeWhile(value -> value > NEAR * bowl.value(START)).count();
  }

  private static int steps(double[] distances) {
    return distances.length - 1;
  }

  static Evidence learningRate(Laboratory laboratory) {
    double l = 100;
    double[] rates = {0.5 / l, 1 / l, 1.9 / l, 2 / (l + 1), 2.1 / l, 1.99 / l};
    String[] names = {"0.5/L", "1/L", "1.9/L", "2/(L+mu)", "2.1/L", "1.99/L"};
    List<double[]> trajectories =
        Arrays.stream(rates).mapToObj(lr -> distances(laboratory, l, new Sgd(lr))).toList();
    double[] last = trajectories.get(4);
    boolean diverges = last[steps(last)] >= FAR;
    boolean holds = steps(trajectories.get(2)) >= steps(trajectories.get(3)) && diverges;
    Series[] series =
        IntStream.range(0, rates.length)
            .mapToObj(i -> Laboratory.series(names[i], trajectories.get(i)))
            .toArray(Series[]::new);
    return new Evidence(
        holds,
        ("Steps to a millionth of the distance: %d at 0.5/L, %d at 1/L, %d at 1.9/L, %d at"
             + " 2/(L+mu), %d at 1.99/L; at 2.1/L the distance %s. (Until the function, not the"
             + " distance, is a millionth of what it was, it is the other way round: %d at 1.9/L,"
             + " %d at 2/(L+mu); the function is nearly all in the steep direction.)")
            .formatted(
                steps(trajectories.get(0)),
                steps(trajectories.get(1)),
                steps(trajectories.get(2)),
                steps(trajectories.get(3)),
                steps(trajectories.get(5)),
                diverges ? "is a million times as long after " + steps(last) : "shrinks",
                stepsOfTheLoss(laboratory, l, new Sgd(rates[2])),
                stepsOfTheLoss(laboratory, l, new Sgd(rates[3]))),
        List.of(
            new Figure(
                "learning-rate",
                "Distance from the bottom of a bowl of condition number 100, by learning rate.",
                Laboratory.chart(new Axis("step", false), "distance", true, series))));
  }

  static Evidence conditionNumber(Laboratory laboratory) {
    double[] conditions = {10, 30, 100, 300, 1000};
    double[] plain = new double[conditions.length];
    double[] heavy = new double[conditions.length];
    for (int i = 0; i < conditions.length; i++) {
      double l = conditions[i];
      double root = Math.sqrt(l);
      double beta = (root - 1) / (root + 1);
      plain[i] = steps(distances(laboratory, l, new Sgd(2 / (l + 1))));
      heavy[i] =
          steps(
              distances(
                  laboratory,
                  l,
                  new ClassicalMomentum(4 / ((root + 1) * (root + 1)), beta * beta)));
    }
    double plainGrowth = plain[4] / plain[0];
    double heavyGrowth = heavy[4] / heavy[0];
    return new Evidence(
        plainGrowth >= 50 && plainGrowth <= 200 && heavyGrowth >= 5 && heavyGrowth <= 20,
        ("From condition number 10 to 1,000 the steps grow from %.0f to %.0f, by a"
                + " factor of %.1f, and with momentum from %.0f to %.0f, by %.1f.")
            .formatted(plain[0], plain[4], plainGrowth, heavy[0], heavy[4], heavyGrowth),
        List.of(
            new Figure(
                "condition-number",
                "Steps to a millionth of the distance; both axes logarithmic.",
                Laboratory.chart(
                    new Axis("condition number", true),
                    "steps",
                    true,
                    new Series("gradient descent", conditions, plain),
                    new Series("with momentum", conditions, heavy)))));
  }
}
