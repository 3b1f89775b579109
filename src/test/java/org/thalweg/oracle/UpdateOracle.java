package org.thalweg.oracle;

import static java.util.Map.entry;

import java.util.Map;
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

/**
 * Update rules as the books write them: one element, in double, nothing folded. Not every rule has
 * one; each has a golden file.
 */
public final class UpdateOracle {
  /** State of an element: what a formula keeps there is its own affair; all 0 at first. */
  private static final class Element {
    double first;
    double second;
    double third;
    double t; // a whole number, from 1
    double lr; // after the group's factor
  }

  /** Takes an element's w, decayed, and g to the next w. */
  private interface Formula<R> {
    double step(R rule, Element s, double w, double g);
  }

  private static final Map<Class<? extends Optimizer>, Formula<?>> FORMULAS =
      Map.ofEntries(
          formula(Sgd.class, (r, s, w, g) -> w - s.lr * g),
          formula(Momentum.class, UpdateOracle::momentum),
          formula(ClassicalMomentum.class, (r, s, w, g) -> classical(r.mu(), s, w, g)),
          formula(NesterovLookAhead.class, (r, s, w, g) -> classical(r.mu(), s, w, g)),
          formula(Nesterov.class, UpdateOracle::nesterov),
          formula(AdaGrad.class, UpdateOracle::adaGrad),
          formula(RmsProp.class, UpdateOracle::rmsProp),
          formula(Adam.class, UpdateOracle::adam),
          formula(AdamUncorrected.class, UpdateOracle::adamUncorrected),
          formula(AmsGrad.class, UpdateOracle::amsGrad),
          formula(NAdam.class, UpdateOracle::nAdam),
          formula(Adamax.class, UpdateOracle::adamax),
          formula(Adadelta.class, UpdateOracle::adadelta),
          formula(Lion.class, UpdateOracle::lion));

  private static <R extends Optimizer> Map.Entry<Class<? extends Optimizer>, Formula<?>> formula(
      Class<R> rule, Formula<R> formula) {
    return entry(rule, formula);
  }

  private final Optimizer rule;
  private final Group group;
  private final Formula<Optimizer> formula;
  private final Element s = new Element();

  /**
   * An element that has had no update yet.
   *
   * @throws IllegalArgumentException if the rule has no oracle
   */
  @SuppressWarnings("unchecked") // the map's entries have made sure of it
  public UpdateOracle(Optimizer rule, Group group) {
    if (!has(rule)) {
      throw new IllegalArgumentException("no oracle for " + rule);
    }
    this.rule = rule;
    this.group = group;
    this.formula = (Formula<Optimizer>) FORMULAS.get(rule.getClass());
    s.lr = rule.lr() * group.lrFactor();
  }

  /** Whether the rule has an oracle besides its golden file. */
  public static boolean has(Optimizer rule) {
    return FORMULAS.containsKey(rule.getClass());
  }

  /** w after one more update with gradient g. */
  public double step(double w, double g) {
    s.t++;
    double keep = 1 - s.lr * group.weightDecay();
    double at = rule instanceof NesterovLookAhead ahead ? keep * w + ahead.mu() * s.first : w;
    double l1 = group.proximal() ? 0 : group.l1();
    double next = formula.step(rule, s, keep * w, g + l1 * Math.signum(at) + group.l2() * at);
    double threshold = group.proximal() ? s.lr * group.l1() : 0;
    return next > threshold ? next - threshold : next < -threshold ? next + threshold : 0;
  }

  private static double momentum(Momentum r, Element s, double w, double g) {
    s.first = s.t == 1 ? g : r.mu() * s.first + (1 - r.dampening()) * g;
    return w - s.lr * s.first;
  }

  private static double classical(double mu, Element s, double w, double g) {
    s.first = mu * s.first - s.lr * g;
    return w + s.first;
  }

  private static double nesterov(Nesterov r, Element s, double w, double g) {
    s.first = r.mu() * s.first + g;
    return w - s.lr * (g + r.mu() * s.first);
  }

  private static double adaGrad(AdaGrad r, Element s, double w, double g) {
    s.second = (s.t == 1 ? r.initial() : s.second) + g * g;
    return w - s.lr / (1 + (s.t - 1) * r.decay()) * g / (Math.sqrt(s.second) + r.eps());
  }

  private static double rmsProp(RmsProp r, Element s, double w, double g) {
    s.second = r.alpha() * s.second + (1 - r.alpha()) * g * g;
    s.first = r.alpha() * s.first + (1 - r.alpha()) * g;
    double square = r.centred() ? Math.max(0, s.second - s.first * s.first) : s.second;
    s.third = r.mu() * s.third + g / (Math.sqrt(square) + r.eps());
    return w - s.lr * s.third;
  }

  private static void moments(double beta1, double beta2, Element s, double g) {
    s.first = beta1 * s.first + (1 - beta1) * g;
    s.second = beta2 * s.second + (1 - beta2) * g * g;
  }

  private static double adam(Adam r, Element s, double w, double g) {
    moments(r.beta1(), r.beta2(), s, g);
    double m = s.first / (1 - Math.pow(r.beta1(), s.t));
    double v = s.second / (1 - Math.pow(r.beta2(), s.t));
    return w - s.lr * m / (Math.sqrt(v) + r.eps());
  }

  private static double adamUncorrected(AdamUncorrected r, Element s, double w, double g) {
    moments(r.beta1(), r.beta2(), s, g);
    return w - s.lr * s.first / (Math.sqrt(s.second) + r.eps());
  }

  private static double amsGrad(AmsGrad r, Element s, double w, double g) {
    moments(r.beta1(), r.beta2(), s, g);
    s.third = Math.max(s.third, s.second);
    double m = s.first / (1 - Math.pow(r.beta1(), s.t));
    return w - s.lr * m / (Math.sqrt(s.third / (1 - Math.pow(r.beta2(), s.t))) + r.eps());
  }

  private static double nAdam(NAdam r, Element s, double w, double g) {
    double now = nAdamMomentum(r, s.t);
    double next = nAdamMomentum(r, s.t + 1);
    s.third = (s.t == 1 ? 1 : s.third) * now;
    moments(r.beta1(), r.beta2(), s, g);
    double root = Math.sqrt(s.second / (1 - Math.pow(r.beta2(), s.t))) + r.eps();
    double step = (1 - now) / (1 - s.third) * g + next / (1 - s.third * next) * s.first;
    return w - s.lr * step / root;
  }

  private static double nAdamMomentum(NAdam r, double t) {
    return r.beta1() * (1 - 0.5 * Math.pow(0.96, t * 0.004));
  }

  private static double adamax(Adamax r, Element s, double w, double g) {
    s.first = r.beta1() * s.first + (1 - r.beta1()) * g;
    s.second = Math.max(r.beta2() * s.second, Math.abs(g) + r.eps());
    return w - s.lr / (1 - Math.pow(r.beta1(), s.t)) * s.first / s.second;
  }

  private static double adadelta(Adadelta r, Element s, double w, double g) {
    s.second = r.rho() * s.second + (1 - r.rho()) * g * g;
    double delta = Math.sqrt(s.first + r.eps()) / Math.sqrt(s.second + r.eps()) * g;
    s.first = r.rho() * s.first + (1 - r.rho()) * delta * delta;
    return w - s.lr * delta;
  }

  private static double lion(Lion r, Element s, double w, double g) {
    double direction = Math.signum(r.beta1() * s.first + (1 - r.beta1()) * g);
    s.first = r.beta2() * s.first + (1 - r.beta2()) * g;
    return w - s.lr * direction;
  }
}
