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
 * What a learning rate and a condition number do to gradient descent on the bowl {@code (mu*x^2 +
 * L*y^2) / 2}, with mu = 1, from (1, 1). Steps are counted until the distance to the bottom is a
 * millionth of what it was. (Rates: Polyak, Some methods of speeding up the convergence of
 * iteration methods, 1964.)
 */
final class Conditioning {
  private static final double[] START = {1, 1};
  private static final double NEAR = 1e-6;
  private static final double FAR = 1e6;
  private static final int MOST = 20_000;
  private static final int MOST_OF_THE_LOSS = 500;

  private Conditioning() {}

  /** The distances from the bottom, from the start to where it is near or far. */
  private static double[] distances(Laboratory lab, double condition, Optimizer rule) {
    Surface bowl = Surfaces.bowl(condition);
    List<Double> distances = new ArrayList<>();
    double first = Math.hypot(START[0], START[1]);
    try (Descent descent = new Descent(lab.device, rule, START, Laboratory.SEED)) {
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

  /** Steps until the function is a millionth of what it was. */
  private static int stepsOfTheLoss(Laboratory lab, double condition, Optimizer rule) {
    Surface bowl = Surfaces.bowl(condition);
    Point start = new Point(START[0], START[1]);
    double[] values =
        Trajectory.of(lab.device, bowl, rule, start, MOST_OF_THE_LOSS, Laboratory.SEED).value();
    return (int) Arrays.stream(values).takeWhile(value -> value > NEAR * bowl.value(START)).count();
  }

  private static int steps(double[] distances) {
    return distances.length - 1;
  }

  static Evidence learningRate(Laboratory lab) {
    double l = 100;
    double[] rates = {0.5 / l, 1 / l, 1.9 / l, 2 / (l + 1), 2.1 / l, 1.99 / l};
    String[] names = {"0.5/L", "1/L", "1.9/L", "2/(L+mu)", "2.1/L", "1.99/L"};
    List<double[]> ways =
        Arrays.stream(rates).mapToObj(lr -> distances(lab, l, new Sgd(lr))).toList();
    double[] last = ways.get(4);
    boolean diverges = last[steps(last)] >= FAR;
    boolean holds = steps(ways.get(2)) >= steps(ways.get(3)) && diverges;
    Series[] series =
        IntStream.range(0, rates.length)
            .mapToObj(i -> Laboratory.series(names[i], ways.get(i)))
            .toArray(Series[]::new);
    return new Evidence(
        holds,
        ("Steps to a millionth of the distance: %d at 0.5/L, %d at 1/L, %d at 1.9/L, %d at"
             + " 2/(L+mu), %d at 1.99/L; at 2.1/L the distance %s. (Until the function, not the"
             + " distance, is a millionth of what it was, it is the other way round: %d at 1.9/L,"
             + " %d at 2/(L+mu); the function is nearly all in the steep direction.)")
            .formatted(
                steps(ways.get(0)),
                steps(ways.get(1)),
                steps(ways.get(2)),
                steps(ways.get(3)),
                steps(ways.get(5)),
                diverges ? "is a million times as long after " + steps(last) : "shrinks",
                stepsOfTheLoss(lab, l, new Sgd(rates[2])),
                stepsOfTheLoss(lab, l, new Sgd(rates[3]))),
        List.of(
            new Figure(
                "learning-rate",
                "Distance from the bottom of a bowl of condition number 100, by learning rate.",
                Laboratory.chart(new Axis("step", false), "distance", true, series))));
  }

  static Evidence conditionNumber(Laboratory lab) {
    double[] conditions = {10, 30, 100, 300, 1000};
    double[] plain = new double[conditions.length];
    double[] heavy = new double[conditions.length];
    for (int i = 0; i < conditions.length; i++) {
      double l = conditions[i];
      double root = Math.sqrt(l);
      double beta = (root - 1) / (root + 1);
      plain[i] = steps(distances(lab, l, new Sgd(2 / (l + 1))));
      heavy[i] =
          steps(
              distances(lab, l, new ClassicalMomentum(4 / ((root + 1) * (root + 1)), beta * beta)));
    }
    double plainGrowth = plain[4] / plain[0];
    double heavyGrowth = heavy[4] / heavy[0];
    return new Evidence(
        plainGrowth >= 50 && plainGrowth <= 200 && heavyGrowth >= 5 && heavyGrowth <= 20,
        "From condition number 10 to 1,000 the steps grow from %.0f to %.0f, by a factor of %.1f, and with momentum from %.0f to %.0f, by %.1f."
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
