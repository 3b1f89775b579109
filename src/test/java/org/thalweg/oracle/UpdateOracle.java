package org.thalweg.oracle;

import org.thalweg.optim.AdaGrad;
import org.thalweg.optim.Adadelta;
import org.thalweg.optim.Adam;
import org.thalweg.optim.AdamUncorrected;
import org.thalweg.optim.Adamax;
import org.thalweg.optim.AmsGrad;
import org.thalweg.optim.ClassicalMomentum;
import org.thalweg.optim.Group;
import org.thalweg.optim.Lion;
import org.thalweg.optim.Momentum;
import org.thalweg.optim.NAdam;
import org.thalweg.optim.Nesterov;
import org.thalweg.optim.NesterovLookAhead;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.RmsProp;
import org.thalweg.optim.Sgd;

/** The update rules as the books write them: one element, in double, nothing folded. */
public final class UpdateOracle {
  private final Optimizer rule;
  private final Group group;
  private double first;
  private double second;
  private double third;
  private double t; // a whole number

  /** An element that has had no update yet. */
  public UpdateOracle(Optimizer rule, Group group) {
    this.rule = rule;
    this.group = group;
    this.third = rule instanceof NAdam ? 1 : 0; // an empty product
  }

  /** Whether the rule stands here; one that does not is held to its golden file only. */
  public static boolean knows(Optimizer rule) {
    return rule instanceof Sgd
        || rule instanceof Momentum
        || rule instanceof RmsProp
        || rule instanceof Adam
        || rule instanceof ClassicalMomentum
        || rule instanceof Nesterov
        || rule instanceof NesterovLookAhead
        || rule instanceof AdaGrad
        || rule instanceof AdamUncorrected
        || rule instanceof AmsGrad
        || rule instanceof NAdam
        || rule instanceof Adamax
        || rule instanceof Adadelta
        || rule instanceof Lion;
  }

  /** w after one more update with gradient g. */
  public double step(double w, double g) {
    t++;
    double factor = group.lrFactor();
    double keep = 1 - rule.lr() * factor * group.weightDecay();
    double at = rule instanceof NesterovLookAhead r ? keep * w + r.mu() * first : w;
    g += group.l1() * Math.signum(at) + group.l2() * at;
    w *= keep;
    if (rule instanceof Sgd r) {
      return w - r.lr() * factor * g;
    } else if (rule instanceof Momentum r) {
      first = t == 1 ? g : r.mu() * first + (1 - r.dampening()) * g;
      return w - r.lr() * factor * first;
    } else if (rule instanceof ClassicalMomentum r) {
      first = r.mu() * first - r.lr() * factor * g;
      return w + first;
    } else if (rule instanceof NesterovLookAhead r) {
      first = r.mu() * first - r.lr() * factor * g;
      return w + first;
    } else if (rule instanceof Nesterov r) {
      first = r.mu() * first + g;
      return w - r.lr() * factor * (g + r.mu() * first);
    } else if (rule instanceof AdaGrad r) {
      second = (t == 1 ? r.initial() : second) + g * g;
      return w - r.lr() * factor / (1 + (t - 1) * r.decay()) * g / (Math.sqrt(second) + r.eps());
    } else if (rule instanceof RmsProp r) {
      second = r.alpha() * second + (1 - r.alpha()) * g * g;
      first = r.alpha() * first + (1 - r.alpha()) * g;
      double square = r.centred() ? Math.max(0, second - first * first) : second;
      third = r.mu() * third + g / (Math.sqrt(square) + r.eps());
      return w - r.lr() * factor * third;
    } else if (rule instanceof Adam r) {
      return adam(w, g, r, true, r.lr() * factor);
    } else if (rule instanceof AdamUncorrected r) {
      Adam adam = new Adam(r.lr(), r.beta1(), r.beta2(), r.eps());
      return adam(w, g, adam, false, r.lr() * factor);
    } else if (rule instanceof AmsGrad r) {
      first = r.beta1() * first + (1 - r.beta1()) * g;
      second = r.beta2() * second + (1 - r.beta2()) * g * g;
      third = Math.max(third, second);
      double m = first / (1 - Math.pow(r.beta1(), t));
      return w - r.lr() * factor * m / (Math.sqrt(third / (1 - Math.pow(r.beta2(), t))) + r.eps());
    } else if (rule instanceof NAdam r) {
      third *= momentum(r, t);
      double next = momentum(r, t + 1);
      first = r.beta1() * first + (1 - r.beta1()) * g;
      second = r.beta2() * second + (1 - r.beta2()) * g * g;
      double root = Math.sqrt(second / (1 - Math.pow(r.beta2(), t))) + r.eps();
      double step = (1 - momentum(r, t)) / (1 - third) * g + next / (1 - third * next) * first;
      return w - r.lr() * factor * step / root;
    } else if (rule instanceof Adamax r) {
      first = r.beta1() * first + (1 - r.beta1()) * g;
      second = Math.max(r.beta2() * second, Math.abs(g) + r.eps());
      return w - r.lr() * factor / (1 - Math.pow(r.beta1(), t)) * first / second;
    } else if (rule instanceof Adadelta r) {
      second = r.rho() * second + (1 - r.rho()) * g * g;
      double delta = Math.sqrt(first + r.eps()) / Math.sqrt(second + r.eps()) * g;
      first = r.rho() * first + (1 - r.rho()) * delta * delta;
      return w - r.lr() * factor * delta;
    } else if (rule instanceof Lion r) {
      double direction = Math.signum(r.beta1() * first + (1 - r.beta1()) * g);
      first = r.beta2() * first + (1 - r.beta2()) * g;
      return w - r.lr() * factor * direction;
    }
    throw new IllegalArgumentException("no oracle for " + rule);
  }

  private double adam(double w, double g, Adam r, boolean corrected, double lr) {
    first = r.beta1() * first + (1 - r.beta1()) * g;
    second = r.beta2() * second + (1 - r.beta2()) * g * g;
    double m = corrected ? first / (1 - Math.pow(r.beta1(), t)) : first;
    double v = corrected ? second / (1 - Math.pow(r.beta2(), t)) : second;
    return w - lr * m / (Math.sqrt(v) + r.eps());
  }

  private static double momentum(NAdam r, double t) {
    return r.beta1() * (1 - 0.5 * Math.pow(0.96, t * 0.004));
  }
}
