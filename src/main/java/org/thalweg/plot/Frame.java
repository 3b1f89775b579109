package org.thalweg.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.thalweg.plot.Lines.Series;

/**
 * The plot area of a chart: lines in a rectangle between two axes. Its size is given, whatever the
 * labels.
 *
 * @param left of the rectangle
 * @param top of the rectangle
 */
record Frame(Canvas canvas, int left, int top, int width, int height, Scale x, Scale y) {
  /** Room for ticks and label beside the rectangle. */
  static final int LEFT = 104;

  /** Room for ticks and label below the rectangle. */
  static final int BOTTOM = 56;

  /** Room above the rectangle, for a title. */
  static final int TOP = 40;

  /** Room on the right, for half a tick label. */
  static final int RIGHT = 28;

  private static final Color GRID = new Color(0xDDDDDD);
  private static final int TICKS_ACROSS = 100;
  private static final int TICKS_UPWARDS = 40;

  /** Room for a tick's label below the rectangle, and a gap to the next. */
  static final int WIDEST_ACROSS = TICKS_ACROSS - 12;

  /** Room for a tick's label beside the rectangle, and a gap to the axis's own. */
  static final int WIDEST_UPWARDS = LEFT - 34;

  static final int MARKER = 4;

  double x(double number) {
    return left + width * x.at(number);
  }

  double y(double number) {
    return top + height * (1 - y.at(number));
  }

  /** Draws ticks, labels and border; the lines of the grid only if wanted. */
  void axes(boolean grid) {
    canvas.pen.setStroke(new BasicStroke(1));
    canvas.font(Font.PLAIN, Canvas.SMALL);
    List<BigDecimal> across = x.ticks(width / TICKS_ACROSS);
    BigDecimal right = offset(across, WIDEST_ACROSS);
    for (BigDecimal tick : across) {
      double at = x(tick.doubleValue());
      tick(new Line2D.Double(at, top + height, at, grid ? top : top + height + 5));
      String label = Scale.label(tick.subtract(right));
      canvas.text(label, at, top + height + 13, 0.5, WIDEST_ACROSS);
    }
    List<BigDecimal> upwards = y.ticks(height / TICKS_UPWARDS);
    BigDecimal up = offset(upwards, WIDEST_UPWARDS);
    for (BigDecimal tick : upwards) {
      double at = y(tick.doubleValue());
      tick(new Line2D.Double(left, at, grid ? left + width : left - 5, at));
      canvas.text(Scale.label(tick.subtract(up)), left - 7, at, 1, WIDEST_UPWARDS);
    }
    canvas.pen.setColor(Color.GRAY);
    canvas.pen.drawRect(left, top, width, height);
    canvas.pen.setColor(Color.BLACK);
    canvas.font(Font.PLAIN, Canvas.SMALL + 2);
    canvas.text(x.less(right), left + width / 2.0, top + height + 36, 0.5, width);
    canvas.upwards(y.less(up), left - LEFT + 14, top + height / 2.0, 0.5, height);
  }

  /**
   * What is subtracted from the ticks of an axis, and named once, beside it: zero where their
   * labels fit, else that of them with the fewest digits.
   *
   * @param widest label that fits, in pixels
   */
  BigDecimal offset(List<BigDecimal> ticks, int widest) {
    if (ticks.stream().allMatch(tick -> canvas.width(Scale.label(tick)) <= widest)) {
      return BigDecimal.ZERO;
    }
    return ticks.stream()
        .min(Comparator.comparingInt(tick -> tick.stripTrailingZeros().precision()))
        .orElseThrow();
  }

  private void tick(Line2D line) {
    canvas.pen.setColor(GRID);
    canvas.pen.draw(line);
    canvas.pen.setColor(Color.BLACK);
  }

  /** Writes the title above the rectangle. */
  void title(String title, int widest) {
    canvas.font(Font.BOLD, Canvas.TITLE);
    canvas.text(title, left, top - 18, 0, widest);
  }

  /**
   * Draws lines; dashed ones later, so that a solid line under one shows in its gaps.
   *
   * @param markers whether each point has one; a point without neighbours always has
   */
  void lines(List<Series> series, boolean markers) {
    IntStream.range(0, series.size())
        .boxed()
        .sorted(Comparator.comparing(i -> Canvas.dash(series.get(i).look(i))))
        .forEach(i -> line(series.get(i), series.get(i).look(i), markers));
  }

  private void line(Series series, int look, boolean markers) {
    Path2D path = new Path2D.Double();
    canvas.pen.setColor(Canvas.colour(look));
    int last = series.x().length - 1;
    for (int i = 0; i <= last; i++) {
      if (!shown(series, i)) {
        continue;
      }
      double px = x(series.x()[i]);
      double py = y(series.y()[i]);
      boolean joined = i > 0 && shown(series, i - 1);
      if (joined) {
        path.lineTo(px, py);
      } else {
        path.moveTo(px, py);
      }
      boolean goesOn = i < last && shown(series, i + 1);
      if (markers || !(joined || goesOn)) {
        canvas.pen.fill(disc(px, py, MARKER));
      }
    }
    canvas.pen.setStroke(Canvas.stroke(look));
    canvas.pen.draw(path);
    canvas.pen.setColor(Color.BLACK);
  }

  private boolean shown(Series series, int point) {
    return x.shows(series.x()[point]) && y.shows(series.y()[point]);
  }

  static Ellipse2D disc(double x, double y, double radius) {
    return new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius);
  }
}
