package org.thalweg.loss;

import java.util.List;
import org.thalweg.numeric.ElementType;

/**
 * What a row of scores costs, given its label: a small immutable value of hyperparameters, with a
 * kernel of the same name in {@code kernels/losses.cu} and a section in {@code
 * src/docs/numerics.md}, "Losses".
 */
public interface Loss {
  /** How many numbers of its own a kernel takes. */
  int NUMBERS = 2;

  /** Its name in the registry: {@code "squared-hinge"}. */
  String name();

  /** What a row with scores x and label y costs, in the words of its hyperparameters. */
  String formula();

  /** Its kernel's name before the type: {@code "squared_hinge"}. */
  default String kernel() {
    return name().replace('-', '_');
  }

  /**
   * The numbers that no row changes, as many as {@link #NUMBERS}; its kernels take them.
   *
   * @param type what it is computed in: hyperparameters that belong together are rounded together
   */
  default double[] numbers(ElementType type, int classes) {
    return new double[NUMBERS];
  }

  /**
   * The loss of a row of scores, whose place its gradient times {@code scale} takes. Bit for bit
   * what the kernel does.
   *
   * @param x the scores of all classes
   * @param label the right class; where it is none of them, the loss is NaN
   * @param c its {@link #numbers}
   */
  float row(float[] x, int label, float scale, float[] c);

  /** The same in binary64. */
  double row(double[] x, int label, double scale, double[] c);

  /**
   * Whether {@link #hessianRow} is there, with a kernel {@code <kernel>_hessian} in
   * kernels/hessians.cu.
   */
  default boolean twiceDifferentiable() {
    return false;
  }

  /**
   * The margins {@code x_j - x_y + 1} at which the gradient, or the Hessian where there is one,
   * jumps: differences across them are no derivatives.
   */
  default List<Double> kinks() {
    return List.of();
  }

  /**
   * The product of the Hessian of a row with respect to its scores and a direction, whose place it
   * takes, times {@code scale}. Bit for bit what the kernel does.
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
