package org.thalweg.device;

import org.thalweg.numeric.Require;

/**
 * A tensor that an optimizer updates.
 *
 * @param value the weights, updated in place
 * @param gradient as many elements of the same type, only read. If the type is BF16, a copy of the
 *     value in F32, the master, is updated; {@link Device#tensors} makes it, and each update rounds
 *     it to the value
 * @param group the index of its parameter group: which columns of the step table it reads
 */
public record Parameter(Array value, Array gradient, int group) {
  /** Checks that value and gradient agree. */
  public Parameter {
    if (value.count() != gradient.count() || value.type() != gradient.type()) {
      throw new IllegalArgumentException(
          "a parameter of %d %s has a gradient of %d %s"
              .formatted(value.count(), value.type(), gradient.count(), gradient.type()));
    }
    value.type().computed();
    Require.that(group >= 0, "group must be at least 0: %s", group);
  }
}
