package org.thalweg.compare;

import java.util.List;
import java.util.Map;
import org.thalweg.minimize.HostFunction;
import org.thalweg.numeric.Philox;
import org.thalweg.optim.Adadelta;
import org.thalweg.optim.Optimizer;
import org.thalweg.plot.Contours;
import org.thalweg.plot.Lines.Range;
import org.thalweg.plot.Lines.Series;

/**
 * A test function of two variables x and y, with the rectangle that a picture of it shows.
 *
 * @param name a short word: {@code rosenbrock}
 * @param sentence what makes it hard, in a sentence
 * @param formula value and derivatives
 * @param x range of the picture
 * @param y range of the picture
 * @param start where trajectories begin
 * @param lowest where the function has its minimum, or one of its minima
 * @param rates the default learning rates
 * @param noise the standard deviation of the noise added to each component of the gradient; 0 for
 *     none
 */
public record Surface(
    String name,
    String sentence,
    Formula formula,
    Range x,
    Range y,
    Point start,
    Point lowest,
    Rates rates,
    double noise)
    implements HostFunction, Descent.Slope {
  /** A point in the plane. */
  public record Point(double x, double y) {
    /** Both coordinates as a vector. */
    public double[] numbers() {
      return new double[] {x, y};
    }
  }

  /**
   * Default learning rates.
   *
   * @param gradient of rules whose step is proportional to the gradient
   * @param normalised of rules that normalise the gradient, so that the step is about as long as
   *     the learning rate
   */
  public record Rates(double gradient, double normalised) {
    /**
     * The rule with its default learning rate; Adadelta, whose learning rate has no unit, keeps its
     * own.
     */
    public Optimizer of(Optimizer rule) {
      if (rule instanceof Adadelta) {
        return rule;
      }
      return rule.withLr(rule.definition().traits().normalised() ? normalised : gradient);
    }
  }

  /** The function at one point. */
  public interface Formula {
    /**
     * Computes it.
     *
     * @param out receives f, df/dx, df/dy, d2f/dx2, d2f/dxdy, d2f/dy2
     */
    void at(double x, double y, double[] out);
  }

  @Override
  public int size() {
    return 2;
  }

  private double[] at(double[] w) {
    double[] out = new double[6];
    formula.at(w[0], w[1], out);
    return out;
  }

  @Override
  public double value(double[] w) {
    return at(w)[0];
  }

  /** The minimum of the function. */
  public double minimum() {
    return value(lowest.numbers());
  }

  /** A picture of the surface with trajectories on it, by their names. */
  public Contours picture(Map<String, Trajectory> trajectories) {
    return picture(
        trajectories.entrySet().stream()
            .map(
                trajectory ->
                    new Series(
                        trajectory.getKey(), trajectory.getValue().x(), trajectory.getValue().y()))
            .toList());
  }

  /** A picture of the surface with trajectories on it. */
  public Contours picture(List<Series> trajectories) {
    return new Contours(name, (a, b) -> value(new double[] {a, b}), x, y, trajectories);
  }

  /** The exact gradient, without noise. */
  @Override
  public double gradient(double[] w, double[] gradient) {
    double[] here = at(w);
    gradient[0] = here[1];
    gradient[1] = here[2];
    return here[0];
  }

  /** The gradient with noise, which depends on seed and step alone. */
  @Override
  public void gradient(double[] w, long seed, long step, double[] gradient) {
    gradient(w, gradient);
    if (noise != 0) {
      Philox random = new Philox(seed, step);
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] += noise * random.nextNormal();
      }
    }
  }

  @Override
  public boolean twiceDifferentiable() {
    return true;
  }

  @Override
  public void hessianTimes(double[] w, double[] v, double[] out) {
    double[] here = at(w);
    out[0] = here[3] * v[0] + here[4] * v[1];
    out[1] = here[4] * v[0] + here[5] * v[1];
  }
}
