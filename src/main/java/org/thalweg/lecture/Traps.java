package org.thalweg.lecture;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.thalweg.compare.Surface;
import org.thalweg.compare.Surface.Point;
import org.thalweg.compare.Surfaces;
import org.thalweg.compare.Trajectory;
import org.thalweg.device.Philox;
import org.thalweg.optim.Momentum;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Sgd;
import org.thalweg.plot.Lines.Series;

/** Where the gradient is zero and the bottom is not: 20 starts, drawn by seeds 1 to 20. */
final class Traps {
  private static final int STARTS = 20;
  private static final double MU = 0.9;
  private static final double NEAR = 0.1;

  private Traps() {}

  static Evidence localMinimum(Lab lab) {
    Surface surface = Surfaces.localMinimum();
    List<Point> starts = new ArrayList<>();
    for (int seed = 1; seed <= STARTS; seed++) {
      Philox random = new Philox(seed, 0);
      starts.add(new Point(-2.2 + 0.4 * random.nextUniform(), -1 + 2 * random.nextUniform()));
    }
    return compare(
        lab,
        surface,
        starts,
        1000,
        0.05,
        end -> Math.hypot(end.x() + 1, end.y()) < NEAR,
        end -> Math.hypot(end.x() - 1.5, end.y()) < NEAR,
        "in the local minimum",
        "in the global one");
  }

  static Evidence saddle(Lab lab) {
    Surface surface = Surfaces.saddle();
    List<Point> starts = new ArrayList<>();
    for (int seed = 1; seed <= STARTS; seed++) {
      Philox random = new Philox(seed, 0);
      double x = 1 + random.nextUniform();
      double y = 1e-6 * (2 * random.nextUniform() - 1);
      starts.add(new Point(x, y));
    }
    return compare(
        lab,
        surface,
        starts,
        300,
        0.02,
        end -> Math.hypot(end.x(), end.y()) < NEAR,
        end -> Math.hypot(end.x(), Math.abs(end.y()) - 1) < NEAR,
        "at the saddle",
        "at one of the two minima");
  }

  private static Evidence compare(
      Lab lab,
      Surface surface,
      List<Point> starts,
      int steps,
      double lr,
      Predicate<Point> stuck,
      Predicate<Point> passed,
      String trap,
      String bottom) {
    List<Series> ways = new ArrayList<>();
    int plainStuck = count(lab, surface, starts, steps, new Sgd(lr), stuck, ways);
    int heavyPassed = count(lab, surface, starts, steps, new Momentum(lr, MU, 0), passed, ways);
    return new Evidence(
        plainStuck == STARTS && heavyPassed == STARTS,
        "After %d steps at a learning rate of %s, gradient descent is %s from %d of %d starts; with momentum 0.9 it is %s from %d of them."
            .formatted(steps, lr, trap, plainStuck, STARTS, bottom, heavyPassed),
        List.of(
            new Plate(surface.name(), "The ways from the first start.", surface.picture(ways))));
  }

  private static int count(
      Lab lab,
      Surface surface,
      List<Point> starts,
      int steps,
      Optimizer rule,
      Predicate<Point> there,
      List<Series> ways) {
    int count = 0;
    for (int i = 0; i < starts.size(); i++) {
      Trajectory way = Trajectory.of(lab.device, surface, rule, starts.get(i), steps, Lab.SEED);
      count += there.test(way.end()) ? 1 : 0;
      if (i == 0) {
        ways.add(new Series(rule.name(), way.x(), way.y()));
      }
    }
    return count;
  }
}
