package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * The settings of a parameter group.
 *
 * @param lrFactor multiplies the learning rate
 * @param l1 {@code g += l1 * sign(w)}, the gradient of l1 times the sum of |w|; at 0 it is 0
 * @param l2 coupled decay: {@code g += l2 * w}
 * @param weightDecay decoupled decay: {@code w *= 1 - lr * weightDecay}
 */
public record Group(double lrFactor, double l1, double l2, double weightDecay) {
  /** How many numbers of a group precede the rule's in the step table: scale, l1, l2, keep. */
  public static final int COLUMNS = 4;

  /** The group without settings of its own. */
  public static final Group PLAIN = new Group(1, 0, 0, 0);

  /** Checks that all is finite and not negative. */
  public Group {
    Require.atLeast0("lrFactor", lrFactor);
    Require.atLeast0("l1", l1);
    Require.atLeast0("l2", l2);
    Require.atLeast0("weightDecay", weightDecay);
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
    c[1] = l1;
    c[2] = l2;
    c[3] = (1 - lr * lrFactor * weightDecay) * (1 - lr * lrFactor * rule.weightDecay());
    System.arraycopy(own, 0, c, COLUMNS, own.length);
    return c;
  }
}
