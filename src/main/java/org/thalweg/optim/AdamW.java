package org.thalweg.optim;

import org.thalweg.numeric.Require;

/**
 * AdamW: {@link Adam} with decoupled weight decay: {@code w *= 1 - lr*weightDecay}, then Adam's
 * update. State: m, v. (Loshchilov and Hutter, ICLR 2019; the decay times the learning rate as in
 * PyTorch.) The decay of a {@link Group} comes on top.
 *
 * <p>Sequence, columns and kernel are Adam's; the decay is in the group's keep. So this is, bit for
 * bit, Adam in a group with that decay.
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the share of the second moment that is kept, in [0, 1)
 * @param eps added to the root of the corrected second moment
 * @param weightDecay the decay: an update multiplies the parameter by 1 - lr*weightDecay; at least
 *     0
 */
public record AdamW(double lr, double beta1, double beta2, double eps, double weightDecay)
    implements Variant {
  /** Checks the hyperparameters. */
  public AdamW {
    Hyper.moments(lr, beta1, beta2, eps);
    Require.atLeast0("weightDecay", weightDecay);
  }

  /** This rule with the default hyperparameters. */
  public static AdamW of(double lr) {
    return new AdamW(lr, 0.9, 0.999, 1e-8, 1e-2);
  }

  @Override
  public Adam base() {
    return new Adam(lr, beta1, beta2, eps);
  }

  @Override
  public Definition definition() {
    Definition adam = base().definition();
    return adam.variant("adamw", "w *= 1 - lr*weightDecay; " + adam.formula(), adam.traits());
  }
}
