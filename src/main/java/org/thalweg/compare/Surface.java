package org.thalweg.compare;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.thalweg.device.Device;
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
 * @param x range of the picture, where the trajectories do not need a larger one
 * @param y likewise
 * @param start where trajectories begin
 * @param minima where the function has its minimum, and after it any others
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
    List<Point> minima,
    Rates rates,
    double noise)
    implements HostFunction, Descent.Slope {
  /** How many lengths of its own rectangle a picture goes beyond that at most. */
  private static final double REACH = 2;

  private static final double EDGE = 0.03;
  private static final double LEGIBLE = 1e-6;

  /** Keeps its own list. */
  public Surface {
    minima = List.copyOf(minima);
  }

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

  /** A trajectory has arrived when its value is this close to the minimum. */
  public static final double NEAR = 1e-6;

  /** The trajectory of an optimizer at the best of some learning rates. */
  public RateSearch.Found<Trajectory> best(
      Device device, RateSearch rates, Point start, int steps, long seed) {
    return rates.best(
        rule -> Trajectory.of(device, this, rule, start, steps, seed),
        Trajectory.best(minimum() + NEAR));
  }

  /** The minimum of the function. */
  public double minimum() {
    return value(minima.get(0).numbers());
  }

  /** A picture of the surface with trajectories on it, by their names. */
  public Contours picture(Map<String, Trajectory> trajectories) {
    Map<String, Integer> looks = Looks.of(trajectories, trajectory -> trajectory.rule().name());
    return picture(
        trajectories.entrySet().stream()
            .map(
                one ->
                    new Series(
                        one.getKey(),
                        one.getValue().x(),
                        one.getValue().y(),
                        looks.get(one.getKey())))
            .toList());
  }

  /**
   * A picture of the surface with trajectories on it. It shows the surface's rectangle, and beyond
   * it as much as the trajectories need, up to {@link #REACH} of its lengths; where they start
   * farther away than that, a rectangle about their start.
   */
  public Contours picture(List<Series> trajectories) {
    boolean near =
        trajectories.stream()
            .allMatch(one -> reach(x).holds(one.x()[0]) && reach(y).holds(one.y()[0]));
    return new Contours(
        name + ": " + sentence.split("[:,]")[0],
        (a, b) -> value(new double[] {a, b}),
        frame(near, x, trajectories, Series::x, Series::y, y),
        frame(near, y, trajectories, Series::y, Series::x, x),
        minima.stream().map(Point::numbers).toList(),
        trajectories);
  }

  private static Range reach(Range range) {
    double more = REACH * range.span();
    return new Range(range.min() - more, range.max() + more);
  }

  /** The range along one axis, so that all points are in the picture that are not too far away. */
  private static Range frame(
      boolean near,
      Range own,
      List<Series> trajectories,
      Function<Series, double[]> along,
      Function<Series, double[]> across,
      Range other) {
    Range core = near ? own : about(along.apply(trajectories.get(0))[0], own);
    Range sideways = near ? other : about(across.apply(trajectories.get(0))[0], other);
    double[] points =
        trajectories.stream()
            .flatMapToDouble(
                one ->
                    IntStream.range(0, one.x().length)
                        .filter(i -> reach(sideways).holds(across.apply(one)[i]))
                        .mapToDouble(i -> along.apply(one)[i]))
            .filter(reach(core)::holds)
            .toArray();
    double min = DoubleStream.of(points).min().orElse(core.min());
    double max = DoubleStream.of(points).max().orElse(core.max());
    double pad = EDGE * (Math.max(max, core.max()) - Math.min(min, core.min()));
    return new Range(
        min < core.min() ? min - pad : core.min(), max > core.max() ? max + pad : core.max());
  }

  /** A range as long as another, or as long as can be told apart there. */
  private static Range about(double middle, Range own) {
    double half = Math.max(own.span() / 2, Math.abs(middle) * LEGIBLE);
    return new Range(middle - half, middle + half);
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
