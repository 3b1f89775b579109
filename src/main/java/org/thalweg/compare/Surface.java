package org.thalweg.compare;

import java.util.List;
import java.util.Map;
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
  /** How many lengths of a rectangle a picture goes beyond it at most, for the trajectories. */
  private static final double REACH = 2;

  /** How many lengths beyond the surface's rectangle a start may be, wherever it leads. */
  private static final double START = 30;

  /** The share of the way to the minimum that is well seen in a picture of the whole. */
  private static final double SEEN = 0.1;

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
        rule -> true, // binary64 has room for all rates
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
   * A picture of the surface with trajectories on it. It shows a rectangle that holds the surface's
   * own, with the minima, and the starts, and beyond it as much as the trajectories need, up to
   * {@link #REACH} of its lengths. Where they start more than {@link #START} lengths away from the
   * surface's rectangle, and none goes a share {@link #SEEN} of the way to the minimum, it is one
   * about their start.
   */
  public Contours picture(List<Series> trajectories) {
    List<double[]> starts = trajectories.stream().map(one -> points(one).get(0)).toList();
    boolean near =
        starts.stream().allMatch(at -> holds(x, y, START, at))
            || trajectories.stream().anyMatch(this::travels);
    Range coreX = near ? x : about(starts.get(0)[0], x);
    Range coreY = near ? y : about(starts.get(0)[1], y);
    Range withStartsX = with(coreX, starts, 0, 0);
    Range withStartsY = with(coreY, starts, 1, 0);
    List<double[]> shown =
        trajectories.stream()
            .flatMap(one -> points(one).stream())
            .filter(at -> holds(withStartsX, withStartsY, REACH, at))
            .toList();
    return new Contours(
        name + ": " + sentence.split("[:,]")[0],
        (a, b) -> value(new double[] {a, b}),
        with(coreX, shown, 0, EDGE),
        with(coreY, shown, 1, EDGE),
        minima.stream().map(Point::numbers).toList(),
        trajectories);
  }

  private static List<double[]> points(Series path) {
    return IntStream.range(0, path.x().length)
        .mapToObj(i -> new double[] {path.x()[i], path.y()[i]})
        .toList();
  }

  /** Whether a point is at most so many lengths of a rectangle away from it. */
  private static boolean holds(Range x, Range y, double lengths, double... at) {
    return x.min() - at[0] <= lengths * x.span()
        && at[0] - x.max() <= lengths * x.span()
        && y.min() - at[1] <= lengths * y.span()
        && at[1] - y.max() <= lengths * y.span();
  }

  /** Whether something of the trajectory would be seen in a picture of the way to the minimum. */
  private boolean travels(Series path) {
    double[] start = points(path).get(0);
    double[] to = minima.get(0).numbers();
    double way = distance(start, to);
    return points(path).stream()
        .anyMatch(at -> distance(at, to) <= way && distance(at, start) >= SEEN * way);
  }

  /** In lengths of the surface's rectangle. */
  private double distance(double[] a, double[] b) {
    return Math.hypot((a[0] - b[0]) / x.span(), (a[1] - b[1]) / y.span());
  }

  /** The range extended to hold the points, with some space beyond them, as a share of it. */
  private static Range with(Range range, List<double[]> points, int axis, double space) {
    var all = points.stream().mapToDouble(at -> at[axis]).summaryStatistics();
    double min = Math.min(range.min(), all.getMin());
    double max = Math.max(range.max(), all.getMax());
    double pad = space * (max - min);
    return new Range(min < range.min() ? min - pad : min, max > range.max() ? max + pad : max);
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
