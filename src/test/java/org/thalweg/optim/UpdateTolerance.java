package org.thalweg.optim;

import java.util.Map;
import org.thalweg.device.Roundoff;
import org.thalweg.numeric.ElementType;

/**
 * How far rounding may take one element of a parameter from the exact value, after t updates.
 *
 * <p>Let u be the unit roundoff. After t updates w is w_0 minus a sum of terms, each of them a
 * product of numbers that are exact to u: at most t roundings in w's own chain of sums, t in a
 * state's, and a state's share of older gradients is b^(t-k) with b exact to u, which is t more;
 * the same again where torch rounds in its order. That is 5t with the half that a root lets
 * through. Sixteen more cover the roundings of the inputs, of the hyperparameters and of the
 * one-off operations of a step, and the two of the proximal step, which moves no two weights apart.
 * And 1 - b is exact to u/(1 - b) only: in binary32 because b is rounded and the golden numbers
 * have it in double; in binary64 because torch computes 1 - b^t by subtraction. Together {@code N =
 * 5t + 16 + 1/(1 - b)} with the largest b that the rule has.
 *
 * <p>The error is N * u times the sum of the terms' magnitudes, S: where the rule itself would go
 * in binary64 if nothing cancelled, that is, down from |w_0| with the gradients -(|g| + l1 + l2*S),
 * counted upwards. With decay g, l1 and l2*w may cancel, which magnifies the relative error of g,
 * in the numerator as well as in a root below it: by the ratio of the root mean squares of |g| + l1
 * + l2*S and g + l1*sign(w) + l2*w, squared.
 */
public final class UpdateTolerance {
  private final Optimizer rule;
  private final Group group;
  private final double[][] state;
  private final double unit;
  private double magnitude;
  private double error;
  private double squares;
  private double squaredMagnitudes;
  private long t;

  public UpdateTolerance(ElementType type, Optimizer rule, Group group, double w) {
    this.rule = rule;
    this.group = group;
    this.unit = Roundoff.unit(type);
    this.state = new double[rule.states()][1];
    for (int k = 0; k < state.length; k++) {
      state[k][0] = rule.definition().states().get(k);
    }
    this.magnitude = Math.abs(w);
  }

  /** The tolerance after one more update of w, as it was before, with gradient g. */
  public double step(double w, double g) {
    t++;
    double decayed = g + group.l1() * Math.signum(w) + group.l2() * w;
    double gradient = Math.abs(g) + group.l1() + group.l2() * magnitude;
    squares += decayed * decayed;
    squaredMagnitudes += gradient * gradient;
    double[] c = Group.PLAIN.numbers(rule, ElementType.F64, rule.lr() * group.lrFactor(), t, 1);
    c[3] = 1;
    double[] sum = {magnitude};
    Optimizer move = rule.lookAhead();
    if (move != null) {
      move.update(sum, new double[1], state, 0, 1, c);
    }
    rule.update(sum, new double[] {-gradient}, state, 0, 1, c);
    magnitude = sum[0];
    double cancelled = squares > 0 ? Math.max(1, squaredMagnitudes / squares) : 1;
    error = (5 * t + 16 + 1 / (1 - largestShare(rule))) * unit * cancelled;
    return error * magnitude;
  }

  /** The tolerance of a state array's element after the last step: N * u of where it would go. */
  public double state(int k) {
    return error * Math.abs(state[k][0]);
  }

  /**
   * The largest hyperparameter below one that is no learning rate: what is kept of a running mean.
   */
  private static double largestShare(Optimizer rule) {
    return Optimizers.hyperparameters(rule).entrySet().stream()
        .filter(number -> !number.getKey().equals("lr") && number.getValue() < 1)
        .mapToDouble(Map.Entry::getValue)
        .max()
        .orElse(0);
  }
}
