package org.thalweg.device.java;

import org.thalweg.loss.Hinge;
import org.thalweg.loss.Loss;
import org.thalweg.loss.SmoothHinge;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * The loops of a loss and its gradient by the Vector API, with the same bits as the plain ones. The
 * JIT vectorises neither exp nor the margins. Products with Hessians stay plain: only second-order
 * methods take them.
 */
interface VectorLoss {
  /** How many fma a score counts as, of those that make it worth loading the loops. */
  int WORTH = 512;

  /** Computes rows {@code from .. to - 1} as {@link JavaLoss#gradient} does. */
  void gradient(JavaLoss of, JavaArray d, JavaArray losses, JavaArray correct, int from, int to);

  /**
   * Whether there are loops for a loss. More classes than a chunk of a sum has stay plain: several
   * rows of them do not fit the nearer caches.
   */
  static boolean has(Loss loss, int classes) {
    return classes <= Exact.CHUNK
        && (loss instanceof SoftmaxCrossEntropy
            || loss instanceof Hinge
            || loss instanceof SmoothHinge);
  }

  /** The loops for a type. */
  static VectorLoss of(ElementType type) {
    return type == ElementType.F32 ? Float32.LOOPS : Float64.LOOPS;
  }

  /** Loads the loops in binary32 on first use. */
  final class Float32 {
    private static final VectorLoss LOOPS = VectorProduct.load(VectorLoss.class, "Float");

    private Float32() {}
  }

  /** Loads those in binary64. */
  final class Float64 {
    private static final VectorLoss LOOPS = VectorProduct.load(VectorLoss.class, "Double");

    private Float64() {}
  }
}
