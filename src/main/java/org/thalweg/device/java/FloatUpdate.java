package org.thalweg.device.java;

import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;

/**
 * An update in binary32.
 *
 * <p>The rules' loops have one index for all arrays. If parameter and gradient are whole arrays,
 * the loops work on them directly, and a step allocates nothing. If one is a slice, or the gradient
 * is widened or has an L1 term, blocks are copied to the beginning of other arrays and back; each
 * thread allocates such arrays in each step.
 */
final class FloatUpdate implements JavaUpdate, Workers.Body {
  private static final int BLOCK = 4096;

  private final Optimizer rule;
  private final JavaTensor tensor;
  private final @Nullable VectorUpdate<float[]> loops; // where they are worth it
  private final float[] c; // the group's row
  private final float[][] s; // the state arrays

  FloatUpdate(Optimizer rule, JavaTensor tensor, boolean vectors) {
    this.rule = rule;
    this.tensor = tensor;
    loops = vectors ? VectorUpdate.of(ElementType.F32) : null;
    c = new float[Group.columns(rule)];
    s = new float[tensor.states().size()][];
  }

  @Override
  public void run(Workers workers, long[] cells, int column, double factor) {
    int at = column + tensor.group() * c.length;
    for (int i = 0; i < c.length; i++) {
      c[i] = (float) ElementType.F32.ofCell(cells[at + i]);
    }
    for (int k = 0; k < s.length; k++) {
      s[k] = tensor.states().get(k).floats();
    }
    c[0] *= (float) factor;
    workers.forEach((int) tensor.master().count(), 4, this);
  }

  private void update(float[] w, float[] g, float[][] states, int from, int to, float[] numbers) {
    if (loops == null) {
      rule.update(w, g, states, from, to, numbers);
    } else {
      loops.update(rule, w, g, states, from, to, numbers);
    }
  }

  /** Updates the elements {@code from .. to - 1}. */
  @Override
  public void run(int from, int to) {
    JavaArray master = tensor.master();
    JavaArray gradient = tensor.gradient();
    float[] w = master.floats();
    boolean whole = master.at() == 0 && gradient.at() == 0 && gradient.type() == master.type();
    if (whole && c[1] == 0) {
      update(w, gradient.floats(), s, from, to, c);
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
      update(blockW, blockG, blockS, 0, n, blockC);
      System.arraycopy(blockW, 0, w, master.at() + at, n);
      for (int k = 0; k < s.length; k++) {
        System.arraycopy(blockS[k], 0, s[k], at, n);
      }
    }
  }
}
