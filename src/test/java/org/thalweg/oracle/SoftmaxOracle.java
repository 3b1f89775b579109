package org.thalweg.oracle;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/** Softmax cross-entropy of one row with smoothed labels. */
final class SoftmaxOracle implements LossOracle {
  private final Bounded[] probabilities;
  private final Bounded loss;
  private final int label;
  private final Bounded keep;
  private final Bounded share;

  SoftmaxOracle(Bounded[] scores, int label, double smoothing) {
    Bounded max = Bounded.max(scores);
    Bounded[] below = map(scores, x -> x.minus(max));
    Bounded[] terms = map(below, Bounded::exp);
    Bounded sum = Bounded.sum(terms);
    Bounded smooth = Bounded.of(max.type(), smoothing);
    this.label = label;
    keep = max.exactly(1).minus(smooth);
    share = smooth.over(max.exactly(scores.length));
    probabilities = map(terms, term -> term.over(sum));
    loss = sum.log().minus(keep.times(below[label]).plus(share.times(Bounded.sum(below))));
  }

  private static Bounded[] map(Bounded[] x, UnaryOperator<Bounded> f) {
    return Arrays.stream(x).map(f).toArray(Bounded[]::new);
  }

  /** {@code -sum t_j * log softmax(scores)[j]}, where the targets t sum to 1. */
  @Override
  public Bounded loss() {
    return loss;
  }

  @Override
  public Bounded gradient(int j) {
    return probabilities[j].minus(j == label ? keep.plus(share) : share);
  }

  /** {@code (diag(p) - p pᵀ) u}. */
  @Override
  public Bounded[] hessianTimes(Bounded[] u) {
    Bounded[] products = new Bounded[u.length];
    Arrays.setAll(products, j -> probabilities[j].times(u[j]));
    Bounded mean = Bounded.sum(products);
    Arrays.setAll(products, j -> probabilities[j].times(u[j].minus(mean)));
    return products;
  }
}
