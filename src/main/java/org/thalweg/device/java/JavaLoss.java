package org.thalweg.device.java;

import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;

/**
 * A loss over rows of scores: the twin of {@code kernels/losses.cu} and {@code
 * kernels/hessians.cu}.
 */
interface JavaLoss {
  /** Computes the losses, their gradients, and whether the rows are right. */
  Runnable gradient(Workers workers, JavaArray gradient, JavaArray losses, JavaArray correct);

  /** Computes the products of the rows' Hessians and a direction. */
  Runnable hessian(Workers workers, int rows, JavaArray direction, JavaArray products);

  /**
   * Of these scores, in their type.
   *
   * @param vectorsFrom the number of fma from which on the Vector API is worth it
   */
  static JavaLoss of(
      Loss loss, JavaArray scores, JavaArray labels, int classes, double scale, long vectorsFrom) {
    double[] numbers = loss.numbers(scores.type(), classes);
    boolean vectors =
        VectorLoss.WORTH * (double) scores.count() >= vectorsFrom && VectorLoss.has(loss, classes);
    if (scores.type() == ElementType.F64) {
      return new DoubleLoss(loss, scores, labels, classes, scale, numbers, vectors);
    }
    float[] floats = new float[numbers.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) numbers[i];
    }
    return new FloatLoss(loss, scores, labels, classes, (float) scale, floats, vectors);
  }
}
