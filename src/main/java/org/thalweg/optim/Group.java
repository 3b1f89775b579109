package org.thalweg.optim;

import java.util.Comparator;
import java.util.Map;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Records;
import org.thalweg.numeric.Registry;
import org.thalweg.numeric.Require;

/**
 * The settings of a parameter group. The terms of l1 and l2 are added to the gradient after its
 * clipping, whose norm is that of the gradient as it comes.
 *
 * @param lrFactor multiplies the learning rate
 * @param l1 the factor of the sum of |w|: its gradient, {@code g += l1 * sign(w)}, which is 0 at 0,
 *     or its proximal step
 * @param l2 coupled decay: {@code g += l2 * w}
 * @param weightDecay decoupled decay: {@code w *= 1 - lr * weightDecay}
 * @param proximal whether l1 is no part of the gradient, and acts after the rule by the proximal
 *     step {@code w = sign(w) * max(|w| - lr * l1, 0)}, which makes exact zeros; the minimum of
 *     loss and l1 term is a fixed point where the rule's steps are {@code lr * g}, else l1 is
 *     decoupled from the size of the rule's steps, as weightDecay is
 */
public record Group(double lrFactor, double l1, double l2, double weightDecay, boolean proximal) {
  /** How many numbers of a group precede the rule's in the step table: scale, l1, l2, keep. */
  public static final int COLUMNS = 4;

  /** The group without settings of its own. */
  public static final Group PLAIN = new Group(1, 0, 0, 0);

  /** The proximal step of l1 as an update: by the numbers of {@link #shrinkage}. */
  public static final Optimizer SHRINK = new Shrink(1);

  /** A group whose l1 acts by its gradient. */
  public Group(double lrFactor, double l1, double l2, double weightDecay) {
    this(lrFactor, l1, l2, weightDecay, false);
  }

  /** Checks that all is finite and not negative. */
  public Group {
    Require.atLeast0("lrFactor", lrFactor);
    Require.atLeast0("l1", l1);
    Require.atLeast0("l2", l2);
    Require.atLeast0("weightDecay", weightDecay);
  }

  /** This group with another factor of the learning rate. */
  public Group withLrFactor(double other) {
    return Records.with(this, "lrFactor", other);
  }

  /** This group with another l1. */
  public Group withL1(double other) {
    return Records.with(this, "l1", other);
  }

  /** This group with another coupled decay. */
  public Group withL2(double other) {
    return Records.with(this, "l2", other);
  }

  /** This group with another decoupled decay. */
  public Group withWeightDecay(double other) {
    return Records.with(this, "weightDecay", other);
  }

  /**
   * Checks that updates of a rule in this group can be computed in a type: that nothing which they
   * are made of becomes 0 there without being 0, or infinite or NaN.
   *
   * @param type F32 or F64
   * @throws IllegalArgumentException if it does; the message has the hyperparameter, its value, and
   *     what is allowed
   */
  public void check(Optimizer rule, ElementType type) {
    Require.in(type, "lrFactor", lrFactor);
    Require.in(type, "l1", l1);
    Require.in(type, "l2", l2);
    Require.in(type, "weightDecay", weightDecay);
    Registry.check(rule, type);
    Require.in(type, "lr", rule.lr(), "the group's factor", lrFactor);
    double lr = rule.lr() * lrFactor;
    Require.in(type, "lr", lr, "weightDecay", weightDecay);
    Require.in(type, "lr", lr, "weightDecay", rule.weightDecay());
    if (shrinks()) {
      Require.in(type, "lr", lr, "l1", l1);
    }
    if (keeps(rule, type)) {
      return;
    }
    Map<String, Double> numbers = Registry.hyperparameters(rule);
    Map.Entry<String, Double> guilty =
        numbers.entrySet().stream()
            .sorted(Comparator.comparing(number -> room(number.getValue())))
            .filter(
                number ->
                    keepsWith(rule, number.getKey(), 0.5, type)
                        || keepsWith(rule, number.getKey(), 2, type))
            .findFirst()
            .orElse(Map.entry("lr", rule.lr()));
    throw new IllegalArgumentException(
        Require.text(
            "%s is too near to 0, to 1 or to infinity for %s: a number that the update is made of"
                + " becomes 0 or infinite: %s",
            guilty.getKey(), type.format(), guilty.getValue()));
  }

  /** How far a number is from 0, from 1 and from infinity. */
  private static double room(double number) {
    return Math.min(Math.min(number, 1 / number), Math.abs(1 - number));
  }

  private boolean keepsWith(Optimizer rule, String hyperparameter, double value, ElementType type) {
    try {
      return keeps(Registry.with(rule, hyperparameter, value), type);
    } catch (IllegalArgumentException outOfRange) {
      return false;
    }
  }

  /** Whether the first updates have a 0 in this type only where they have one in binary64. */
  private boolean keeps(Optimizer rule, ElementType type) {
    for (int t = 1; t <= 2; t++) {
      double[] exact = numbers(rule, ElementType.F64, rule.lr(), t, 1);
      double[] rounded = numbers(rule, type, rule.lr(), t, 1);
      for (int i = 0; i < exact.length; i++) {
        double number = type.round(rounded[i]);
        if (!Double.isFinite(number) || (number == 0 && exact[i] != 0)) {
          return false;
        }
      }
    }
    return true;
  }

  /** This group with the other way in which l1 acts. */
  public Group withProximal(boolean other) {
    return Records.with(this, "proximal", other);
  }

  /** Whether an update of this group is followed by the proximal step. */
  public boolean shrinks() {
    return proximal && l1 > 0;
  }

  /** How many columns of the step table one group takes. */
  public static int columns(Optimizer rule) {
    return COLUMNS + rule.columns();
  }

  /**
   * This group's numbers of one update: {@link #columns} of them.
   *
   * @param rule the update rule
   * @param type what the step computes in, F32 or F64
   * @param lr the learning rate of this update, before this group's factor
   * @param t the number of the update, from 1
   * @param gradientScale multiplies each gradient; negative to maximise
   */
  public double[] numbers(
      Optimizer rule, ElementType type, double lr, long t, double gradientScale) {
    double[] own = rule.numbers(type, lr * lrFactor, t);
    double[] c = new double[COLUMNS + own.length];
    c[0] = gradientScale;
    c[1] = proximal ? 0 : l1;
    c[2] = l2;
    c[3] = (1 - lr * lrFactor * weightDecay) * (1 - lr * lrFactor * rule.weightDecay());
    System.arraycopy(own, 0, c, COLUMNS, own.length);
    return c;
  }

  /**
   * This group's numbers of the proximal step after an update, which is done by {@link #SHRINK}.
   * They change nothing where the group does not ask for it.
   *
   * @param type what the step computes in, F32 or F64
   * @param lr the learning rate of this update, before this group's factor
   */
  public double[] shrinkage(ElementType type, double lr) {
    return PLAIN.numbers(SHRINK, type, shrinks() ? lr * lrFactor * l1 : 0, 1, 1);
  }
}
