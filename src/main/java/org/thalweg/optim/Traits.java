package org.thalweg.optim;

/**
 * A rule's row in the lecture's table of optimizers.
 *
 * @param first whether it uses a first moment: a running mean of the gradients, or a velocity
 * @param second whether it divides by a second moment: the root of a sum or mean of squared
 *     gradients, or their largest magnitude
 * @param leaky whether the second moment forgets old gradients
 * @param corrected whether the bias of moments that start at 0 is corrected
 * @param normalised whether the length of a step depends on the learning rate and not on the length
 *     of the gradient
 */
public record Traits(
    boolean first, boolean second, boolean leaky, boolean corrected, boolean normalised) {
  /** A step is proportional to the gradient. */
  static final Traits GRADIENT = new Traits(false, false, false, false, false);

  /** A step uses only the sign of the gradient. */
  static final Traits SIGN = new Traits(false, false, false, false, true);

  /**
   * The gradient is divided by the root of the sum of all squares, or of their largest mean so far.
   */
  static final Traits SUM = new Traits(false, true, false, false, true);

  /** The gradient is divided by the root of a decaying mean of squares. */
  static final Traits MEAN = new Traits(false, true, true, false, true);

  Traits withFirst() {
    return new Traits(true, second, leaky, corrected, normalised);
  }

  Traits withCorrection() {
    return new Traits(first, second, leaky, true, normalised);
  }
}
