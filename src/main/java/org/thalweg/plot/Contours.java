package org.thalweg.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.geom.Ellipse2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.DoubleStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Range;
import org.thalweg.plot.Lines.Series;

/**
 * Trajectories over a contour plot: a function of two variables as bands of grey, dark where it is
 * small, and a line for each optimizer, from a ring at its start to a dot at its end. The bands'
 * bounds are quantiles of the values in the rectangle, closer together near the smallest, so that
 * only the order of the values matters, whatever their range.
 *
 * @param paths told apart by colour, and by dash from the eighth on; what leaves the rectangle is
 *     cut off at its edge
 */
public record Contours(
    String title, DoubleBinaryOperator function, Range x, Range y, List<Series> paths)
    implements Picture {
  private static final int WIDTH = 960;
  private static final int HEIGHT = 700;
  private static final int BANDS = 20;

  /**
   * Coordinates are clamped to this: far outside every rectangle, and small enough for differences
   * to be finite. A segment back from there is lost in rounding and not drawn.
   */
  private static final double FAR = 1e100;

  /** The grey of the lowest band; the highest is white. */
  private static final int DARK = 140;

  /** Keeps its own list. */
  public Contours {
    paths = List.copyOf(paths);
  }

  @Override
  public BufferedImage draw() {
    Canvas canvas = new Canvas(WIDTH, HEIGHT);
    List<Series> visible = paths.stream().map(this::clipped).toList();
    XYChart chart =
        new Lines(title, new Axis("x", false, x), new Axis("y", false, y), visible)
            .chart(WIDTH, HEIGHT);
    chart.getStyler().setPlotContentSize(1).setPlotBackgroundColor(Canvas.CLEAR);
    chart.getStyler().setChartBackgroundColor(Canvas.CLEAR);
    chart.getStyler().setPlotGridLinesVisible(false);
    chart.getSeriesCollection().forEach(line -> line.setMarker(SeriesMarkers.NONE));
    chart.paint(
        new Canvas(1, 1).pen, WIDTH, HEIGHT); // the positions of the axes are known after painting
    int left = (int) Math.round(chart.getScreenXFromChart(x.min()));
    int top = (int) Math.round(chart.getScreenYFromChart(y.max()));
    int width = (int) Math.round(chart.getScreenXFromChart(x.max())) - left;
    int height = (int) Math.round(chart.getScreenYFromChart(y.min())) - top;
    canvas.pen.drawImage(bands(width, height), left, top, null);
    chart.paint(canvas.pen, WIDTH, HEIGHT);
    for (int i = 0; i < paths.size(); i++) {
      Series path = paths.get(i);
      if (path.x().length > 0) {
        mark(canvas, chart, i, 0, false);
        mark(canvas, chart, i, path.x().length - 1, true);
      }
    }
    canvas.text("ring: start, dot: end", WIDTH - 14, HEIGHT - 14, 1, WIDTH);
    return canvas.image;
  }

  private void mark(Canvas canvas, XYChart chart, int path, int point, boolean end) {
    double px = paths.get(path).x()[point];
    double py = paths.get(path).y()[point];
    if (!(px >= x.min() && px <= x.max() && py >= y.min() && py <= y.max())) return;
    double radius = end ? 5 : 7;
    var disc =
        new Ellipse2D.Double(
            chart.getScreenXFromChart(px) - radius,
            chart.getScreenYFromChart(py) - radius,
            2 * radius,
            2 * radius);
    canvas.pen.setColor(Canvas.colour(path));
    if (end) canvas.pen.fill(disc);
    canvas.pen.setColor(end ? Color.WHITE : Color.BLACK);
    canvas.pen.setStroke(new BasicStroke(end ? 1 : 2));
    canvas.pen.draw(disc);
    canvas.pen.setColor(Color.BLACK);
  }

  /** Each pixel has the band of the value at its centre; NaN has the highest. */
  private BufferedImage bands(int width, int height) {
    double[] values = new double[width * height];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          function.applyAsDouble(
              x.min() + x.span() * (i % width + 0.5) / width,
              y.max() - y.span() * (Math.floorDiv(i, width) + 0.5) / height);
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted); // NaN last
    double[] bounds = new double[BANDS - 1];
    for (int i = 0; i < bounds.length; i++) {
      double share = (i + 1.0) / BANDS;
      bounds[i] = sorted[(int) (share * share * sorted.length)];
    }
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < values.length; i++) {
      int band = 0;
      while (band < bounds.length && !(values[i] < bounds[band])) band++;
      image.setRGB(i % width, i / width, 0x010101 * (DARK + (255 - DARK) * band / (BANDS - 1)));
    }
    return image;
  }

  /** Clips a path to the rectangle, with gaps where it is outside. */
  private Series clipped(Series path) {
    DoubleStream.Builder xs = DoubleStream.builder();
    DoubleStream.Builder ys = DoubleStream.builder();
    boolean joined = false;
    for (int i = 0; i + 1 < path.x().length; i++) {
      double[] from = {near(path.x()[i]), near(path.y()[i])};
      double[] step = {near(path.x()[i + 1]) - from[0], near(path.y()[i + 1]) - from[1]};
      // The segment is from + t*step, t in [0, 1]; each edge cuts off a part of it (Liang,
      // Barsky 1984).
      double enter = 0;
      double leave = 1;
      for (int axis = 0; axis < 2; axis++) {
        Range range = axis == 0 ? x : y;
        double a = (range.min() - from[axis]) / step[axis];
        double b = (range.max() - from[axis]) / step[axis];
        if (step[axis] == 0) { // never, or always between the edges
          boolean inside = range.min() <= from[axis] && from[axis] <= range.max();
          a = inside ? Double.NEGATIVE_INFINITY : Double.NaN;
          b = inside ? Double.POSITIVE_INFINITY : Double.NaN;
        }
        enter = Math.max(enter, Math.min(a, b));
        leave = Math.min(leave, Math.max(a, b));
      }
      if (!(enter <= leave)) { // outside, or not a number
        joined = false;
        continue;
      }
      // A gap before it comes in; one line as long as it stays inside, for its dashes.
      double[] in = {Double.NaN, enter, leave};
      for (double t : joined ? new double[] {leave} : in) {
        xs.add(from[0] + t * step[0]);
        ys.add(from[1] + t * step[1]);
      }
      joined = leave == 1;
    }
    return new Series(path.name(), xs.build().toArray(), ys.build().toArray());
  }

  private static double near(double coordinate) {
    return Math.max(-FAR, Math.min(FAR, coordinate));
  }
}
