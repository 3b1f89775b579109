package org.thalweg.optim;

import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Registry;

/**
 * An update rule: a record of hyperparameters, with a functor of the same name in {@code
 * kernels/rules.cuh}.
 *
 * <p>Each element is updated in the same way: {@code g = l1*sign(w) + scale*g}, {@code g = l2*w +
 * g} (fused multiply-adds), {@code w = keep*w}, then the rule. The first four numbers of a row
 * {@code c} are {@code scale}, {@code l1}, {@code l2} and {@code keep}, put there by {@link Group};
 * the rule's own follow. {@code src/docs/numerics.md}, "Update rules", lists the sequences of all
 * rules.
 */
public interface Optimizer {
  /** Its name, formula, traits and state. */
  Definition definition();

  /** The learning rate, before schedule and group. */
  double lr();

  /** The rule's own decoupled decay, in addition to the group's: {@code w *= 1 - lr*decay}. */
  default double weightDecay() {
    return 0;
  }

  /**
   * The numbers that are the same for all elements of an update, in the order in which the kernel's
   * functor declares them; every update has as many.
   *
   * @param type the type of the arithmetic: hyperparameters that depend on each other are rounded
   *     to it together
   * @param lr the learning rate of this update and group
   * @param t the number of the update, from 1
   */
  double[] numbers(ElementType type, double lr, long t);

  /**
   * Updates the elements {@code from .. to - 1}, bit for bit as the kernel does where l1 is 0:
   * plain loops, which the JIT vectorises because all arrays have one index. (With a separate
   * offset for each array it could not prove that a store to one array is not a later load from
   * another.) Where l1 is not 0, its term is in {@code g} already and scale is 1.
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
   * For a rule that takes its gradients at another point, the update that moves the parameters to
   * that point before the forward pass, with the same row of the step table and the same tensors;
   * null for other rules. It stores the original parameters in the last state array, from which the
   * rule's own update starts, and which it restores if it is skipped.
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

  /** How many numbers the rule itself has in a row of the step table. */
  default int columns() {
    return numbers(ElementType.F64, lr(), 1).length;
  }

  /** The same rule with another learning rate. */
  default Optimizer withLr(double lr) {
    return with("lr", lr);
  }

  /**
   * The same rule with another value of one hyperparameter: {@code Adam.of(1e-3).with("beta2",
   * 0.95)}.
   *
   * @throws IllegalArgumentException if the rule has none of that name, or refuses the value
   */
  default Optimizer with(String hyperparameter, double value) {
    return Registry.with(this, hyperparameter, value);
  }
}
