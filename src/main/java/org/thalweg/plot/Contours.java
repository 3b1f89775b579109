package org.thalweg.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.thalweg.plot.Lines.Range;
import org.thalweg.plot.Lines.Series;

/**
 * Trajectories over a contour plot: a function of two variables as bands of grey, dark where it is
 * small, and a line for each optimizer, from a ring at its start to a dot at its end. The bands'
 * bounds are quantiles of the values in the rectangle, closer together near the smallest, so that
 * only the order of the values matters, whatever their range; a scale beside the plot names them.
 * The plot has the same size in each picture.
 *
 * @param minima each marked by a cross, where the rectangle holds it
 * @param paths told apart by colour and dash; what leaves the rectangle is cut off at its edge, and
 *     a note under the plot says whose it is
 */
public record Contours(
    String title,
    DoubleBinaryOperator function,
    Range x,
    Range y,
    List<double[]> minima,
    List<Series> paths)
    implements Picture {
  private static final int WIDTH = 700;
  private static final int HEIGHT = 600;
  private static final int BANDS = 20;

  /** Width of the scale of values with its numbers. */
  private static final int SCALE = 150;

  /** The most digits of its numbers. */
  private static final int DIGITS = 8;

  /** Rows of the legend that explain marks. */
  private static final int MARKS = 3;

  private static final int NOTE = 24;

  /**
   * Coordinates are clamped to this: far outside every rectangle, and small enough for differences
   * to be finite.
   */
  private static final Range PLANE = new Range(-1e200, 1e200);

  /** The grey of the lowest band; the highest is white. */
  private static final int DARK = 140;

  /** Keeps its own lists. */
  public Contours {
    minima = List.copyOf(minima);
    paths = List.copyOf(paths);
  }

  @Override
  public BufferedImage draw() {
    int below = Frame.TOP + HEIGHT + Frame.BOTTOM;
    int right = Frame.LEFT + WIDTH + Frame.RIGHT;
    Legend legend = new Legend(paths, HEIGHT / 2);
    Canvas canvas = new Canvas(right + Math.max(SCALE, legend.width()), below + NOTE);
    Scale across = new Scale("x", false, false, x);
    Scale upwards = new Scale("y", false, false, y);
    Frame frame = new Frame(canvas, Frame.LEFT, Frame.TOP, WIDTH, HEIGHT, across, upwards);
    double[] bounds = bands(canvas.image.getSubimage(frame.left(), frame.top(), WIDTH, HEIGHT));
    frame.axes(false);
    frame.lines(paths.stream().map(this::clipped).toList(), false);
    minima.stream()
        .filter(this::holds)
        .forEach(at -> cross(canvas, frame.x(at[0]), frame.y(at[1])));
    for (int i = 0; i < paths.size(); i++) {
      Series path = paths.get(i);
      if (path.x().length > 0) {
        Color colour = Canvas.colour(path.look(i));
        mark(frame, point(path, 0), false, colour);
        mark(frame, point(path, path.x().length - 1), true, colour);
      }
    }
    frame.title(paths.size() == 1 ? paths.get(0).name() + " on " + title : title, WIDTH + SCALE);
    legend.draw(canvas, right, Frame.TOP);
    int marks = Frame.TOP + Legend.ROW * (legend.rows() + 1);
    explain(canvas, right + 15, marks);
    scale(canvas, right, marks + (MARKS + 1) * Legend.ROW, bounds);
    canvas.font(Font.PLAIN, Canvas.SMALL);
    canvas.text(note(), 12, below + NOTE / 2.0 - 4, 0, right + SCALE - 24);
    return canvas.image;
  }

  private static double[] point(Series path, int i) {
    return new double[] {path.x()[i], path.y()[i]};
  }

  private boolean holds(double... point) {
    return x.holds(point[0]) && y.holds(point[1]);
  }

  /**
   * Which trajectories leave the plot, and where the minima are if none is in it; "" if neither.
   */
  public String note() {
    List<String> outside =
        paths.stream()
            .filter(
                path -> {
                  for (int i = 0; i < path.x().length; i++) {
                    if (!holds(point(path, i))) return true;
                  }
                  return false;
                })
            .map(Series::name)
            .toList();
    String names = outside.isEmpty() ? "" : "leaving the plot: " + String.join(", ", outside);
    boolean seen = minima.isEmpty() || minima.stream().anyMatch(this::holds);
    String minimum =
        seen ? "" : "minimum outside of it: (%s, %s)".formatted(minima.get(0)[0], minima.get(0)[1]);
    return String.join("; ", Stream.of(names, minimum).filter(text -> !text.isEmpty()).toList());
  }

  private static void cross(Canvas canvas, double px, double py) {
    int x = (int) Math.round(px);
    int y = (int) Math.round(py);
    for (int pass = 0; pass < 2; pass++) { // black with a white edge
      canvas.pen.setColor(pass == 0 ? Color.WHITE : Color.BLACK);
      canvas.pen.setStroke(new BasicStroke(pass == 0 ? 5 : 2));
      canvas.pen.drawLine(x - 7, y - 7, x + 7, y + 7);
      canvas.pen.drawLine(x - 7, y + 7, x + 7, y - 7);
    }
  }

  private void mark(Frame frame, double[] point, boolean end, Color colour) {
    if (holds(point)) {
      mark(frame.canvas(), frame.x(point[0]), frame.y(point[1]), end, colour);
    }
  }

  private static void mark(Canvas canvas, double px, double py, boolean end, Color colour) {
    var disc = Frame.disc(px, py, end ? 5 : 7);
    canvas.pen.setColor(colour);
    if (end) canvas.pen.fill(disc);
    canvas.pen.setColor(end ? Color.WHITE : Color.BLACK);
    canvas.pen.setStroke(new BasicStroke(end ? 1 : 2));
    canvas.pen.draw(disc);
    canvas.pen.setColor(Color.BLACK);
  }

  private static void explain(Canvas canvas, int x, int y) {
    canvas.font(Font.PLAIN, Canvas.SMALL + 1);
    mark(canvas, x, y, false, Color.BLACK);
    mark(canvas, x, y + Legend.ROW, true, Color.BLACK);
    cross(canvas, x, y + 2 * Legend.ROW);
    String[] meanings = {"start", "end", "minimum"};
    for (int i = 0; i < meanings.length; i++) {
      canvas.text(meanings[i], x + 18, y + i * Legend.ROW, 0, SCALE);
    }
  }

  /** The bands' greys, the highest on top, with every fourth bound between them. */
  private static void scale(Canvas canvas, int left, int top, double... bounds) {
    int step = 9;
    canvas.font(Font.PLAIN, Canvas.SMALL);
    canvas.text("value", left, top, 0, SCALE);
    int bottom = top + 14 + BANDS * step;
    for (int band = 0; band < BANDS; band++) {
      canvas.pen.setColor(new Color(grey(band)));
      canvas.pen.fillRect(left, bottom - (band + 1) * step, 26, step);
    }
    canvas.pen.setColor(Color.BLACK);
    List<Integer> named = List.of(1, 4, 8, 12, 16);
    List<String> labels = labels(named.stream().map(band -> bounds[band - 1]).toList());
    for (int i = 0; i < named.size(); i++) {
      canvas.text(labels.get(i), left + 32, bottom - named.get(i) * step, 0, SCALE - 32);
    }
    canvas.pen.setColor(Color.GRAY);
    canvas.pen.setStroke(new BasicStroke(1));
    canvas.pen.drawRect(left, bottom - BANDS * step, 26, BANDS * step);
    canvas.pen.setColor(Color.BLACK);
  }

  /**
   * Increasing numbers in as few digits, at least two, as tell them apart; "" for one that is the
   * same as that before it, or is so in the most digits for which there is room.
   */
  static List<String> labels(List<Double> numbers) {
    List<String> labels = List.of();
    int different = (int) numbers.stream().distinct().count();
    for (int digits = 2; digits <= DIGITS; digits++) {
      MathContext rounding = new MathContext(digits);
      labels =
          numbers.stream()
              .map(number -> Scale.label(new BigDecimal(number).round(rounding)))
              .toList();
      if (new HashSet<>(labels).size() == different) break;
    }
    List<String> all = labels;
    return IntStream.range(0, all.size())
        .mapToObj(i -> all.indexOf(all.get(i)) == i ? all.get(i) : "")
        .toList();
  }

  private static int grey(int band) {
    return 0x010101 * (DARK + (255 - DARK) * band / (BANDS - 1));
  }

  /**
   * Each pixel has the band of the value at its centre; NaN has the highest. Returns the bounds
   * between the bands.
   */
  private double[] bands(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    double[] values = new double[width * height];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          function.applyAsDouble(
              x.min() + x.span() * (i % width + 0.5) / width,
              y.max() - y.span() * (Math.floorDiv(i, width) + 0.5) / height);
    }
    double[] sorted = Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
    double[] bounds = new double[BANDS - 1];
    for (int i = 0; i < bounds.length && sorted.length > 0; i++) {
      double share = (i + 1.0) / BANDS;
      bounds[i] = sorted[(int) (share * share * sorted.length)];
    }
    for (int i = 0; i < values.length; i++) {
      int band = 0;
      while (band < bounds.length && !(values[i] < bounds[band])) band++;
      image.setRGB(i % width, i / width, grey(band));
    }
    return bounds;
  }

  /** Clips a path to the rectangle, with gaps where it is outside. */
  private Series clipped(Series path) {
    DoubleStream.Builder xs = DoubleStream.builder();
    DoubleStream.Builder ys = DoubleStream.builder();
    boolean joined = false;
    for (int i = 0; i + 1 < path.x().length; i++) {
      // The segment is from + t*step, t in [0, 1], counted from an end inside, if there is one,
      // where rounding is least; each edge cuts off a part of it (Liang, Barsky 1984).
      boolean endsInside = holds(point(path, i + 1));
      double[] from = clamped(point(path, endsInside ? i + 1 : i), PLANE, PLANE);
      double[] step = clamped(point(path, endsInside ? i : i + 1), PLANE, PLANE);
      double enter = 0;
      double leave = 1;
      for (int axis = 0; axis < 2; axis++) {
        step[axis] -= from[axis];
        Range range = axis == 0 ? x : y;
        double a = (range.min() - from[axis]) / step[axis];
        double b = (range.max() - from[axis]) / step[axis];
        if (step[axis] == 0) { // never, or always between the edges
          a = range.holds(from[axis]) ? Double.NEGATIVE_INFINITY : Double.NaN;
          b = range.holds(from[axis]) ? Double.POSITIVE_INFINITY : Double.NaN;
        }
        enter = Math.max(enter, Math.min(a, b));
        leave = Math.min(leave, Math.max(a, b));
      }
      if (!(enter <= leave)) { // outside, or not a number
        joined = false;
        continue;
      }
      double first = endsInside ? leave : enter;
      double last = endsInside ? enter : leave;
      // A gap before it comes in; one line as long as it stays inside, for its dashes.
      double[] in = {Double.NaN, first, last};
      for (double t : joined ? new double[] {last} : in) {
        // Rounding may put a point of the edge outside, where nothing is drawn.
        double[] at = clamped(new double[] {from[0] + t * step[0], from[1] + t * step[1]}, x, y);
        xs.add(at[0]);
        ys.add(at[1]);
      }
      joined = endsInside;
    }
    return new Series(path.name(), xs.build().toArray(), ys.build().toArray(), path.look());
  }

  private static double[] clamped(double[] point, Range x, Range y) {
    return new double[] {
      Math.max(x.min(), Math.min(x.max(), point[0])), Math.max(y.min(), Math.min(y.max(), point[1]))
    };
  }
}
