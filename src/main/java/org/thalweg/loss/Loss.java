package org.thalweg.loss;

import java.util.List;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Registry;

/**
 * The loss of a row of scores, given its label: a small immutable record of hyperparameters, with a
 * kernel of the same name in {@code kernels/losses.cu} and a section in {@code
 * src/docs/numerics.md}, "Losses".
 */
public interface Loss {
  /** How many numbers a loss passes to its kernels. */
  int NUMBERS = 2;

  /** Its name in the registry: {@code "squared-hinge"}. */
  String name();

  /** The loss of a row with scores x and label y, in terms of the hyperparameters. */
  String formula();

  /** Its kernel's name before the type: {@code "squared_hinge"}. */
  default String kernel() {
    return name().replace('-', '_');
  }

  /**
   * The {@link #NUMBERS} numbers that its kernels take; they are the same for all rows.
   *
   * @param type the type of the arithmetic: hyperparameters that depend on each other are rounded
   *     to it together
   */
  default double[] numbers(ElementType type, int classes) {
    return new double[NUMBERS];
  }

  /**
   * Checks that it can be computed in a type: that no number which it is made of becomes 0 there
   * without being 0, or infinite or NaN.
   *
   * @param type F32 or F64
   * @throws IllegalArgumentException if one does; the message has the hyperparameter, its value,
   *     and what is allowed
   */
  default void check(ElementType type) {
    Registry.check(this, type);
  }

  /**
   * Computes the loss of a row of scores and replaces the scores by its gradient times {@code
   * scale}, with the same bits as the kernel.
   *
   * @param x the scores of all classes
   * @param label the class of the row; if there is no such class, the loss is NaN
   * @param c its {@link #numbers}
   */
  float row(float[] x, int label, float scale, float[] c);

  /** The same in binary64. */
  double row(double[] x, int label, double scale, double[] c);

  /** Whether the softmax of a row's scores is a probability for each class. */
  default boolean probabilistic() {
    return false;
  }

  /**
   * Whether {@link #hessianRow} is implemented, with a kernel {@code <kernel>_hessian} in
   * kernels/hessians.cu.
   */
  default boolean twiceDifferentiable() {
    return false;
  }

  /**
   * The margins {@code x_j - x_y + 1} at which the gradient, or the Hessian where there is one,
   * jumps: finite differences across them do not approximate a derivative.
   */
  default List<Double> kinks() {
    return List.of();
  }

  /**
   * Replaces a direction by its product with the Hessian of a row's loss with respect to the
   * scores, times {@code scale}, with the same bits as the kernel.
   *
   * @param x the scores of all classes
   * @param c its {@link #numbers}
   * @param u the direction, as long as x
   * @throws UnsupportedOperationException where the loss is not {@link #twiceDifferentiable}
   */
  default void hessianRow(float[] x, int label, float scale, float[] c, float[] u) {
    throw new UnsupportedOperationException(name() + " has no second derivative");
  }

  /** The same in binary64. */
  default void hessianRow(double[] x, int label, double scale, double[] c, double[] u) {
    throw new UnsupportedOperationException(name() + " has no second derivative");
  }
}
