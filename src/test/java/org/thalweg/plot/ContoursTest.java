package org.thalweg.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.Philox;
import org.thalweg.plot.Lines.Range;
import org.thalweg.plot.Lines.Series;

/** What is drawn where trajectories cross the edge of the plot, and the scale of values. */
class ContoursTest {
  private static final int WIDTH = 700;
  private static final int HEIGHT = 600;
  private static final int DIRECTIONS = 12;

  /** Ranges whose ends and middles are no round numbers. */
  private static Range awkward(Philox random) {
    double min = 20 * random.nextUniform() - 10;
    return new Range(min, min + 0.1 + 10 * random.nextUniform());
  }

  /** From the middle so many times as far as the edge is, which is at 1. */
  private static double[] away(Range x, Range y, int direction, double times) {
    double angle = 2 * Math.PI * (direction + 0.3) / DIRECTIONS;
    double edge = 0.5 * times / Math.max(Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle)));
    return new double[] {
      x.min() + x.span() / 2 + edge * Math.cos(angle) * x.span(),
      y.min() + y.span() / 2 + edge * Math.sin(angle) * y.span()
    };
  }

  private static BufferedImage draw(Range x, Range y, double[]... path) {
    double[] xs = List.of(path).stream().mapToDouble(at -> at[0]).toArray();
    double[] ys = List.of(path).stream().mapToDouble(at -> at[1]).toArray();
    List<Series> paths = List.of(new Series("p", xs, ys));
    return new Contours("", (a, b) -> a + b, x, y, List.of(), paths).draw();
  }

  /** Whether there is colour at a point, or at most so many pixels beside it. */
  private static boolean coloured(
      BufferedImage image, Range x, Range y, double[] point, int beside) {
    int px = (int) (Frame.LEFT + WIDTH * (point[0] - x.min()) / x.span());
    int py = (int) (Frame.TOP + HEIGHT * (y.max() - point[1]) / y.span());
    for (int i = px - beside; i <= px + beside; i++) {
      for (int j = py - beside; j <= py + beside; j++) {
        int rgb = image.getRGB(i, j);
        if ((rgb & 0xFF) != (rgb >> 8 & 0xFF)) return true;
      }
    }
    return false;
  }

  @Test
  void aSegmentAcrossTheEdgeIsDrawnUpToItAndBack() {
    Philox random = new Philox(7, 0);
    for (double far : new double[] {1.2, 7, 1e17, 1e100}) {
      for (int direction = 0; direction < DIRECTIONS; direction++) {
        Range x = awkward(random);
        Range y = awkward(random);
        double[] middle = away(x, y, 0, 0);
        double[] outside = away(x, y, direction, far);
        for (boolean back : new boolean[] {false, true}) {
          BufferedImage image = back ? draw(x, y, outside, middle) : draw(x, y, middle, outside);
          String what = "%s, %d of %s and %s, back: %s".formatted(far, direction, x, y, back);
          for (double along : new double[] {0.1, 0.5, 0.9, 0.99}) {
            assertTrue(coloured(image, x, y, away(x, y, direction, along), 3), what);
          }
          // A dot where it ends, none where it begins: beyond the line, and not on its ring.
          assertEquals(back, coloured(image, x, y, away(x, y, direction, -0.01), 1), what);
        }
      }
    }
  }

  /** As few digits as tell the numbers apart; what is the same has one label. */
  @Test
  void theValuesOfTheScaleDiffer() {
    assertEquals(List.of("0.17", "2.7", "11", "34", "99"), labels(0.1725, 2.71, 11.2, 34, 99.4));
    assertEquals(List.of("700000", "702000"), labels(700_000, 702_000));
    assertEquals(List.of("1e38", "", ""), labels(1e38, 1e38, Math.nextUp(1e38)));
    Canvas canvas = new Canvas(1, 1);
    for (double size : new double[] {1e-300, -1e-300, 1e-7, 1, -7, 1437, 9.99999998e37, 1e299}) {
      for (double step : new double[] {0, 1e-16, 1e-9, 1e-6, 1e-3, 0.5, 7}) {
        double[] numbers =
            DoubleStream.iterate(0, i -> i + 1)
                .limit(5)
                .map(i -> size + Math.abs(size) * step * i)
                .toArray();
        List<String> labels = labels(numbers);
        Set<String> seen = new HashSet<>();
        for (String label : labels) {
          assertTrue(label.isEmpty() || seen.add(label), labels::toString);
          assertTrue(canvas.width(label) <= 118, label);
        }
        assertFalse(labels.get(0).isEmpty(), labels::toString);
        if (step >= 1e-6) assertEquals(5, seen.size(), labels::toString);
      }
    }
  }

  private static List<String> labels(double... numbers) {
    return Contours.labels(DoubleStream.of(numbers).boxed().collect(Collectors.toList()));
  }
}
