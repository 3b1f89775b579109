package org.thalweg.minimize;

import org.thalweg.numeric.ElementType;

/**
 * When a minimiser stops.
 *
 * @param gradient stop where no entry of the gradient is larger in magnitude
 * @param change stop after an iteration that changed the value f by less than {@code change * |f|};
 *     0: never for that reason
 * @param iterations the most of them
 */
public record Stopping(double gradient, double change, int iterations) {
  public Stopping {
    if (!(gradient >= 0 && change >= 0 && iterations >= 0)) {
      throw new IllegalArgumentException(
          "tolerances and iterations must be at least 0: %s, %s, %d"
              .formatted(gradient, change, iterations));
    }
  }

  /** The defaults: gradient 1e-8, in F32 1e-5, and 1,000 iterations. */
  public static Stopping of(ElementType type) {
    return new Stopping(type == ElementType.F32 ? 1e-5 : 1e-8, 0, 1000);
  }
}
