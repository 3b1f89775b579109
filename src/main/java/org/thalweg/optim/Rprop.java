package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.numeric.Require;

/**
 * Rprop, resilient propagation, for the gradient of all rows: each parameter has a step size h,
 * which grows while the gradient keeps its sign and shrinks where that changes: {@code h =
 * min(max(h*f, minStep), maxStep)} with f = etaPlus, etaMinus, or 1 where the product of the last
 * two gradients is 0; {@code w -= h*sign(g)}, but where the sign has changed, the parameter stays
 * and g counts as 0. State: the gradient before, h, which begins with lr. (Riedmiller and Braun,
 * ICNN 1993; the form without backtracking as in PyTorch.) Schedule and group scale the step by the
 * ratio of their learning rate to lr.
 *
 * <p>Sequence: {@code p = g*before}; {@code h = min(max(h*f, minStep), maxStep)}, f being etaPlus
 * where p is above 0, etaMinus where it is below, else 1; {@code g = 0} where p is below 0; {@code
 * sign} is 1, -1, or g itself where that is 0 or NaN; {@code before = g}; {@code w =
 * fma(-(ratio*h), sign, w)}. Columns: etaMinus, etaPlus, minStep, maxStep, ratio.
 *
 * @param lr the first step size, above 0
 * @param etaMinus the factor by which a step shrinks, in [0, 1)
 * @param etaPlus the factor by which it grows, at least 1
 * @param minStep the smallest step size, at least 0
 * @param maxStep the largest step size, at least minStep
 */
public record Rprop(double lr, double etaMinus, double etaPlus, double minStep, double maxStep)
    implements Optimizer, Rprop64 {
  /** Checks the hyperparameters. */
  public Rprop {
    Require.atLeast0("lr", lr);
    Hyper.belowOne("etaMinus", etaMinus);
    Require.atLeast0("etaPlus", etaPlus);
    Require.atLeast0("minStep", minStep);
    Require.atLeast0("maxStep", maxStep);
    if (!(lr > 0 && etaPlus >= 1 && minStep <= maxStep)) {
      throw new IllegalArgumentException(
          "lr must be above 0, etaPlus at least 1, maxStep at least minStep: %s, %s, %s, %s"
              .formatted(lr, etaPlus, maxStep, minStep));
    }
  }

  /** This rule with the default hyperparameters. */
  public static Rprop of(double lr) {
    return new Rprop(lr, 0.5, 1.2, 1e-6, 50);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "rprop",
        "h *= etaPlus, or etaMinus where the sign of g changes (lr at first); h ="
            + " min(max(h, minStep), maxStep); w -= h*sign(g), but 0 where it changes",
        Traits.SIGN,
        0,
        lr);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    return new double[] {etaMinus, etaPlus, minStep, maxStep, lr / this.lr};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float etaMinus = c[4], etaPlus = c[5], minStep = c[6], maxStep = c[7], ratio = c[8];
    float[] before = s[0], h = s[1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float p = gi * before[i];
      float hi = h[i] * (p > 0 ? etaPlus : p < 0 ? etaMinus : 1);
      hi = Math.min(Exact.max(hi, minStep), maxStep);
      gi = p < 0 ? 0 : gi;
      float sign = gi > 0 ? 1 : gi < 0 ? -1 : gi;
      before[i] = gi;
      h[i] = hi;
      w[i] = Math.fma(-(ratio * hi), sign, keep * w[i]);
    }
  }
}
