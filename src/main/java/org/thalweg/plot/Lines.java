package org.thalweg.plot;

import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A line chart.
 *
 * @param x the horizontal axis
 * @param y the vertical axis
 * @param series told apart by colour, and by dash from the eighth on
 */
public record Lines(String title, Axis x, Axis y, List<Series> series) implements Picture {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 560;

  /** Numbers of larger magnitude are not shown, so that ranges stay finite. */
  private static final double FAR = 1e300;

  /** Series with fewer points than this have markers: a single point makes no line. */
  static final int FEW = 16;

  /**
   * An axis over more decades than this shows exponents, as XChart would write every power in full.
   */
  private static final int DECADES = 12;

  private static final double TWO_DECADES = 100;

  /** Keeps its own list. */
  public Lines {
    series = List.copyOf(series);
  }

  /**
   * An axis.
   *
   * @param logarithmic shows positive numbers only
   * @param range the smallest and the largest number shown; null is those of the data
   */
  public record Axis(String label, boolean logarithmic, @Nullable Range range) {
    /** An axis with the range of the data. */
    public Axis(String label, boolean logarithmic) {
      this(label, logarithmic, null);
    }

    /**
     * A vertical axis for these series; logarithmic where the positive values span more than two
     * decades.
     */
    public static Axis upwards(String label, List<Series> series) {
      var positive =
          series.stream()
              .flatMapToDouble(one -> DoubleStream.of(one.y))
              .filter(y -> y > 0 && Double.isFinite(y))
              .summaryStatistics();
      return new Axis(label, positive.getMax() / positive.getMin() > TWO_DECADES);
    }
  }

  /** An interval. */
  public record Range(double min, double max) {
    /** Checks that there is something between the two. */
    public Range {
      if (!(min < max && Double.isFinite(max - min))) {
        throw new IllegalArgumentException("no range: from %s to %s".formatted(min, max));
      }
    }

    double span() {
      return max - min;
    }

    Range log10() {
      return new Range(Math.log10(min), Math.log10(max));
    }
  }

  /**
   * A line with a name; where a number is not finite, or not positive on a logarithmic axis, there
   * is a gap.
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record Series(String name, double[] x, double[] y) {
    /** Checks that both have the same length. */
    public Series {
      if (x.length != y.length) {
        throw new IllegalArgumentException(
            "%s: %d numbers on one axis, %d on the other".formatted(name, x.length, y.length));
      }
    }
  }

  @Override
  public BufferedImage draw() {
    Canvas canvas = new Canvas(WIDTH, HEIGHT);
    chart(WIDTH, HEIGHT).paint(canvas.pen, WIDTH, HEIGHT);
    return canvas.image;
  }

  /** The chart, to be combined with other charts; call it only after a {@link Canvas} was made. */
  XYChart chart(int width, int height) {
    XYChart chart = new XYChart(width, height);
    var style = chart.getStyler();
    style.setLocale(Locale.ROOT);
    style.setChartTitleFont(Canvas.sans(Font.BOLD, Canvas.TITLE)).setChartTitleBoxVisible(false);
    style.setLegendFont(Canvas.sans(Font.PLAIN, Canvas.SMALL + 1));
    style.setLegendSeriesLineLength(40).setLegendBorderColor(Color.WHITE);
    style.setLegendPosition(Styler.LegendPosition.OutsideE);
    style.setChartBackgroundColor(Color.WHITE).setPlotBorderVisible(true);
    style.setAxisTitleFont(Canvas.sans(Font.PLAIN, Canvas.SMALL + 2));
    style.setAxisTickLabelsFont(Canvas.sans(Font.PLAIN, Canvas.SMALL));
    style.setPlotGridLinesColor(new Color(0xDDDDDD)).setXAxisTickMarkSpacingHint(90);
    style.setMarkerSize(7);

    Range across = range(x, Series::x);
    Range upwards = range(y, Series::y);
    boolean exponentsAcross = exponents(x, across);
    boolean exponentsUpwards = exponents(y, upwards);
    style.setXAxisLogarithmic(x.logarithmic && !exponentsAcross);
    style.setYAxisLogarithmic(y.logarithmic && !exponentsUpwards);
    chart.setTitle(title);
    style.setChartTitleVisible(!title.isEmpty());
    chart.setXAxisTitle(exponentsAcross ? "log10 of " + x.label : x.label);
    chart.setYAxisTitle(exponentsUpwards ? "log10 of " + y.label : y.label);
    across = exponentsAcross ? across.log10() : across;
    upwards = exponentsUpwards ? upwards.log10() : upwards;
    style.setXAxisMin(across.min).setXAxisMax(across.max);
    style.setYAxisMin(upwards.min).setYAxisMax(upwards.max);
    for (int i = 0; i < series.size(); i++) {
      Series one = series.get(i);
      // A gap, for XChart, is a y that is NaN. There is one too many, at an odd place: over
      // equidistant points XChart
      // would put its ticks, however crowded they are.
      double[] xs = new double[one.x.length + 1];
      double[] ys = new double[xs.length];
      Arrays.fill(xs, across.min + across.span() / Math.PI);
      Arrays.fill(ys, Double.NaN);
      for (int j = 0; j < one.x.length; j++) {
        if (shown(x, one.x[j]) && shown(y, one.y[j])) {
          xs[j] = exponentsAcross ? Math.log10(one.x[j]) : one.x[j];
          ys[j] = exponentsUpwards ? Math.log10(one.y[j]) : one.y[j];
        }
      }
      var line = chart.addSeries(i + "", xs, ys);
      line.setLabel(Canvas.printable(one.name));
      line.setLineColor(Canvas.colour(i)).setLineStyle(Canvas.stroke(i));
      line.setMarkerColor(Canvas.colour(i));
      line.setMarker(one.x.length < FEW ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    }
    return chart;
  }

  private static boolean exponents(Axis axis, Range range) {
    return axis.logarithmic && range.log10().span() > DECADES;
  }

  private static boolean shown(Axis axis, double number) {
    return Math.abs(number) <= FAR && (number > 0 || !axis.logarithmic);
  }

  private Range range(Axis axis, Function<Series, double[]> numbers) {
    if (axis.range != null) return axis.range;
    var found =
        series.stream()
            .flatMapToDouble(one -> DoubleStream.of(numbers.apply(one)))
            .filter(number -> shown(axis, number))
            .summaryStatistics();
    double min = found.getCount() == 0 ? 1 : found.getMin();
    double max = found.getCount() == 0 ? 1 : found.getMax();
    // At least two decades, so that there are ticks.
    if (axis.logarithmic && !(max / min >= 100)) {
      double low = Math.floor(Math.log10(min));
      double high = Math.max(low + 1, Math.ceil(Math.log10(max)));
      return new Range(Math.pow(10, low), Math.pow(10, high));
    }
    double pad = Math.max(1, Math.ulp(max) * (1L << 20)); // a range that rounding leaves one
    return min < max ? new Range(min, max) : new Range(min - pad, max + pad);
  }
}
