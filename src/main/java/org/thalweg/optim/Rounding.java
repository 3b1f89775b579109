package org.thalweg.optim;

import org.thalweg.numeric.Philox;

/**
 * How binary32 masters are rounded to their bf16 copies: to nearest even, or stochastically, up in
 * the last place with a probability that is the distance from the lower neighbour, so that on
 * average nothing is lost. (Gupta et al., Deep Learning with Limited Numerical Precision, ICML
 * 2015.) Each update has a key of its own; the bits of an element are Philox's at (tensor, element)
 * under it.
 *
 * @param stochastic else to nearest even
 * @param seed of the keys
 */
public record Rounding(boolean stochastic, long seed) {
  /** To nearest even. */
  public static final Rounding NEAREST = new Rounding(false, 0);

  /** Cells that it takes of a row of the step table, before those of the first group. */
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
