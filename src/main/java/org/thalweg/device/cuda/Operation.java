package org.thalweg.device.cuda;

import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Product;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;

/** What a launch computes, where {@link Fusion} asks. */
sealed interface Operation {
  /** A minibatch is gathered. */
  record Gather(Rows rows, Array order, Steps steps, Array x, Array labels) implements Operation {}

  /** Scores are multiplied, in narrow tiles with whole sums. */
  record Multiply(Product size, Array left, Array right, @Nullable Array bias, Array out)
      implements Operation {}

  /** A gradient is multiplied, in narrow tiles with whole sums. */
  record MultiplyTransposed(Product size, Array left, Array right, Array out, @Nullable Array ones)
      implements Operation {}

  /** Losses of few classes. */
  record Losses(
      int classes, Array scores, Array labels, Array gradient, Array rowLoss, Array rowCorrect)
      implements Operation {}

  /** The losses of one model are added up. */
  record Tally(Array rowLoss, Array rowCorrect, Steps steps) implements Operation {}

  /** Parameters are updated, by their gradients or without. */
  record Update(CudaTensors tensors, Steps steps, boolean byGradient) implements Operation {}

  /** The step ends. */
  record Advance(Steps steps) implements Operation {}
}
