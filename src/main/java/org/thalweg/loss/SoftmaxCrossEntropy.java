package org.thalweg.loss;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.numeric.Require;

/**
 * Softmax cross-entropy with smoothed labels: {@code loss = log S - sum of t_j * (x_j - M)}, {@code
 * D_j = (exp(x_j - M)/S - t_j) * scale}, where {@code M} is the largest score, {@code S = sum
 * exp(x_j - M)}, and the targets are {@code t_j = (1 - smoothing) * [j = y] + smoothing/classes}.
 * (Szegedy et al., CVPR 2016, section 7; PyTorch's {@code label_smoothing}.)
 *
 * <p>Order: for each chunk c of 1,024 classes {@code m_c = max x}, {@code s_c = sum exp(x - m_c)},
 * {@code b_c = sum (x - m_c)} (0 for m_c where it is -Inf); then {@code M = max m_c}, {@code S =
 * sum s_c * exp(m_c - M)} and {@code B = sum fma(n_c, m_c - M, b_c)} with n_c the chunk's classes.
 * A row of one chunk takes M = m_0, S = s_0, B = b_0. Without smoothing B is 0.
 *
 * <p>Numbers, with {@code e} the smoothing rounded: {@code keep = 1 - e}, {@code share =
 * e/classes}. Sequence: {@code loss = log S - fma(keep, x_y - M, share * B)}; {@code t_j = share},
 * and {@code keep + share} for the label; {@code D_j = (exp(x_j - M)/S - t_j) * scale}.
 *
 * <p>The Hessian times u is {@code p_j * (u_j - p.u) * scale} with {@code p_j = exp(x_j - M)/S},
 * where {@code p.u} is a canonical sum; neither the label nor its smoothing is in it.
 *
 * @param smoothing the part of the label's target that is spread evenly over all classes, in [0, 1)
 */
public record SoftmaxCrossEntropy(double smoothing) implements Loss, SoftmaxCrossEntropy64 {
  /** Checks the smoothing. */
  public SoftmaxCrossEntropy {
    Require.that(smoothing >= 0 && smoothing < 1, "smoothing must be in [0, 1): %s", smoothing);
  }

  /** Without smoothing. */
  public SoftmaxCrossEntropy() {
    this(0);
  }

  @Override
  public String name() {
    return "softmax";
  }

  @Override
  public String formula() {
    return "log(sum of exp(x_j)) - (1-smoothing)*x_y - smoothing * mean of x_j";
  }

  @Override
  public double[] numbers(ElementType type, int classes) {
    double rounded = type.round(smoothing);
    return new double[] {type.round(1 - rounded), type.round(rounded / classes)};
  }

  @Override
  public void check(ElementType type) {
    SoftmaxCrossEntropy64.super.check(type);
    Require.in(type, "smoothing", smoothing, "the least share of a class", 4e-10);
  }

  @Override
  public float row(float[] x, int label, float scale, float[] c) {
    float keep = c[0];
    float share = c[1];
    float labelScore = label >= 0 && label < x.length ? x[label] : Float.NaN;
    float[] of = normalise(x, share > 0);
    float max = of[0];
    float sum = of[1];
    for (int j = 0; j < x.length; j++) {
      float target = j == label ? keep + share : share;
      x[j] = (Exact.exp(x[j] - max) / sum - target) * scale;
    }
    return Exact.log(sum) - Math.fma(keep, labelScore - max, share * of[2]);
  }

  @Override
  public boolean probabilistic() {
    return true;
  }

  @Override
  public boolean twiceDifferentiable() {
    return true;
  }

  @Override
  public void hessianRow(float[] x, int label, float scale, float[] c, float[] u) {
    float[] of = normalise(x, false);
    float[] p = new float[x.length];
    float[] products = new float[x.length];
    for (int j = 0; j < x.length; j++) {
      p[j] = Exact.exp(x[j] - of[0]) / of[1];
      products[j] = p[j] * u[j];
    }
    float mean = Exact.sum(products, 0, x.length);
    for (int j = 0; j < x.length; j++) {
      u[j] = p[j] * (u[j] - mean) * scale;
    }
  }

  /** Returns M, S and, if {@code withBelow} is set, B of a row. */
  private static float[] normalise(float[] x, boolean withBelow) {
    if (x.length <= Exact.CHUNK) {
      return chunk(x, 0, x.length, withBelow);
    }
    int chunks = (int) Exact.chunks(x.length);
    float[] maxima = new float[chunks];
    float[] sums = new float[chunks];
    float[] below = new float[chunks];
    float max = Float.NEGATIVE_INFINITY;
    for (int c = 0; c < chunks; c++) {
      int from = c * Exact.CHUNK;
      float[] of = chunk(x, from, Math.min(x.length - from, Exact.CHUNK), withBelow);
      maxima[c] = of[0];
      sums[c] = of[1];
      below[c] = of[2];
      max = Exact.max(max, of[0]);
    }
    for (int c = 0; c < chunks; c++) {
      float shift = maxima[c] - max;
      sums[c] = sums[c] * Exact.exp(shift);
      int n = Math.min(x.length - c * Exact.CHUNK, Exact.CHUNK);
      below[c] = withBelow ? Math.fma(n, shift, below[c]) : 0;
    }
    return new float[] {max, Exact.sum(sums, 0, chunks), Exact.sum(below, 0, chunks)};
  }

  /** m_c, s_c and, where it is asked for, b_c of the chunk of n classes from one on. */
  private static float[] chunk(float[] x, int from, int n, boolean withBelow) {
    float max = Float.NEGATIVE_INFINITY;
    for (int j = 0; j < n; j++) {
      max = Exact.max(max, x[from + j]);
    }
    float shift = max > Float.NEGATIVE_INFINITY ? max : 0;
    float[] terms = new float[n];
    for (int j = 0; j < n; j++) {
      terms[j] = x[from + j] - shift;
    }
    float below = withBelow ? Exact.sum(terms, 0, n) : 0;
    for (int j = 0; j < n; j++) {
      terms[j] = Exact.exp(terms[j]);
    }
    return new float[] {max, Exact.sum(terms, 0, n), below};
  }
}
