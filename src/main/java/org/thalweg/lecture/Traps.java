package org.thalweg.lecture;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.thalweg.compare.Surface;
import org.thalweg.compare.Surface.Point;
import org.thalweg.compare.Surfaces;
import org.thalweg.compare.Trajectory;
import org.thalweg.numeric.Philox;
import org.thalweg.optim.Momentum;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Sgd;

/** Stationary points that are not the minimum, from 20 starts, drawn with seeds 1 to 20. */
final class Traps {
  private static final int STARTS = 20;
  private static final double MU = 0.9;
  private static final double NEAR = 0.1;

  private Traps() {}

  /** A place where gradient descent may stay, and the region beyond it. */
  private record Trap(
      Laboratory laboratory,
      Surface surface,
      List<Point> starts,
      double lr,
      Predicate<Point> stuck,
      Predicate<Point> passed) {
    Trajectory trajectory(Optimizer rule, int start, int steps) {
      return Trajectory.of(
          laboratory.device, surface, rule, starts.get(start), steps, Laboratory.SEED);
    }

    /** The number of starts from which a rule ends in a region. */
    int count(Optimizer rule, int steps, Predicate<Point> there) {
      return (int)
          IntStream.range(0, STARTS)
              .filter(i -> there.test(trajectory(rule, i, steps).end()))
              .count();
    }

    Optimizer momentum() {
      return new Momentum(lr, MU, 0);
    }

    Optimizer descent() {
      return new Sgd(lr);
    }

    /** A picture of the trajectories from the first start, the shorter one drawn last. */
    Figure figure(int steps) {
      Map<String, Trajectory> trajectories = new LinkedHashMap<>();
      trajectories.put("momentum 0.9", trajectory(momentum(), 0, steps));
      trajectories.put("gradient descent", trajectory(descent(), 0, steps));
      return new Figure(
          surface.name(), "The trajectories from the first start.", surface.picture(trajectories));
    }
  }

  /** One start for each seed. */
  private static List<Point> starts(Function<Philox, Point> draw) {
    return IntStream.rangeClosed(1, STARTS)
        .mapToObj(seed -> draw.apply(new Philox(seed, 0)))
        .toList();
  }

  static Evidence localMinimum(Laboratory laboratory) {
    List<Point> starts =
        starts(
            random -> new Point(-2.2 + 0.4 * random.nextUniform(), -1 + 2 * random.nextUniform()));
    Trap trap =
        new Trap(
            laboratory,
            Surfaces.localMinimum(),
            starts,
            0.05,
            end -> Math.hypot(end.x() + 1, end.y()) < NEAR,
            end -> Math.hypot(end.x() - 1.5, end.y()) < NEAR);
    int steps = 1000;
    int stuck = trap.count(trap.descent(), steps, trap.stuck);
    int passed = trap.count(trap.momentum(), steps, trap.passed);
    return new Evidence(
        stuck == STARTS && passed == STARTS,
        ("After %,d steps at a learning rate of %s, gradient descent is in the local"
                + " minimum from %d of %d starts; with momentum 0.9 it is in the global one from"
                + " %d of them.")
            .formatted(steps, trap.lr, stuck, STARTS, passed),
        List.of(trap.figure(steps)));
  }

  static Evidence saddle(Laboratory laboratory) {
    List<Point> starts =
        starts(
            random -> new Point(1 + random.nextUniform(), 1e-6 * (2 * random.nextUniform() - 1)));
    Trap trap =
        new Trap(
            laboratory,
            Surfaces.saddle(),
            starts,
            0.02,
            end -> Math.hypot(end.x(), end.y()) < NEAR,
            end -> Math.hypot(end.x(), Math.abs(end.y()) - 1) < NEAR);
    int steps = 300;
    int later = 1000;
    double faster =
        trap.lr / (1 - MU); // momentum's effective learning rate under a constant gradient
    int stuck = trap.count(trap.descent(), steps, trap.stuck);
    int passed = trap.count(trap.momentum(), steps, trap.passed);
    return new Evidence(
        stuck == STARTS && passed == STARTS,
        ("After %d steps at a learning rate of %s, gradient descent is at the saddle from %d of %d"
             + " starts; with momentum 0.9 it is at one of the two minima from %d of them. But"
             + " descent is slow there, not caught: after %,d steps it is at a minimum, too, from"
             + " %d starts, and after %d steps at a learning rate of %.1f, which is momentum's in"
             + " effect, from %d.")
            .formatted(
                steps,
                trap.lr,
                stuck,
                STARTS,
                passed,
                later,
                trap.count(trap.descent(), later, trap.passed),
                steps,
                faster,
                trap.count(new Sgd(faster), steps, trap.passed)),
        List.of(trap.figure(steps)));
  }
}
