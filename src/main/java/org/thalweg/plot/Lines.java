package org.thalweg.plot;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * A line chart. The plot has the same size in each; names of lines stand beside it.
 *
 * @param title "" for none
 * @param x the horizontal axis
 * @param y the vertical axis
 * @param series told apart by colour and dash
 */
public record Lines(String title, Axis x, Axis y, List<Series> series) implements Picture {
  private static final int WIDTH = 680;
  private static final int HEIGHT = 440;

  /** Numbers of larger magnitude are not shown, so that ranges stay finite. */
  private static final double FAR = 1e300;

  /** Series with fewer points than this have markers. */
  private static final int FEW = 16;

  /** A loss that spans a larger factor than this is drawn logarithmically. */
  private static final double DECADE = 10;

  /** What is left of a fall that is as good as over. */
  private static final double LITTLE = 0.05;

  /** The share of an axis between the data and its ends. */
  private static final double PAD = 0.03;

  /** Ranges narrower than this, relative to the numbers, have no legible ticks. */
  private static final double NARROW = 1e-6;

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
     * A vertical axis for these series; logarithmic where the positive values span more than a
     * decade.
     */
    public static Axis upwards(String label, List<Series> series) {
      var positive =
          series.stream()
              .flatMapToDouble(one -> DoubleStream.of(one.y))
              .filter(y -> y > 0 && Double.isFinite(y))
              .summaryStatistics();
      return new Axis(label, positive.getMax() / positive.getMin() > DECADE);
    }

    /** The axis for these series. */
    Scale scale(List<Series> series, Function<Series, double[]> numbers) {
      double[] shown =
          series.stream()
              .flatMapToDouble(one -> DoubleStream.of(numbers.apply(one)))
              .filter(number -> Math.abs(number) <= FAR && (number > 0 || !logarithmic))
              .toArray();
      boolean whole = Arrays.stream(shown).allMatch(number -> number == Math.rint(number));
      return new Scale(label, logarithmic, whole, range == null ? range(shown) : range);
    }

    private Range range(double... shown) {
      double min = Arrays.stream(shown).min().orElse(1);
      double max = Arrays.stream(shown).max().orElse(1);
      if (logarithmic) {
        double pad = min < max ? Math.pow(max / min, PAD) : Math.sqrt(DECADE);
        return new Range(Math.max(Double.MIN_VALUE, min / pad), max * pad);
      }
      double narrow = NARROW * Math.max(Math.abs(min), Math.abs(max));
      double pad = max - min > narrow ? PAD * (max - min) : Math.max(narrow, min < max ? 0 : 1);
      return new Range(min - pad, max + pad);
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

    /** Its length. */
    public double span() {
      return max - min;
    }

    /** Whether it holds the number, as one of its ends or between them. */
    public boolean holds(double number) {
      return min <= number && number <= max;
    }
  }

  /**
   * A line with a name; where a number is not finite, or not positive on a logarithmic axis, there
   * is a gap.
   *
   * @param look which colour and dash it has; null for those of its place among the series
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record Series(String name, double[] x, double[] y, @Nullable Integer look) {
    /** Checks that both have the same length. */
    public Series {
      if (x.length != y.length) {
        throw new IllegalArgumentException(
            "%s: %d numbers on one axis, %d on the other".formatted(name, x.length, y.length));
      }
    }

    /** A line that looks as its place among the series says. */
    public Series(String name, double[] x, double[] y) {
      this(name, x, y, null);
    }

    int look(int place) {
      return look == null ? place : look;
    }
  }

  /**
   * One measure as it falls. Where most of the fall is over after a tenth of the points, and it
   * does not come near zero, the distance from its smallest value is drawn, logarithmically: in the
   * measure itself nothing could be seen.
   *
   * @param upwards what is measured
   */
  public static Lines descent(String across, String upwards, Series measured) {
    double[] y = Arrays.stream(measured.y).filter(Double::isFinite).toArray();
    double least = Arrays.stream(y).min().orElse(0);
    Axis axis = Axis.upwards(upwards, List.of(measured));
    Series shown = measured;
    if (!axis.logarithmic
        && y.length >= FEW
        && y[y.length / 10] - least < LITTLE * (y[0] - least)) {
      double[] above = Arrays.stream(measured.y).map(value -> value - least).toArray();
      shown = new Series(measured.name, measured.x, above, measured.look);
      axis = new Axis("%s above its smallest value, %.6g".formatted(upwards, least), true);
    }
    return new Lines("", new Axis(across, false), axis, List.of(shown));
  }

  @Override
  public BufferedImage draw() {
    Legend legend = new Legend(series, HEIGHT);
    int top = title.isEmpty() ? Legend.ROW : Frame.TOP;
    Canvas canvas =
        new Canvas(Frame.LEFT + WIDTH + Frame.RIGHT + legend.width(), top + HEIGHT + Frame.BOTTOM);
    Frame frame = frame(canvas, Frame.LEFT, top, WIDTH, HEIGHT);
    frame.title(title, WIDTH);
    legend.draw(canvas, Frame.LEFT + WIDTH + Frame.RIGHT, top);
    return canvas.image;
  }

  /** Draws axes and lines into a rectangle of a canvas. */
  Frame frame(Canvas canvas, int left, int top, int width, int height) {
    Scale across = x.scale(series, Series::x);
    Scale upwards = y.scale(series, Series::y);
    Frame frame = new Frame(canvas, left, top, width, height, across, upwards);
    frame.axes(true);
    frame.lines(series, series.stream().allMatch(one -> one.x.length < FEW));
    return frame;
  }
}
