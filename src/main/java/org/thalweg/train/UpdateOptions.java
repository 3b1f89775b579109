package org.thalweg.train;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;
import org.thalweg.optim.Rounding;

/**
 * What happens to gradients before the rule, and to BF16 parameters after it.
 *
 * @param gradientScale multiplies each gradient: the reciprocal of the factor by which the loss was
 *     scaled removes that factor; a negative number maximises
 * @param largestNorm to which the scaled gradients of all parameters together are clipped, before a
 *     group adds its terms of l1 and l2; infinite for no clipping
 * @param skipNotFinite whether a NaN or infinity among the gradients skips the update
 * @param rounding of BF16 parameters; others are not rounded
 */
public record UpdateOptions(
    double gradientScale, double largestNorm, boolean skipNotFinite, Rounding rounding) {
  /** Gradients as they are; BF16 to nearest. */
  public static final UpdateOptions PLAIN =
      new UpdateOptions(1, Double.POSITIVE_INFINITY, false, Rounding.NEAREST);

  /** Checks the numbers. */
  public UpdateOptions {
    Require.that(
        Double.isFinite(gradientScale) && gradientScale != 0,
        "gradientScale must be finite, not 0: %s",
        gradientScale);
    Require.that(largestNorm > 0, "largestNorm must be above 0: %s", largestNorm);
  }

  /** These with another gradient scale. */
  public UpdateOptions withGradientScale(double scale) {
    return new UpdateOptions(scale, largestNorm, skipNotFinite, rounding);
  }

  /** These with another largest norm. */
  public UpdateOptions withLargestNorm(double norm) {
    return new UpdateOptions(gradientScale, norm, skipNotFinite, rounding);
  }

  /** These, and updates by gradients that are not finite are skipped. */
  public UpdateOptions skippingNotFinite() {
    return new UpdateOptions(gradientScale, largestNorm, true, rounding);
  }

  /** These with another rounding. */
  public UpdateOptions withRounding(Rounding other) {
    return new UpdateOptions(gradientScale, largestNorm, skipNotFinite, other);
  }

  /** Refuses numbers that become 0 or infinite in the type that is computed in. */
  void check(ElementType type) {
    Require.in(type, "gradientScale", gradientScale);
    if (largestNorm < Double.POSITIVE_INFINITY) {
      Require.in(type, "largestNorm", largestNorm);
    }
  }

  /** Whether the gradients' norm is measured. */
  boolean clips() {
    return skipNotFinite || largestNorm < Double.POSITIVE_INFINITY;
  }
}
