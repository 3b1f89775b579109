package org.thalweg.optim;

import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Registry;

/**
 * An update rule: a record of hyperparameters, with a functor of the same name in {@code
 * kernels/optimizers.cu}.
 *
 * <p>Each element is updated in the same way: {@code g = l1*sign(w) + scale*g}, {@code g = l2*w +
 * g} (fused multiply-adds), {@code w = keep*w}, then the rule. The first four numbers of a row
 * {@code c} are {@code scale}, {@code l1}, {@code l2} and {@code keep}, put there by {@link Group};
 * the rule's own follow. {@code src/docs/numerics.md}, "Update rules", lists the sequences of all
 * rules.
 */
public interface Optimizer {
  /** What it says of itself. */
  Definition definition();

  /** The learning rate, before schedule and group. */
  double lr();

  /** Decoupled decay of its own, which comes on top of the group's: {@code w *= 1 - lr*decay}. */
  default double weightDecay() {
    return 0;
  }

  /**
   * The numbers of one update that no element changes, in the order in which the kernel's functor
   * declares them; at every update as many.
   *
   * @param type what the step computes in: hyperparameters that belong together are rounded
   *     together
   * @param lr the learning rate of this update and group
   * @param t the number of the update, from 1
   */
  double[] numbers(ElementType type, double lr, long t);

  /**
   * Updates the elements {@code from .. to - 1}, bit for bit as the kernel does where l1 is 0:
   * plain loops, which the JIT vectorises because all arrays have one index. (With an offset of its
   * own for each, it could not rule out that a store to one is a later load from another.) Where l1
   * is not 0, its term is in {@code g} already and scale is 1.
   *
   * @param w the parameter
   * @param g its gradient, only read
   * @param s the state arrays
   * @param c the group's row
   */
  void update(float[] w, float[] g, float[][] s, int from, int to, float[] c);

  /** The same in binary64. */
  void update(double[] w, double[] g, double[][] s, int from, int to, double[] c);

  /**
   * A rule that takes its gradients elsewhere than at the parameter names what moves the parameter
   * there: an update by the same table's row and the same tensors, before the forward pass. It
   * keeps the parameter's place in its last state array; the update returns there, also where it is
   * skipped. Else null.
   */
  default @Nullable Optimizer lookAhead() {
    return null;
  }

  /** Its name in the registry. */
  default String name() {
    return definition().name();
  }

  /** How many state arrays it keeps for each parameter. */
  default int states() {
    return definition().states().size();
  }

  /** How many numbers of its own it has in a row of the step table. */
  default int columns() {
    return numbers(ElementType.F64, lr(), 1).length;
  }

  /** The same rule with another learning rate. */
  default Optimizer withLr(double lr) {
    return Registry.with(this, "lr", lr);
  }
}
