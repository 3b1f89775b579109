package org.thalweg.oracle;

import java.util.function.Function;

/** A multiclass hinge of one row: what each wrong class costs by its margin, summed. */
final class HingeOracle implements LossOracle {
  private final Bounded[] scores;
  private final int label;
  private final Function<Bounded, Cost> cost;

  /** What a positive margin costs, with both derivatives. */
  record Cost(Bounded value, Bounded slope, Bounded curve) {}

  HingeOracle(Bounded[] scores, int label, Function<Bounded, Cost> cost) {
    this.scores = scores;
    this.label = label;
    this.cost = cost;
  }

  /** The margin itself. */
  static Cost id(Bounded m) {
    return new Cost(m, m.exactly(1), m.exactly(0));
  }

  /** Its square. */
  static Cost square(Bounded m) {
    return new Cost(m.times(m), m.times(m.exactly(2)), m.exactly(2));
  }

  /** A parabola up to the width, then a line of slope 1. */
  static Cost smooth(Bounded m, double width) {
    Bounded w = Bounded.of(m.type(), width);
    return m.isAbove(w)
        ? new Cost(m.minus(w.over(m.exactly(2))), m.exactly(1), m.exactly(0))
        : new Cost(m.times(m).over(w).over(m.exactly(2)), m.over(w), m.exactly(1).over(w));
  }

  /** Of a class; nothing of the label, nor of a margin that is not positive. */
  private Cost cost(int j) {
    Bounded zero = scores[j].exactly(0);
    Bounded margin = scores[j].minus(scores[label]).plus(zero.exactly(1));
    return j != label && margin.isAbove(zero) ? cost.apply(margin) : new Cost(zero, zero, zero);
  }

  private Bounded sum(Function<Integer, Bounded> of) {
    Bounded[] all = new Bounded[scores.length];
    for (int j = 0; j < all.length; j++) {
      all[j] = of.apply(j);
    }
    return Bounded.sum(all);
  }

  @Override
  public Bounded loss() {
    return sum(j -> cost(j).value);
  }

  @Override
  public Bounded gradient(int j) {
    return j == label ? sum(other -> cost(other).slope).negated() : cost(j).slope;
  }

  /** A margin holds the score of its class and that of the label. */
  @Override
  public Bounded[] hessianTimes(Bounded[] u) {
    Bounded[] product = new Bounded[u.length];
    for (int j = 0; j < u.length; j++) {
      product[j] = cost(j).curve.times(u[j].minus(u[label]));
    }
    product[label] = Bounded.sum(product).negated(); // so far the label's own is 0
    return product;
  }
}
