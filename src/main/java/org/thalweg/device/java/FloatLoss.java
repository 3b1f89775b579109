package org.thalweg.device.java;

import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;

/**
 * A loss over rows of scores in binary32.
 *
 * @param vectors whether the Vector API computes the gradient
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record FloatLoss(
    Loss loss,
    JavaArray scores,
    JavaArray labels,
    int classes,
    float scale,
    float[] numbers,
    boolean vectors)
    implements JavaLoss {
  @Override
  public Runnable gradient(Workers workers, JavaArray d, JavaArray losses, JavaArray correct) {
    return () ->
        workers.forEach(
            (int) losses.count(),
            16L * classes,
            (from, to) -> {
              if (vectors) {
                VectorLoss.of(ElementType.F32).gradient(this, d, losses, correct, from, to);
                return;
              }
              float[] x = new float[classes];
              for (int row = from; row < to; row++) {
                read(scores, row, x);
                correct.ints()[correct.at() + row] = right(x, label(row));
                losses.floats()[losses.at() + row] = loss.row(x, label(row), scale, numbers);
                write(x, d, row);
              }
            });
  }

  @Override
  public Runnable hessian(Workers workers, int rows, JavaArray direction, JavaArray products) {
    return () ->
        workers.forEach(
            rows,
            16L * classes,
            (from, to) -> {
              float[] x = new float[classes];
              float[] u = new float[classes];
              for (int row = from; row < to; row++) {
                read(scores, row, x);
                read(direction, row, u);
                loss.hessianRow(x, label(row), scale, numbers, u);
                write(u, products, row);
              }
            });
  }

  int label(int row) {
    return labels.ints()[labels.at() + row % (int) labels.count()];
  }

  void read(JavaArray from, int row, float[] x) {
    System.arraycopy(from.floats(), from.at() + row * classes, x, 0, classes);
  }

  void write(float[] x, JavaArray to, int row) {
    System.arraycopy(x, 0, to.floats(), to.at() + row * classes, classes);
  }

  /**
   * 1 if the label's score is the largest, and no class before it has the same; 0 if not; -1 if the
   * label is no class.
   */
  private static int right(float[] x, int label) {
    if (label < 0 || label >= x.length) {
      return -1;
    }
    boolean beaten = Float.isNaN(x[label]);
    for (int j = 0; j < x.length; j++) {
      beaten |= j < label ? x[j] >= x[label] : x[j] > x[label];
    }
    return beaten ? 0 : 1;
  }
}
