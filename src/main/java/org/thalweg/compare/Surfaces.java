package org.thalweg.compare;

import java.math.BigDecimal;
import java.util.List;
import org.thalweg.compare.Surface.Point;
import org.thalweg.compare.Surface.Rates;
import org.thalweg.numeric.Require;
import org.thalweg.plot.Lines.Range;

/** The test functions of {@code thalweg compare} and of the lecture. */
public final class Surfaces {
  /** The default condition number of the bowl. */
  public static final double CONDITION = 100;

  private static final double NOISY_CONDITION = 10;
  private static final double NOISE = 1;

  private Surfaces() {}

  /** All of them; the bowl with this condition number. */
  public static List<Surface> all(double condition) {
    return List.of(bowl(condition), saddle(), localMinimum(), rosenbrock(), beale(), noisyBowl());
  }

  /** Their names. */
  public static List<String> names() {
    return all(CONDITION).stream().map(Surface::name).toList();
  }

  /**
   * {@code (x^2 + condition*y^2) / 2}: the curvature is 1 along x and the condition number along y.
   *
   * @param condition at least 1, finite
   */
  public static Surface bowl(double condition) {
    Require.that(
        condition >= 1 && condition < Double.POSITIVE_INFINITY,
        "condition must be at least 1 and finite: %s",
        condition);
    double steep = 5 / Math.sqrt(condition);
    double high = 5 / Math.pow(condition, 0.25); // an ellipse; true proportions would hide steps
    return new Surface(
        "bowl",
        ("a quadratic of condition number %s: steps that are short enough for the"
                + " steep direction crawl along the flat one")
            .formatted(BigDecimal.valueOf(condition).stripTrailingZeros().toPlainString()),
        (x, y, out) -> quadratic(condition, x, y, out),
        new Range(-5, 5),
        new Range(-high, high),
        new Point(-4, 0.8 * steep),
        List.of(new Point(0, 0)),
        new Rates(1.25 / condition, 0.1),
        0);
  }

  private static void quadratic(double condition, double x, double y, double[] out) {
    out[0] = (x * x + condition * y * y) / 2;
    out[1] = x;
    out[2] = condition * y;
    out[3] = 1;
    out[4] = 0;
    out[5] = condition;
  }

  /** {@code x^2/2 - y^2/2 + y^4/4}: a saddle at the origin, the minima at (0, 1) and (0, -1). */
  public static Surface saddle() {
    return new Surface(
        "saddle",
        "at the origin the gradient is zero, and the descent from it begins flat",
        (x, y, out) -> {
          out[0] = x * x / 2 - y * y / 2 + y * y * y * y / 4;
          out[1] = x;
          out[2] = -y + y * y * y;
          out[3] = 1;
          out[4] = 0;
          out[5] = -1 + 3 * y * y;
        },
        new Range(-2, 2),
        new Range(-2, 2),
        new Point(1.8, 1e-3),
        List.of(new Point(0, 1), new Point(0, -1)),
        new Rates(0.02, 0.05),
        0);
  }

  /**
   * {@code x^4/4 - 7x^2/8 - 3x/4 + y^2/2}, whose slope along x is {@code (x+1)(x+1/2)(x-3/2)}: a
   * minimum at (-1, 0), a local maximum along x (a saddle) at (-1/2, 0), the global minimum at
   * (3/2, 0).
   */
  public static Surface localMinimum() {
    return new Surface(
        "local-minimum",
        "a local minimum, separated from the global one by a low saddle",
        (x, y, out) -> {
          out[0] = x * x * (x * x / 4 - 0.875) - 0.75 * x + y * y / 2;
          out[1] = x * (x * x - 1.75) - 0.75;
          out[2] = y;
          out[3] = 3 * x * x - 1.75;
          out[4] = 0;
          out[5] = 1;
        },
        new Range(-2.4, 2.4),
        new Range(-1.5, 1.5),
        new Point(-2, 1),
        List.of(new Point(1.5, 0), new Point(-1, 0)),
        new Rates(0.05, 0.05),
        0);
  }

  /**
   * Rosenbrock's valley, {@code (1-x)^2 + 100(y-x^2)^2}; the minimum is at (1, 1). (Computer
   * Journal 3, 1960.)
   */
  public static Surface rosenbrock() {
    return new Surface(
        "rosenbrock",
        "a bent valley with a flat floor: easy to find, slow to follow",
        (x, y, out) -> {
          double off = y - x * x;
          out[0] = (1 - x) * (1 - x) + 100 * off * off;
          out[1] = -2 * (1 - x) - 400 * x * off;
          out[2] = 200 * off;
          out[3] = 2 - 400 * (off - 2 * x * x);
          out[4] = -400 * x;
          out[5] = 200;
        },
        new Range(-2, 2),
        new Range(-1, 3),
        new Point(-1.2, 1),
        List.of(new Point(1, 1)),
        new Rates(1e-3, 0.1),
        0);
  }

  /**
   * Beale's function, {@code (1.5-x+xy)^2 + (2.25-x+xy^2)^2 + (2.625-x+xy^3)^2}; the minimum is at
   * (3, 1/2). (Source of the formula: More, Garbow and Hillstrom, ACM Transactions on Mathematical
   * Software 7, 1981, no. 5.)
   */
  public static Surface beale() {
    return new Surface(
        "beale",
        "plateaus and steep walls: the gradient's length changes a thousandfold",
        (x, y, out) -> {
          out[0] = out[1] = out[2] = out[3] = out[4] = out[5] = 0;
          double[] targets = {1.5, 2.25, 2.625};
          double[] power = {1, y, y * y, y * y * y};
          for (int i = 1; i <= targets.length; i++) {
            double r = targets[i - 1] - x * (1 - power[i]);
            double rx = power[i] - 1;
            double rxy = i * power[i - 1];
            double ry = x * rxy;
            double ryy = i == 1 ? 0 : x * i * (i - 1) * power[i - 2];
            out[0] += r * r;
            out[1] += 2 * r * rx;
            out[2] += 2 * r * ry;
            out[3] += 2 * rx * rx;
            out[4] += 2 * (rx * ry + r * rxy);
            out[5] += 2 * (ry * ry + r * ryy);
          }
        },
        new Range(-1, 4),
        new Range(-1.5, 2),
        new Point(1, 1),
        List.of(new Point(3, 0.5)),
        new Rates(5e-3, 0.1),
        0);
  }

  /**
   * A bowl of condition number 10 whose gradient has noise of standard deviation 1 in each
   * component.
   */
  public static Surface noisyBowl() {
    return new Surface(
        "noisy-bowl",
        "a bowl seen through noise, as a minibatch sees the loss: near the bottom there is more"
            + " noise than slope",
        (x, y, out) -> quadratic(NOISY_CONDITION, x, y, out),
        new Range(-5, 5),
        new Range(-2, 2),
        new Point(-4, 1.5),
        List.of(new Point(0, 0)),
        new Rates(0.02, 0.1),
        NOISE);
  }
}
