package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/**
 * Adam without bias correction: {@code m = b1*m + (1-b1)*g}; {@code v = b2*v + (1-b2)*g*g}; {@code
 * w -= lr * m/(sqrt(v)+eps)}. State: m, v. It shows why the correction is needed: with beta2 =
 * 0.999 the first steps are divided by a number close to 0.
 *
 * <p>Sequence, columns and kernel are {@link Adam}'s, with step = lr and e = eps.
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the share of the second moment that is kept, in [0, 1)
 * @param eps added to the root of the second moment
 */
public record AdamUncorrected(double lr, double beta1, double beta2, double eps)
    implements Variant {
  /** Checks the hyperparameters. */
  public AdamUncorrected {
    Hyper.moments(lr, beta1, beta2, eps);
  }

  /** This rule with the default hyperparameters. */
  public static AdamUncorrected of(double lr) {
    return new AdamUncorrected(lr, 0.9, 0.999, 1e-8);
  }

  @Override
  public Adam base() {
    return new Adam(lr, beta1, beta2, eps);
  }

  @Override
  public Definition definition() {
    return base()
        .definition()
        .variant(
            "adam_uncorrected",
            "m = beta1*m + (1-beta1)*g; v = beta2*v + (1-beta2)*g*g; w -= lr * m/(sqrt(v)+eps)",
            Traits.MEAN.withFirst());
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double[] c = base().numbers(type, lr, t);
    c[4] = lr;
    c[5] = eps;
    return c;
  }
}
