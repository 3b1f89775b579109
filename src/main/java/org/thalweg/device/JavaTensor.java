package org.thalweg.device;

import java.util.List;
import org.thalweg.optim.Optimizer;

/**
 * A tensor of {@link JavaDevice} with the state of its updates.
 *
 * @param value the parameter as the caller has it
 * @param master what is updated: the parameter itself, or where it is BF16, in F32
 * @param gradient of the value's type
 * @param group of the parameter
 * @param states as many as the rule has, whole arrays
 */
record JavaTensor(
    JavaArray value, JavaArray master, JavaArray gradient, int group, List<JavaArray> states) {
  private static final int BLOCK = 4096;

  /** Back to the place from which a rule that looks ahead has moved it. */
  void goBack() {
    JavaArray place = states.get(states.size() - 1);
    if (master.type() == ElementType.F32) {
      System.arraycopy(place.floats(), 0, master.floats(), master.at(), (int) master.count());
    } else {
      System.arraycopy(place.doubles(), 0, master.doubles(), master.at(), (int) master.count());
    }
  }

  /**
   * Updates elements {@code from .. to - 1}. The rules' loops have one index for all arrays. Where parameter and gradient
   * are whole arrays, that is the elements' own; where one is a slice, and where the gradient is widened or has an L1
   * term, all are copied to the beginning of arrays of a block's length and back.
   *
   * @param c the group's row
   */
  void updateFloats(Optimizer rule, float[] c, int from, int to) {
    float[] w = master.floats();
    float[][] s = new float[states.size()][];
    for (int k = 0; k < s.length; k++) {
      s[k] = states.get(k).floats();
    }
    boolean whole = master.at() == 0 && gradient.at() == 0 && gradient.type() == ElementType.F32;
    if (whole && c[1] == 0) {
      rule.update(w, gradient.floats(), s, from, to, c);
      return;
    }
    float[] blockC = c.clone();
    blockC[0] = 1;
    float[] blockW = new float[BLOCK];
    float[] blockG = new float[BLOCK];
    float[][] blockS = new float[s.length][BLOCK];
    for (int at = from; at < to; at += BLOCK) {
      int n = Math.min(BLOCK, to - at);
      System.arraycopy(w, master.at() + at, blockW, 0, n);
      gradient(at, n, blockG);
      for (int i = 0; i < n; i++) {
        blockG[i] = Math.fma(c[1], Math.signum(blockW[i]), c[0] * blockG[i]);
      }
      for (int k = 0; k < s.length; k++) {
        System.arraycopy(s[k], at, blockS[k], 0, n);
      }
      rule.update(blockW, blockG, blockS, 0, n, blockC);
      System.arraycopy(blockW, 0, w, master.at() + at, n);
      for (int k = 0; k < s.length; k++) {
        System.arraycopy(blockS[k], 0, s[k], at, n);
      }
    }
  }

  private void gradient(int at, int n, float[] block) {
    if (gradient.type() == ElementType.F32) {
      System.arraycopy(gradient.floats(), gradient.at() + at, block, 0, n);
    } else {
      for (int i = 0; i < n; i++) {
        block[i] = Exact.widen(gradient.shorts()[gradient.at() + at + i]);
      }
    }
  }

  /** The same in binary64. */
  void updateDoubles(Optimizer rule, double[] c, int from, int to) {
    double[] w = master.doubles();
    double[] g = gradient.doubles();
    double[][] s = new double[states.size()][];
    for (int k = 0; k < s.length; k++) {
      s[k] = states.get(k).doubles();
    }
    if (master.at() == 0 && gradient.at() == 0 && c[1] == 0) {
      rule.update(w, g, s, from, to, c);
      return;
    }
    double[] blockC = c.clone();
    blockC[0] = 1;
    double[] blockW = new double[BLOCK];
    double[] blockG = new double[BLOCK];
    double[][] blockS = new double[s.length][BLOCK];
    for (int at = from; at < to; at += BLOCK) {
      int n = Math.min(BLOCK, to - at);
      System.arraycopy(w, master.at() + at, blockW, 0, n);
      for (int i = 0; i < n; i++) {
        blockG[i] = Math.fma(c[1], Math.signum(blockW[i]), c[0] * g[gradient.at() + at + i]);
      }
      for (int k = 0; k < s.length; k++) {
        System.arraycopy(s[k], at, blockS[k], 0, n);
      }
      rule.update(blockW, blockG, blockS, 0, n, blockC);
      System.arraycopy(blockW, 0, w, master.at() + at, n);
      for (int k = 0; k < s.length; k++) {
        System.arraycopy(blockS[k], 0, s[k], at, n);
      }
    }
  }

  /**
   * Rounds the master to the value, which is BF16.
   *
   * @param key of this update's rounding, 0 to nearest
   * @param index of the tensor
   */
  void round(Workers workers, long key, int index) {
    float[] w = master.floats();
    short[] copy = value.shorts();
    workers.forEach(
        (int) master.count(),
        8,
        (from, to) -> {
          int[] block = new int[4];
          for (int i = from; i < to; i++) {
            if (key == 0) {
              copy[value.at() + i] = Exact.bf16(w[i]);
            } else {
              if (i == from || i % 4 == 0) {
                Philox.block(key, index, i / 4, block);
              }
              copy[value.at() + i] = Exact.bf16Stochastic(w[i], block[i % 4]);
            }
          }
        });
  }

  /** Closes what belongs to the update: states and a master that is not the parameter. */
  void close() {
    states.forEach(JavaArray::close);
    if (master != value) {
      master.close();
    }
  }
}
