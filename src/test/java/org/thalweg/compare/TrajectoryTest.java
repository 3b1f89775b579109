package org.thalweg.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalInt;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.optim.Momentum;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Sgd;

/** Ways over surfaces. */
class TrajectoryTest {
  private static final int STEPS = 40;

  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  abstract static class Body {
    private static final int FEW = 4;
    private final TestDevices which;

    Body(TestDevices which) {
      this.which = which;
    }

    /** Every rule over every surface. */
    @Test
    void sameBits() {
      try (Device java = TestDevices.JAVA_1.open();
          Device device = which.open()) {
        for (Surface surface : Surfaces.all(Surfaces.CONDITION)) {
          for (Optimizer one : Optimizers.all()) {
            Optimizer rule = surface.rates().of(one);
            Trajectory expected = Trajectory.of(java, surface, rule, surface.start(), FEW, 1);
            Trajectory way = Trajectory.of(device, surface, rule, surface.start(), FEW, 1);
            assertEquals(FEW, way.steps());
            assertSameBits(surface.name() + " by " + rule, expected, way);
          }
        }
      }
    }
  }

  private static void assertSameBits(String what, Trajectory expected, Trajectory actual) {
    assertArrayEquals(expected.x(), actual.x(), what);
    assertArrayEquals(expected.y(), actual.y(), what);
    assertArrayEquals(expected.value(), actual.value(), what);
  }

  private static Trajectory way(Surface surface, Optimizer rule, long seed) {
    try (Device device = TestDevices.JAVA_1.open()) {
      return Trajectory.of(device, surface, rule, surface.start(), STEPS, seed);
    }
  }

  @Test
  void sgdAndMomentumAreTheirFormulas() {
    for (Surface surface : Surfaces.all(10)) {
      double lr = surface.rates().gradient();
      for (double mu : new double[] {0, 0.9}) {
        Trajectory way = way(surface, mu == 0 ? new Sgd(lr) : new Momentum(lr, mu, 0), 3);
        double[] w = surface.start().numbers();
        double[] v = new double[2];
        double[] g = new double[2];
        for (int step = 0; step <= STEPS; step++) {
          String what = surface.name() + ", mu " + mu + ", step " + step;
          assertEquals(w[0], way.x()[step], what);
          assertEquals(w[1], way.y()[step], what);
          assertEquals(surface.value(w), way.value()[step], what);
          surface.gradient(w, 3, step + 1, g);
          for (int i = 0; i < 2; i++) {
            v[i] = Math.fma(mu, v[i], g[i]);
            w[i] = Math.fma(-lr, v[i], w[i]);
          }
        }
        assertEquals(new Surface.Point(way.x()[STEPS], way.y()[STEPS]), way.end());
      }
    }
  }

  @Test
  void noiseIsTheSeeds() {
    Optimizer rule = new Sgd(0.02);
    for (Surface surface : Surfaces.all(10)) {
      Trajectory one = way(surface, rule, 1);
      assertSameBits(surface.name(), one, way(surface, rule, 1));
      boolean noisy = one.x()[1] != way(surface, rule, 2).x()[1];
      assertEquals(surface.name().startsWith("noisy"), noisy, surface.name());
    }
  }

  @Test
  void aWayThatIsNoLongerFiniteEnds() {
    Trajectory way = way(Surfaces.rosenbrock(), new Sgd(1), 1);
    assertFalse(way.finite());
    assertTrue(way.steps() < 10, "after " + way.steps() + " steps");
    assertTrue(Double.isFinite(way.value()[way.steps() - 1]));
    assertEquals(OptionalInt.empty(), way.arrival(0));
  }

  /** On the round bowl a learning rate of 1/2 halves the distance, and quarters the value. */
  @Test
  void arrivesWhereTheValueStaysSmallEnough() {
    Trajectory way = way(Surfaces.bowl(1), new Sgd(0.5), 1);
    assertTrue(way.finite());
    assertEquals(OptionalInt.of(0), way.arrival(way.value()[0]));
    double[] through = {4, 1, 0, 2, 0, 0};
    Trajectory passing = new Trajectory(way.rule(), through, through, through);
    assertEquals(OptionalInt.of(4), passing.arrival(0), "not where it passes for the first time");
    assertEquals(OptionalInt.of(3), way.arrival(way.value()[0] / 64));
    assertEquals(OptionalInt.of(4), way.arrival(way.value()[0] / 65));
  }
}
