package org.thalweg.minimize;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Norm;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * Limited-memory BFGS: the direction is {@code -H*g}, where H, an approximation of the inverse
 * Hessian, is built from the last pairs {@code s}, the change of w, and {@code y}, the change of
 * the gradient; initially H is {@code s·y / y·y} times the identity. The line search satisfies the
 * strong Wolfe conditions. Source: Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms
 * 7.4 and 7.5.
 *
 * @param memory how many pairs, at most 10,000
 */
public record LBfgs(int memory) implements Minimizer {
  private static final int MOST = 10_000;

  /** With a memory of 10 pairs. */
  public LBfgs() {
    this(10);
  }

  public LBfgs {
    Require.that(memory >= 1 && memory <= MOST, "memory must be in 1 .. %d: %d", MOST, memory);
  }

  @Override
  public String name() {
    return "lbfgs";
  }

  @Override
  public boolean smooth() {
    return true;
  }

  @Override
  public int vectors() {
    return Run.VECTORS + 1 + 2 * (memory + 1);
  }

  @Override
  public Result minimize(Objective f, Array start, Stopping stopping, Listener listener) {
    try (Run run = new Run(f, start, stopping, listener)) {
      return run.iterate(new History(run, f.type(), memory)::iteration);
    }
  }

  private static final class Pair {
    final Array s;
    final Array y;
    double sy;
    double yy;
    double alpha;

    Pair(Run run) {
      s = run.vector();
      y = run.vector();
    }
  }

  private static final class History {
    private final Run run;
    private final Array direction;
    private final Deque<Pair> pairs = new ArrayDeque<>(); // the newest first
    private final Deque<Pair> spare = new ArrayDeque<>();

    /**
     * The smallest s·y / |s||y| of a pair that is kept: less may be rounding error, and could make
     * H indefinite.
     */
    private final double smallestCosine;

    History(Run run, ElementType type, int memory) {
      this.run = run;
      this.direction = run.vector();
      this.smallestCosine = type == ElementType.F32 ? 0x1p-20 : 0x1p-49;
      for (int i = 0; i <= memory; i++) {
        spare.add(
            new Pair(run)); // one more: the oldest is dropped only when the newest is accepted
      }
    }

    @Nullable Reason iteration() {
      while (true) {
        boolean steepest = pairs.isEmpty();
        double unit = steepest ? run.steepest(direction) : direct();
        double first = steepest ? LineSearch.first(run, run.dot(run.g, direction)) : 1;
        Reason reason = LineSearch.wolfe(run, direction, first);
        if (reason == null) {
          remember();
          return run.accept(run.triedStep * unit);
        }
        if (steepest || reason == Reason.UNBOUNDED) {
          return reason;
        }
        spare.addAll(pairs); // drop the history and try again along the gradient
        pairs.clear();
      }
    }

    /** Computes the search direction. Returns its unit, 1. */
    private double direct() {
      run.times(-1, run.g, direction);
      for (Pair pair : pairs) {
        pair.alpha = run.dot(pair.s, direction) / pair.sy;
        run.device.axpy(-pair.alpha, pair.y, direction);
      }
      run.device.scale(pairs.getFirst().sy / pairs.getFirst().yy, direction);
      for (Iterator<Pair> oldestFirst = pairs.descendingIterator(); oldestFirst.hasNext(); ) {
        Pair pair = oldestFirst.next();
        double beta = run.dot(pair.y, direction) / pair.sy;
        run.device.axpy(pair.alpha - beta, pair.s, direction);
      }
      return 1;
    }

    /** Stores the pair from the last accepted point to the trial point. */
    private void remember() {
      Pair pair = spare.remove();
      run.difference(run.triedW, run.w, pair.s);
      run.difference(run.triedG, run.g, pair.y);
      pair.sy = run.dot(pair.s, pair.y);
      pair.yy = run.dot(pair.y, pair.y);
      boolean good = pair.sy > smallestCosine * run.norm(Norm.TWO, pair.s) * Math.sqrt(pair.yy);
      (good ? pairs : spare).addFirst(pair);
      if (spare.isEmpty()) {
        spare.add(pairs.removeLast());
      }
    }
  }
}
