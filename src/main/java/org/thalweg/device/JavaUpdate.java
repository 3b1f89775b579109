package org.thalweg.device;

import java.util.function.IntFunction;

/**
 * An update of a stretch of a tensor on {@link JavaDevice}. The rules' loops have one index for all arrays. Where
 * parameter and gradient are whole arrays, that is the elements' own; where one is a slice, all are copied to
 * the beginning of arrays of a block's length and back.
 *
 * @param <A> float[] or double[]
 */
record JavaUpdate<A>(Rule<A> rule, IntFunction<A> newArray) {
  private static final int BLOCK = 4096;

  /** A rule with its numbers. */
  interface Rule<A> {
    void update(A w, A g, A[] s, int from, int to);
  }

  /** Elements {@code from .. to - 1}; element 0 of the parameter is at wAt, of the gradient at gAt, of state at 0. */
  void run(A w, int wAt, A g, int gAt, A[] s, int from, int to) {
    if (wAt == 0 && gAt == 0) {
      rule.update(w, g, s, from, to);
      return;
    }
    A blockW = newArray.apply(BLOCK);
    A blockG = newArray.apply(BLOCK);
    A[] blockS = s.clone();
    for (int k = 0; k < s.length; k++) {
      blockS[k] = newArray.apply(BLOCK);
    }
    for (int at = from; at < to; at += BLOCK) {
      int n = Math.min(BLOCK, to - at);
      System.arraycopy(w, wAt + at, blockW, 0, n);
      System.arraycopy(g, gAt + at, blockG, 0, n);
      for (int k = 0; k < s.length; k++) {
        System.arraycopy(s[k], at, blockS[k], 0, n);
      }
      rule.update(blockW, blockG, blockS, 0, n);
      System.arraycopy(blockW, 0, w, wAt + at, n);
      for (int k = 0; k < s.length; k++) {
        System.arraycopy(blockS[k], 0, s[k], at, n);
      }
    }
  }
}
