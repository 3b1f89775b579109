package org.thalweg.optim;

import org.thalweg.numeric.Require;

/**
 * NAdam with decoupled weight decay: {@code w *= 1 - lr*weightDecay}, then {@link NAdam}'s update.
 * State: m, v. (Dozat, ICLR 2016 workshop; Loshchilov and Hutter, ICLR 2019; together as in
 * PyTorch's NAdam with {@code decoupled_weight_decay=True}.) The decay of a {@link Group} comes on
 * top.
 *
 * <p>Sequence, columns and kernel are NAdam's; the decay is in the group's keep.
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the share of the second moment that is kept, in [0, 1)
 * @param eps added to the root of the corrected second moment
 * @param weightDecay the decay: an update multiplies the parameter by 1 - lr*weightDecay; at least
 *     0
 */
public record NAdamW(double lr, double beta1, double beta2, double eps, double weightDecay)
    implements Variant {
  /** Checks the hyperparameters. */
  public NAdamW {
    Hyper.moments(lr, beta1, beta2, eps);
    Require.atLeast0("weightDecay", weightDecay);
  }

  /** This rule with the default hyperparameters. */
  public static NAdamW of(double lr) {
    return new NAdamW(lr, 0.9, 0.999, 1e-8, 1e-2);
  }

  @Override
  public NAdam base() {
    return new NAdam(lr, beta1, beta2, eps);
  }

  @Override
  public Definition definition() {
    Definition nadam = base().definition();
    return nadam.variant("nadamw", "w *= 1 - lr*weightDecay; " + nadam.formula(), nadam.traits());
  }
}
