package org.thalweg.optim;

import org.thalweg.numeric.Philox;

/**
 * How binary32 masters are rounded to their bf16 copies: to nearest even, or stochastically, up
 * with a probability proportional to the distance from the lower neighbour, so that the error is 0
 * on average. (Gupta et al., Deep Learning with Limited Numerical Precision, ICML 2015.) Each
 * update has its own key; the random bits of an element are those of Philox with this key at the
 * position (tensor, element).
 *
 * @param stochastic whether to round stochastically; otherwise to nearest even
 * @param seed the seed of the keys
 */
public record Rounding(boolean stochastic, long seed) {
  /** Rounding to nearest even. */
  public static final Rounding NEAREST = new Rounding(false, 0);

  /** How many cells of a step table row it takes, before those of the first group. */
  public static final int COLUMNS = 1;

  /**
   * The key of one update, which a cell of the step table holds: 0 rounds to nearest.
   *
   * @param t the number of the update, from 1
   */
  public long key(long t) {
    return stochastic ? drawn(t) : 0;
  }

  private long drawn(long t) {
    Philox random = new Philox(seed, t);
    long high = random.nextInt();
    return (high << 32) | (random.nextInt() & 0xffffffffL) | 1; // never 0
  }
}
