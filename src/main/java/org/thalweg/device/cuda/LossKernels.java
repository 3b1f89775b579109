package org.thalweg.device.cuda;

import org.thalweg.device.Array;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/** Launches the kernels of {@code losses.cu} and {@code hessians.cu} over rows of scores. */
final class LossKernels {
  // Constants that the kernels have too.
  static final int WARPS = 16;
  static final int RESULTS = 3; // numbers of shared memory for each chunk
  static final int FEW_CLASSES = 32; // a thread takes a whole row
  static final int FEW_ROWS = 128; // of a block

  private final CudaQueue queue;

  LossKernels(CudaQueue queue) {
    this.queue = queue;
  }

  void loss(
      Loss loss,
      Array scores,
      Array labels,
      int classes,
      double scale,
      Array gradient,
      Array rowLoss,
      Array rowCorrect) {
    Object[] written = {gradient, rowLoss, rowCorrect};
    long rows = rowLoss.count();
    if (classes > FEW_CLASSES) {
      rows("losses", "_", loss, scores, labels, rows, classes, scale, written);
      return;
    }
    ElementType type = scores.type();
    queue.launch(
        new Operation.Losses(classes, scores, labels, gradient, rowLoss, rowCorrect),
        "losses",
        "few_" + loss.kernel() + "_" + type.suffix(),
        (rows + FEW_ROWS - 1) / FEW_ROWS,
        FEW_ROWS,
        FEW_ROWS * (classes | 1) * type.bytes(),
        scores,
        labels,
        (int) labels.count(),
        rows,
        classes,
        numbers(loss, type, classes, scale),
        written);
  }

  void hessian(
      Loss loss,
      Array scores,
      Array labels,
      long rows,
      int classes,
      double scale,
      Array direction,
      Array out) {
    Object[] vectors = {direction, out};
    rows("hessians", "_hessian_", loss, scores, labels, rows, classes, scale, vectors);
  }

  /** A block for each row, as {@code rows.cuh} says. */
  private void rows(
      String module,
      String infix,
      Loss loss,
      Array scores,
      Array labels,
      long rows,
      int classes,
      double scale,
      Object[] last) {
    ElementType type = scores.type();
    int chunks = (int) Exact.chunks(classes);
    queue.launch(
        module,
        loss.kernel() + infix + type.suffix(),
        rows,
        32 * Math.min(chunks, WARPS),
        (RESULTS * chunks + 2) * type.bytes(),
        scores,
        labels,
        (int) labels.count(),
        classes,
        numbers(loss, type, classes, scale),
        last);
  }

  private static Object[] numbers(Loss loss, ElementType type, int classes, double scale) {
    double[] own = loss.numbers(type, classes);
    return new Object[] {
      CudaDevice.number(type, scale),
      CudaDevice.number(type, own[0]),
      CudaDevice.number(type, own[1])
    };
  }
}
