package org.thalweg.plot;

import java.awt.image.BufferedImage;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Range;
import org.thalweg.plot.Lines.Series;

/**
 * Learning curves: loss in the left panel, accuracy in the right one, over the epochs. The loss
 * axis is logarithmic where the loss spans more than a decade; the accuracy axis goes from tenth to
 * tenth around what was measured.
 *
 * @param curves at least one, with at least one of its two series
 */
public record LearningCurve(List<Curve> curves) implements Picture {
  private static final int WIDTH = 480;
  private static final int HEIGHT = 400;
  private static final int PANEL = Frame.LEFT + WIDTH + Frame.RIGHT;

  /** Keeps its own list. */
  public LearningCurve {
    curves = List.copyOf(curves);
    if (curves.stream().allMatch(curve -> curve.loss == null && curve.accuracy == null)) {
      throw new IllegalArgumentException("nothing was measured: neither loss nor accuracy");
    }
  }

  /**
   * What was measured on one part of the data; what is not finite leaves a gap, and a number
   * between two gaps is a dot.
   *
   * @param name "training", "validation" or "test"
   * @param loss after epoch 1, 2, ...; null where it was not measured
   * @param accuracy likewise, each 0 to 1
   * @param look which colour and dash it has; null for those of its place among the curves
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record Curve(
      String name, double @Nullable [] loss, double @Nullable [] accuracy, @Nullable Integer look) {
    /** A curve that looks as its place among the curves says. */
    public Curve(String name, double @Nullable [] loss, double @Nullable [] accuracy) {
      this(name, loss, accuracy, null);
    }

    /** What was measured once, of the weights after one epoch. */
    public static Curve once(String name, int epoch, double loss, double accuracy) {
      return new Curve(name, last(epoch, loss), last(epoch, accuracy));
    }

    private static double[] last(int epoch, double value) {
      return IntStream.rangeClosed(1, epoch)
          .mapToDouble(i -> i < epoch ? Double.NaN : value)
          .toArray();
    }
  }

  @Override
  public BufferedImage draw() {
    List<Series> losses = series(Curve::loss);
    List<Series> accuracies = series(Curve::accuracy);
    boolean both = !losses.isEmpty() && !accuracies.isEmpty();
    Legend legend = new Legend(losses.isEmpty() ? accuracies : losses, HEIGHT);
    int panels = both ? 2 : 1;
    Canvas canvas = new Canvas(panels * PANEL + legend.width(), Legend.ROW + HEIGHT + Frame.BOTTOM);
    if (!losses.isEmpty()) {
      panel(canvas, 0, Axis.upwards("loss", losses), losses);
    }
    if (!accuracies.isEmpty()) {
      panel(canvas, panels - 1, new Axis("accuracy", false, tenths(accuracies)), accuracies);
    }
    legend.draw(canvas, panels * PANEL, Legend.ROW);
    return canvas.image;
  }

  private static void panel(Canvas canvas, int number, Axis y, List<Series> series) {
    new Lines("", new Axis("epoch", false), y, series)
        .frame(canvas, number * PANEL + Frame.LEFT, Legend.ROW, WIDTH, HEIGHT);
  }

  /** From the tenth below all numbers to the tenth above them. */
  private static Range tenths(List<Series> accuracies) {
    var found =
        accuracies.stream()
            .flatMapToDouble(one -> DoubleStream.of(one.y()))
            .filter(Double::isFinite)
            .summaryStatistics();
    if (found.getCount() == 0) return new Range(0, 1);
    double high = Math.max(1, Math.ceil(10 * found.getMax()));
    return new Range(Math.min(Math.floor(10 * found.getMin()), high - 1) / 10, high / 10);
  }

  /**
   * The series of all curves; an empty one for a curve without it, so that both panels have the
   * same colours.
   */
  private List<Series> series(Function<Curve, double @Nullable []> measure) {
    if (curves.stream().allMatch(curve -> measure.apply(curve) == null)) return List.of();
    return curves.stream().map(curve -> series(curve, measure.apply(curve))).toList();
  }

  private static Series series(Curve curve, double @Nullable [] measured) {
    double[] y = measured == null ? new double[0] : measured;
    double[] x = IntStream.rangeClosed(1, y.length).asDoubleStream().toArray();
    return new Series(curve.name, x, y, curve.look);
  }
}
