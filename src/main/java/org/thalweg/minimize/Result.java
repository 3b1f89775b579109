package org.thalweg.minimize;

import org.thalweg.device.Array;

/**
 * The result of a minimisation.
 *
 * @param point the last accepted point, where function and gradient are finite, or the start where
 *     it was told to stop in the first evaluation, whose value and norm are then NaN; on the
 *     objective's device, owned by the caller, who closes it
 * @param value f there
 * @param gradientNorm the largest magnitude in the gradient there; where an L1 penalty has a kink,
 *     in the least of its subgradients
 * @param iterations how many it took
 * @param values how often f alone was evaluated
 * @param gradients how often f and its gradient were
 * @param products how many products of the Hessian with a vector
 * @param reason why it stopped
 */
public record Result(
    Array point,
    double value,
    double gradientNorm,
    int iterations,
    long values,
    long gradients,
    long products,
    Reason reason)
    implements AutoCloseable {
  /** Frees the point. */
  @Override
  public void close() {
    point.close();
  }
}
