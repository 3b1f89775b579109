package org.thalweg.optim;

/**
 * A rule's row in the lecture's table of optimizers.
 *
 * @param first whether it goes by a first moment: a running mean of the gradients, or a velocity
 * @param second whether it divides by a second one: the root of squared gradients, or their largest
 *     magnitude
 * @param leaky whether that forgets: gradients of long ago count no more
 * @param corrected whether the bias of moments that begin at 0 is taken out
 * @param normalised whether a step is as long as the learning rate says, a gradient's length
 *     counting for nothing
 */
public record Traits(
    boolean first, boolean second, boolean leaky, boolean corrected, boolean normalised) {
  /** Of a rule that follows the gradient as it is. */
  static final Traits GRADIENT = new Traits(false, false, false, false, false);

  /** Its signs. */
  static final Traits SIGN = new Traits(false, false, false, false, true);

  /**
   * The gradient over the root of the sum of all squares, or of the largest mean of them so far.
   */
  static final Traits SUM = new Traits(false, true, false, false, true);

  /** The gradient over the root of a decaying mean. */
  static final Traits MEAN = new Traits(false, true, true, false, true);

  Traits withFirst() {
    return new Traits(true, second, leaky, corrected, normalised);
  }

  Traits withCorrection() {
    return new Traits(first, second, leaky, true, normalised);
  }
}
