package org.thalweg.loss;

/**
 * What a row of scores costs, given its label. An immutable value with a kernel of the same name in
 * {@code kernels/losses.cu} and a section in {@code src/docs/numerics.md}, "Losses".
 */
public interface Loss {
  /** Its kernel's name before the type: {@code "softmax"}. */
  String kernel();

  /**
   * The loss of the row {@code x[at] .. x[at + classes - 1]}, and into {@code d}, which may be
   * {@code x}, its gradient times {@code scale}. Bit for bit what the kernel does.
   *
   * @param label the right class; where it is none of them, the loss is NaN
   */
  float row(float[] x, int at, int classes, int label, float scale, float[] d, int dAt);

  /** The same in binary64. */
  double row(double[] x, int at, int classes, int label, double scale, double[] d, int dAt);

  /**
   * Whether {@link #hessianRow} is there, with a kernel {@code <kernel>_hessian} in
   * kernels/hessians.cu.
   */
  default boolean twiceDifferentiable() {
    return false;
  }

  /**
   * Into {@code r}, which may be {@code u}, the product of the row's Hessian with respect to its
   * scores and the direction {@code u[uAt] .. u[uAt + classes - 1]}, times {@code scale}. Bit for
   * bit what the kernel does.
   *
   * @throws UnsupportedOperationException where the loss is not {@link #twiceDifferentiable}
   */
  default void hessianRow(
      float[] x,
      int at,
      int classes,
      int label,
      float scale,
      float[] u,
      int uAt,
      float[] r,
      int rAt) {
    throw new UnsupportedOperationException(kernel() + " has no second derivative");
  }

  /** The same in binary64. */
  default void hessianRow(
      double[] x,
      int at,
      int classes,
      int label,
      double scale,
      double[] u,
      int uAt,
      double[] r,
      int rAt) {
    throw new UnsupportedOperationException(kernel() + " has no second derivative");
  }
}
