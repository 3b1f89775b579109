package org.thalweg.plot;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.XYChart;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Range;
import org.thalweg.plot.Lines.Series;

/**
 * Learning curves: loss in the left panel, accuracy in the right one, over the epochs. The loss
 * axis is logarithmic where the loss spans more than two decades.
 *
 * @param curves at least one, with at least one of its two series
 */
public record LearningCurve(List<Curve> curves) implements Picture {
  private static final int PANEL = 620;
  private static final int HEIGHT = 480;

  /** Keeps its own list. */
  public LearningCurve {
    curves = List.copyOf(curves);
    if (curves.stream().allMatch(curve -> curve.loss == null && curve.accuracy == null)) {
      throw new IllegalArgumentException("nothing was measured: neither loss nor accuracy");
    }
  }

  /**
   * What was measured on one part of the data; what is not finite leaves a gap.
   *
   * @param name "training", "validation" or "test"
   * @param loss after epoch 1, 2, ...; null where it was not measured
   * @param accuracy likewise, each 0 to 1
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record Curve(String name, double @Nullable [] loss, double @Nullable [] accuracy) {}

  @Override
  public BufferedImage draw() {
    List<Series> losses = series(Curve::loss);
    List<Series> accuracies = series(Curve::accuracy);
    boolean both = !losses.isEmpty() && !accuracies.isEmpty();
    Canvas canvas = new Canvas(both ? 2 * PANEL : PANEL, HEIGHT);
    Axis epoch = new Axis("epoch", false);
    List<XYChart> panels = new ArrayList<>();
    if (!losses.isEmpty()) {
      panels.add(panel(epoch, Axis.upwards("loss", losses), losses));
    }
    if (!accuracies.isEmpty()) {
      Axis axis = new Axis("accuracy", false, new Range(0, 1));
      panels.add(panel(epoch, axis, accuracies));
    }
    for (XYChart panel : panels) {
      panel.paint(canvas.pen, PANEL, HEIGHT);
      canvas.pen.translate(PANEL, 0);
    }
    return canvas.image;
  }

  /**
   * The series of all curves; an empty one for a curve without it, so that both panels have the
   * same colours.
   */
  private List<Series> series(Function<Curve, double @Nullable []> measure) {
    if (curves.stream().allMatch(curve -> measure.apply(curve) == null)) return List.of();
    List<Series> series = new ArrayList<>();
    for (Curve curve : curves) {
      double[] y = measure.apply(curve);
      if (y == null) y = new double[0];
      double[] x = IntStream.rangeClosed(1, y.length).asDoubleStream().toArray();
      series.add(new Series(curve.name, x, y));
    }
    return series;
  }

  private static XYChart panel(Axis x, Axis y, List<Series> series) {
    XYChart chart = new Lines("", x, y, series).chart(PANEL, HEIGHT);
    boolean few = series.stream().allMatch(one -> one.x().length < Lines.FEW);
    if (few) { // there is no epoch 1.5
      chart.setCustomXAxisTickLabelsFormatter(
          tick -> tick == Math.rint(tick) ? Long.toString(tick.longValue()) : "");
    }
    for (int i = 0; i < series.size(); i++) {
      chart.getSeries(Integer.toString(i)).setShowInLegend(series.get(i).x().length > 0);
    }
    return chart;
  }
}
