package org.thalweg.plot;

import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Datasets.Shape;

/**
 * The weights of a linear classifier as pictures, one template for each class. One channel is shown
 * from blue (negative) over white (0) to red, on one scale for all classes; three channels are red,
 * green and blue, each class from its smallest to its largest weight. Where the features are no
 * picture, each class is one line of them. (CS231n, "Linear classification": template matching.) A
 * weight that is not finite is grey. Of many classes the first are shown, and a line says so.
 *
 * @param weights row-major [features × classes]
 * @param shape what the features are a picture of, of 1 or 3 channels; null where they are none
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Templates(double[] weights, List<String> classes, @Nullable Shape shape)
    implements Picture {
  private static final int SIDE = 160;
  private static final int GAP = 16;
  private static final int NAME = 24;
  private static final int STRIP = 900;
  private static final int STRIP_HEIGHT = 26;
  private static final int NAMES = 150;

  /** Width of the colour bar with its numbers. */
  private static final int BAR = 220;

  private static final int BAR_ROOM = 56;

  /** Of more classes than these, the first are shown. */
  private static final int MOST = 40;

  public Templates {
    classes = List.copyOf(classes);
    if (weights.length == 0 || weights.length % classes.size() != 0) {
      throw new IllegalArgumentException(
          "%d weights are not features × %d classes".formatted(weights.length, classes.size()));
    }
    int features = weights.length / classes.size();
    if (shape != null && shape.channels() != 1 && shape.channels() != 3) {
      throw new IllegalArgumentException("channels must be 1 or 3, not " + shape.channels());
    }
    if (shape != null && (long) shape.width() * shape.height() * shape.channels() != features) {
      throw new IllegalArgumentException("%d features are no %s".formatted(features, shape));
    }
  }

  private int shown() {
    return Math.min(MOST, classes.size());
  }

  @Override
  public BufferedImage draw() {
    return shape == null ? strips() : grid(shape);
  }

  private BufferedImage grid(Shape shape) {
    // Small pictures grow by a whole factor, large ones shrink to the size.
    int longest = Math.max(shape.width(), shape.height());
    double scale = longest <= SIDE ? Math.floorDiv(SIDE, longest) : (double) SIDE / longest;
    int width = (int) Math.max(1, scale * shape.width());
    int height = (int) Math.max(1, scale * shape.height());
    int columns = (int) Math.ceil(Math.sqrt(2.0 * shown()));
    int rows = (shown() + columns - 1) / columns;
    boolean explained = shape.channels() == 1;
    // Names and the colour bar need their space, however small the pictures are.
    int cell = Math.max(width, 64) + GAP;
    Canvas canvas =
        new Canvas(
            Math.max(columns * cell, BAR) + 2 * GAP,
            rows * (height + NAME + GAP) + GAP + (explained ? BAR_ROOM : 0) + note());
    for (int i = 0; i < shown(); i++) {
      int x = GAP + i % columns * cell + (cell - width) / 2;
      int y = GAP + i / columns * (height + NAME + GAP);
      canvas.font(Font.PLAIN, Canvas.SMALL + 2);
      String name = Plot.printable(classes.get(i));
      canvas.text(name, x + width / 2.0, y + NAME / 2.0 - 2, 0.5, cell - 6);
      BufferedImage template = template(i, shape);
      canvas.pen.drawImage(template, x, y + NAME, width, height, null); // nearest neighbour
      canvas.pen.setColor(Color.GRAY);
      canvas.pen.drawRect(x - 1, y + NAME - 1, width + 1, height + 1);
      canvas.pen.setColor(Color.BLACK);
    }
    if (explained) bar(canvas, canvas.image.getWidth() / 2);
    note(canvas);
    return canvas.image;
  }

  private BufferedImage template(int label, Shape shape) {
    BufferedImage image =
        new BufferedImage(shape.width(), shape.height(), BufferedImage.TYPE_INT_RGB);
    int pixels = shape.width() * shape.height();
    double largest = largest();
    DoubleSummaryStatistics range =
        IntStream.range(0, pixels * shape.channels())
            .mapToDouble(feature -> weight(feature, label))
            .filter(Double::isFinite)
            .summaryStatistics();
    for (int pixel = 0; pixel < pixels; pixel++) {
      Color colour =
          shape.channels() == 1
              ? Canvas.diverging(weight(pixel, label) / largest)
              : rgb(
                  range,
                  weight(pixel, label),
                  weight(pixels + pixel, label),
                  weight(2 * pixels + pixel, label));
      image.setRGB(pixel % shape.width(), pixel / shape.width(), colour.getRGB());
    }
    return image;
  }

  private static Color rgb(DoubleSummaryStatistics range, double... weights) {
    float[] rgb = new float[weights.length];
    // Computed from halves, as the difference of two finite numbers may overflow.
    double span = range.getMax() / 2 - range.getMin() / 2;
    for (int i = 0; i < rgb.length; i++) {
      if (!Double.isFinite(weights[i])) return Canvas.NOT_FINITE;
      rgb[i] = span > 0 ? (float) ((weights[i] / 2 - range.getMin() / 2) / span) : 0.5f;
    }
    return new Color(rgb[0], rgb[1], rgb[2]);
  }

  /**
   * One line for each class; where there are more features than pixels, a pixel shows the largest
   * of its features.
   */
  private BufferedImage strips() {
    int features = weights.length / classes.size();
    int columns = Math.min(features, STRIP);
    int width = STRIP / columns * columns;
    int bottom = GAP + shown() * STRIP_HEIGHT;
    Canvas canvas = new Canvas(NAMES + width + 2 * GAP, bottom + NAME * 2 + BAR_ROOM + note());
    double largest = largest();
    for (int label = 0; label < shown(); label++) {
      int y = GAP + label * STRIP_HEIGHT;
      canvas.pen.setColor(Color.BLACK);
      String name = Plot.printable(classes.get(label));
      canvas.text(name, NAMES - 8, y + STRIP_HEIGHT / 2.0, 1, NAMES - 16);
      for (int column = 0; column < columns; column++) {
        int from = (int) ((long) column * features / columns);
        int to = (int) ((long) (column + 1) * features / columns);
        double weight = 0;
        for (int i = from; i < to; i++) {
          double other = weight(i, label);
          if (!(Math.abs(other) <= Math.abs(weight))) weight = other;
        }
        canvas.pen.setColor(Canvas.diverging(weight / largest));
        int step = width / columns;
        canvas.pen.fillRect(NAMES + column * step, y, step, STRIP_HEIGHT);
      }
    }
    canvas.pen.setColor(Color.GRAY);
    for (int i = 0; i <= shown(); i++) {
      int y = GAP + i * STRIP_HEIGHT;
      canvas.pen.drawLine(NAMES, y, NAMES + width, y);
    }
    canvas.pen.setColor(Color.BLACK);
    canvas.text("1", NAMES, bottom + NAME / 2.0, 0, 90);
    canvas.text("" + features, NAMES + width, bottom + NAME / 2.0, 1, 90);
    canvas.text("feature", NAMES + width / 2.0, bottom + NAME / 2.0, 0.5, 90);
    bar(canvas, NAMES + width / 2);
    note(canvas);
    return canvas.image;
  }

  /** The height of the line that says which classes are shown; 0 where it is all of them. */
  private int note() {
    return shown() < classes.size() ? NAME : 0;
  }

  private void note(Canvas canvas) {
    if (note() > 0) {
      String text = "the first %d of %d classes".formatted(shown(), classes.size());
      double y = canvas.image.getHeight() - NAME / 2.0;
      canvas.text(text, GAP, y, 0, canvas.image.getWidth() - 2 * GAP);
    }
  }

  private void bar(Canvas canvas, int middle) {
    int left = middle - BAR / 2;
    int y = canvas.image.getHeight() - note() - BAR_ROOM + 8;
    for (int i = 0; i <= BAR; i++) {
      canvas.pen.setColor(Canvas.diverging(2.0 * i / BAR - 1));
      canvas.pen.fillRect(left + i, y, 1, 14);
    }
    canvas.pen.setColor(Color.GRAY);
    canvas.pen.drawRect(left - 1, y - 1, BAR + 2, 15);
    canvas.pen.setColor(Color.BLACK);
    canvas.font(Font.PLAIN, Canvas.SMALL);
    canvas.text(String.format(Locale.ROOT, "%.3g", -largest()), left, y + 26.0, 0, BAR / 2);
    canvas.text("weight 0", middle, y + 26.0, 0.5, BAR / 2);
    canvas.text(String.format(Locale.ROOT, "%.3g", largest()), left + BAR, y + 26.0, 1, BAR / 2);
  }

  /** The largest magnitude of all finite weights, in all classes; 1 where all are 0. */
  private double largest() {
    double largest =
        DoubleStream.of(weights).filter(Double::isFinite).map(Math::abs).max().orElse(0);
    return largest == 0 ? 1 : largest;
  }

  private double weight(int feature, int label) {
    return weights[feature * classes.size() + label];
  }
}
