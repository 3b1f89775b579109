package org.thalweg.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.check.GradCheck;
import org.thalweg.check.GradGradCheck;
import org.thalweg.check.Report;
import org.thalweg.compare.Surface.Point;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.minimize.Objective;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.optim.Momentum;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Sgd;
import org.thalweg.plot.Contours;
import org.thalweg.plot.Lines.Range;
import org.thalweg.plot.Lines.Series;

/** The landscapes: derivatives, minima, saddles. */
class SurfacesTest {
  private static final int PLACES = 50;

  static Stream<Surface> surfaces() {
    return Stream.concat(
        Surfaces.all(Surfaces.CONDITION).stream(), Stream.of(Surfaces.bowl(1), Surfaces.bowl(1e6)));
  }

  /** The start, and others all over the rectangle. */
  private static List<double[]> places(Surface surface) {
    List<double[]> places = new ArrayList<>(List.of(surface.start().numbers()));
    Philox random = new Philox(1, 0);
    while (places.size() <= PLACES) {
      places.add(new double[] {in(surface.x(), random), in(surface.y(), random)});
    }
    return places;
  }

  private static double in(Range range, Philox random) {
    return range.min() + random.nextUniform() * (range.max() - range.min());
  }

  @ParameterizedTest
  @MethodSource("surfaces")
  void derivativesAreThoseOfTheValue(Surface surface) {
    try (Device device = new JavaDevice(1)) {
      Objective f = surface.on(device, ElementType.F64);
      for (double[] w : places(surface)) {
        for (Report report : List.of(GradCheck.check(f, w), GradGradCheck.check(f, w))) {
          assertTrue(report.passed(), surface.name() + " at " + w[0] + ", " + w[1] + ": " + report);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("surfaces")
  void nothingIsBelowTheLeast(Surface surface) {
    assertFlat(surface, surface.minima().get(0), 2);
    for (double[] w : places(surface)) {
      assertTrue(surface.value(w) >= surface.minimum(), surface.name());
    }
  }

  @Test
  void minimaAndSaddles() {
    assertFlat(Surfaces.saddle(), new Point(0, -1), 2);
    assertFlat(Surfaces.saddle(), new Point(0, 0), 1);
    assertFlat(Surfaces.localMinimum(), new Point(-1, 0), 2);
    assertFlat(Surfaces.localMinimum(), new Point(-0.5, 0), 1);
    assertEquals(-0.25, Surfaces.saddle().minimum());
    assertEquals(0.125, Surfaces.localMinimum().value(new double[] {-1, 0}));
  }

  /**
   * The gradient is zero there, and so many eigenvalues of the Hessian are positive, the others
   * negative.
   */
  private static void assertFlat(Surface surface, Point point, int positive) {
    double[] w = point.numbers();
    double[] g = new double[2];
    surface.gradient(w, g);
    assertArrayEquals(new double[2], g, 0, surface.name() + " at " + point);
    double[] first = new double[2];
    double[] second = new double[2];
    surface.hessianTimes(w, new double[] {1, 0}, first);
    surface.hessianTimes(w, new double[] {0, 1}, second);
    double determinant = first[0] * second[1] - first[1] * second[0];
    assertEquals(positive == 2, determinant > 0, surface.name() + " at " + point);
    assertTrue(determinant != 0 && (positive < 2 || first[0] > 0), surface.name());
  }

  @Test
  void aConditionNumberIsAtLeastOne() {
    for (double bad : new double[] {0.99, 0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      var refused = assertThrows(IllegalArgumentException.class, () -> Surfaces.bowl(bad));
      assertTrue(refused.getMessage().endsWith(": " + Decimal.text(bad)), refused.getMessage());
    }
  }

  /** The frame holds the start and each trajectory, or the picture names what leaves it. */
  @Test
  void picturesHoldTheirTrajectoriesOrSayThatTheyDoNot() {
    for (Surface surface : Surfaces.all(Surfaces.CONDITION)) {
      for (double far : new double[] {0, 0.5, 3, 1e9}) {
        double x = surface.start().x() + far;
        double[] xs = {x, x + 0.2, x + 0.4};
        double[] ys = {surface.start().y(), surface.start().y() + 1, surface.start().y() + 0.5};
        Contours quiet = surface.picture(List.of(new Series("near", xs, ys)));
        Contours loud =
            surface.picture(
                List.of(
                    new Series("near", xs, ys),
                    new Series("gone", new double[] {x, x + 1e14, x}, ys),
                    new Series("nowhere", new double[] {x, Double.NaN}, new double[] {0, 0})));
        String what = surface.name() + " " + far;
        for (int i = 0; i < xs.length; i++) {
          assertTrue(quiet.x().holds(xs[i]) && quiet.y().holds(ys[i]), what);
          assertTrue(loud.x().holds(xs[i]) && loud.y().holds(ys[i]), what);
        }
        assertFalse(quiet.note().contains("near"), quiet.note());
        assertTrue(loud.note().startsWith("leaving the plot: gone, nowhere"), loud.note());
        assertEquals(far == 1e9, quiet.note().contains("minimum outside"), quiet.note());
        assertEquals(far == 1e9, loud.note().contains("minimum outside"), loud.note());
      }
    }
  }

  /**
   * Where a trajectory comes near the minimum from however far away, or the start is not far, the
   * picture holds the start, the minimum and the end.
   */
  @Test
  void picturesHoldTheWayToTheMinimum() {
    for (Surface surface : surfaces().toList()) {
      Point to = surface.minima().get(0);
      for (double lengths : new double[] {1, 4, 25, 1000, 1e9}) {
        for (int direction = 0; direction < 8; direction++) {
          double x = to.x() + lengths * surface.x().span() * Math.cos(direction);
          double y = to.y() + lengths * surface.y().span() * Math.sin(direction);
          double[] xs = {x, (x + to.x()) / 2, to.x()};
          double[] ys = {y, (y + to.y()) / 2, to.y()};
          Series whole = new Series("whole", xs, ys);
          Series slow = new Series("slow", new double[] {x, x}, new double[] {y, y + 0.1});
          Contours both = surface.picture(List.of(slow, whole));
          assertEquals("", both.note(), surface.name() + " " + x + ", " + y);
          boolean far = lengths >= 1000;
          Contours alone = surface.picture(List.of(slow));
          assertEquals(far ? "minimum outside" : "", start(alone.note()), alone::toString);
        }
      }
    }
  }

  private static String start(String note) {
    return note.replaceFirst(" of it.*", "");
  }

  @Test
  void picturesHoldTheEndsOfOptimizersThatConverge() {
    try (Device device = new JavaDevice(1)) {
      for (double condition : new double[] {1, 100, 1000, 1e5}) {
        Surface surface = Surfaces.bowl(condition);
        for (Point start : List.of(new Point(10, 10), new Point(30, -40), new Point(-1e6, 1e4))) {
          Map<String, Trajectory> trajectories = new LinkedHashMap<>();
          for (Optimizer rule :
              List.of(new Sgd(1.25 / condition), new Momentum(1 / condition, 0.5, 0))) {
            trajectories.put(rule.name(), Trajectory.of(device, surface, rule, start, 200, 1));
          }
          Contours picture = surface.picture(trajectories);
          for (Series path : picture.paths()) {
            for (int i : new int[] {0, path.x().length - 1}) {
              String what = path.name() + ", " + i + " in " + picture;
              assertTrue(picture.x().holds(path.x()[i]), what);
              assertTrue(picture.y().holds(path.y()[i]), what);
            }
          }
          assertFalse(picture.note().contains("minimum"), picture::note);
        }
      }
    }
  }

  @Test
  void everyOptimizerHasALookOfItsOwn() {
    Set<Integer> looks = new HashSet<>();
    Optimizers.names().forEach(name -> assertTrue(looks.add(Looks.of(name)), name));
    assertFalse(looks.contains(-1));
  }
}
