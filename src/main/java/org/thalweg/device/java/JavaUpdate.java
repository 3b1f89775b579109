package org.thalweg.device.java;

import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Optimizer;

/** The repeated update of a tensor by a rule, with the arrays that every update needs. */
interface JavaUpdate {
  /**
   * Updates all elements.
   *
   * @param cells the step table's
   * @param column where the columns of group 0 begin in the cells
   * @param factor multiplies the gradients' scale
   */
  void run(Workers workers, long[] cells, int column, double factor);

  /**
   * The update of that tensor, in the type of its master.
   *
   * @param vectorsFrom the number of fma from which on the Vector API is worth it
   */
  static JavaUpdate of(Optimizer rule, JavaTensor tensor, long vectorsFrom) {
    double work = VectorUpdate.WORTH * (double) tensor.master().count();
    boolean vectors = work >= vectorsFrom && VectorUpdate.has(rule);
    return tensor.master().type() == ElementType.F32
        ? new FloatUpdate(rule, tensor, vectors)
        : new DoubleUpdate(rule, tensor, vectors);
  }
}
