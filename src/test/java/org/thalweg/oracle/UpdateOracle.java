package org.thalweg.oracle;

import org.thalweg.optim.Adam;
import org.thalweg.optim.Group;
import org.thalweg.optim.Momentum;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.RmsProp;
import org.thalweg.optim.Sgd;

/** The update rules as the books write them: one element, in double, nothing folded. */
public final class UpdateOracle {
  private final Optimizer rule;
  private final Group group;
  private double first;
  private double second;
  private long t;

  /** An element that has had no update yet. */
  public UpdateOracle(Optimizer rule, Group group) {
    this.rule = rule;
    this.group = group;
  }

  /** Whether the rule stands here; one that does not is held to its golden file only. */
  public static boolean knows(Optimizer rule) {
    return rule instanceof Sgd
        || rule instanceof Momentum
        || rule instanceof RmsProp
        || rule instanceof Adam;
  }

  /** w after one more update with gradient g. */
  public double step(double w, double g) {
    t++;
    double factor = group.lrFactor();
    g += group.l2() * w;
    w *= 1 - rule.lr() * factor * group.weightDecay();
    if (rule instanceof Sgd r) {
      return w - r.lr() * factor * g;
    } else if (rule instanceof Momentum r) {
      first = t == 1 ? g : r.mu() * first + (1 - r.dampening()) * g;
      return w - r.lr() * factor * first;
    } else if (rule instanceof RmsProp r) {
      first = r.alpha() * first + (1 - r.alpha()) * g * g;
      return w - r.lr() * factor * g / (Math.sqrt(first) + r.eps());
    } else if (rule instanceof Adam r) {
      first = r.beta1() * first + (1 - r.beta1()) * g;
      second = r.beta2() * second + (1 - r.beta2()) * g * g;
      double m = first / (1 - Math.pow(r.beta1(), (double) t));
      double v = second / (1 - Math.pow(r.beta2(), (double) t));
      return w - r.lr() * factor * m / (Math.sqrt(v) + r.eps());
    }
    throw new IllegalArgumentException("no oracle for " + rule);
  }
}
