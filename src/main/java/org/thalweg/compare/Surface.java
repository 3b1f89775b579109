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
 * A function of two variables x and y to go down on, with the rectangle that a picture shows.
 *
 * @param name as on the command line
 * @param sentence what is hard about it
 * @param formula value and derivatives
 * @param x the rectangle's
 * @param y the rectangle's
 * @param start where ways begin
 * @param lowest where the function is smallest, or one of such places
 * @param rates what the learning rates are where nobody says
 * @param noise the standard deviation of what is added to each part of the gradient; 0 for none
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
  /** A place in the plane. */
  public record Point(double x, double y) {
    /** Both, as a vector. */
    public double[] numbers() {
      return new double[] {x, y};
    }
  }

  /**
   * Learning rates.
   *
   * @param gradient of rules whose step is as long as the gradient says
   * @param normalised of those whose step is as long as the rate says
   */
  public record Rates(double gradient, double normalised) {
    /** Of a rule; Adadelta, whose rate has no unit, keeps its own. */
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

  /** Its smallest value. */
  public double least() {
    return value(lowest.numbers());
  }

  /** Ways over it, by the name of each. */
  public Contours picture(Map<String, Trajectory> ways) {
    return picture(
        ways.entrySet().stream()
            .map(way -> new Series(way.getKey(), way.getValue().x(), way.getValue().y()))
            .toList());
  }

  /** Ways over it. */
  public Contours picture(List<Series> ways) {
    return new Contours(name, (a, b) -> value(new double[] {a, b}), x, y, ways);
  }

  /** Without the noise. */
  @Override
  public double gradient(double[] w, double[] gradient) {
    double[] here = at(w);
    gradient[0] = here[1];
    gradient[1] = here[2];
    return here[0];
  }

  /** With the noise, which depends on seed and step alone. */
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
