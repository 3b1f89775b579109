package org.thalweg.device.java;

import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;

/**
 * A tensor's update by a rule on {@link JavaDevice}, again and again: the group's numbers and the
 * list of states are made once and filled in each step.
 *
 * <p>The rules' loops have one index for all arrays. Where parameter and gradient are whole arrays,
 * that is the elements' own, and a step allocates nothing. Where one is a slice, and where the
 * gradient is widened or has an L1 term, all are copied to the beginning of arrays of a block's
 * length and back; each thread allocates such arrays in each step.
 */
final class JavaUpdate implements Workers.Body {
  private static final int BLOCK = 4096;

  private final Optimizer rule;
  private final JavaTensor tensor;
  private final boolean single;

  // The group's row, and the state arrays: of the type that is computed in.
  private final float[] floats;
  private final float[][] floatStates;
  private final double[] doubles;
  private final double[][] doubleStates;

  JavaUpdate(Optimizer rule, JavaTensor tensor) {
    this.rule = rule;
    this.tensor = tensor;
    single = tensor.master().type() == ElementType.F32;
    int columns = Group.columns(rule);
    floats = new float[single ? columns : 0];
    doubles = new double[single ? 0 : columns];
    floatStates = new float[single ? tensor.states().size() : 0][];
    doubleStates = new double[single ? 0 : tensor.states().size()][];
  }

  /**
   * Updates all elements.
   *
   * @param column where the columns of group 0 begin in the cells
   * @param factor multiplies the gradients' scale
   */
  void run(Workers workers, long[] cells, int column, double factor) {
    int at = column + tensor.group() * (floats.length + doubles.length);
    for (int i = 0; i < floats.length; i++) {
      floats[i] = Float.intBitsToFloat((int) cells[at + i]);
    }
    for (int i = 0; i < doubles.length; i++) {
      doubles[i] = Double.longBitsToDouble(cells[at + i]);
    }
    for (int k = 0; k < floatStates.length; k++) {
      floatStates[k] = tensor.states().get(k).floats();
    }
    for (int k = 0; k < doubleStates.length; k++) {
      doubleStates[k] = tensor.states().get(k).doubles();
    }
    if (single) {
      floats[0] *= (float) factor;
    } else {
      doubles[0] *= factor;
    }
    workers.forEach((int) tensor.master().count(), 4, this);
  }

  /** Updates the elements {@code from .. to - 1}. */
  @Override
  public void run(int from, int to) {
    if (single) {
      updateFloats(floats, floatStates, from, to);
    } else {
      updateDoubles(doubles, doubleStates, from, to);
    }
  }

  private void updateFloats(float[] c, float[][] s, int from, int to) {
    JavaArray master = tensor.master();
    JavaArray gradient = tensor.gradient();
    float[] w = master.floats();
    boolean whole = master.at() == 0 && gradient.at() == 0 && gradient.type() == master.type();
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
      master.read(at, n, blockW);
      gradient.read(at, n, blockG);
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

  /** The same in binary64. */
  private void updateDoubles(double[] c, double[][] s, int from, int to) {
    JavaArray master = tensor.master();
    JavaArray gradient = tensor.gradient();
    double[] w = master.doubles();
    boolean whole = master.at() == 0 && gradient.at() == 0 && gradient.type() == master.type();
    if (whole && c[1] == 0) {
      rule.update(w, gradient.doubles(), s, from, to, c);
      return;
    }
    double[] blockC = c.clone();
    blockC[0] = 1;
    double[] blockW = new double[BLOCK];
    double[] blockG = new double[BLOCK];
    double[][] blockS = new double[s.length][BLOCK];
    for (int at = from; at < to; at += BLOCK) {
      int n = Math.min(BLOCK, to - at);
      master.read(at, n, blockW);
      gradient.read(at, n, blockG);
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
}
