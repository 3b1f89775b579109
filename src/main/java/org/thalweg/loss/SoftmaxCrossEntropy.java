package org.thalweg.loss;

import org.thalweg.numeric.Exact;

/**
 * Softmax cross-entropy: {@code loss = log S - (x_y - M)}, {@code D_j = (exp(x_j - M)/S - [j = y])
 * * scale}, where {@code M} is the largest score and {@code S = sum exp(x_j - M)}.
 *
 * <p>Order: for each chunk c of 1,024 classes {@code m_c = max x}, {@code s_c = sum exp(x - m_c)}
 * (0 for m_c where it is -Inf); then {@code M = max m_c} and {@code S = sum s_c * exp(m_c - M)}. A
 * row of one chunk takes M = m_0, S = s_0.
 *
 * <p>The Hessian times u is {@code p_j * (u_j - p.u) * scale} with {@code p_j = exp(x_j - M)/S},
 * where {@code p.u} is a canonical sum; the label is in none of it.
 */
public record SoftmaxCrossEntropy() implements Loss {
  @Override
  public String kernel() {
    return "softmax";
  }

  @Override
  public float row(float[] x, int at, int classes, int label, float scale, float[] d, int dAt) {
    float labelScore = label >= 0 && label < classes ? x[at + label] : Float.NaN;
    float[] of = normalise(x, at, classes);
    float max = of[0];
    float sum = of[1];
    for (int j = 0; j < classes; j++) {
      float target = j == label ? 1 : 0;
      d[dAt + j] = (Exact.exp(x[at + j] - max) / sum - target) * scale;
    }
    return Exact.log(sum) - (labelScore - max);
  }

  @Override
  public double row(double[] x, int at, int classes, int label, double scale, double[] d, int dAt) {
    double labelScore = label >= 0 && label < classes ? x[at + label] : Double.NaN;
    double[] of = normalise(x, at, classes);
    double max = of[0];
    double sum = of[1];
    for (int j = 0; j < classes; j++) {
      double target = j == label ? 1 : 0;
      d[dAt + j] = (Exact.exp(x[at + j] - max) / sum - target) * scale;
    }
    return Exact.log(sum) - (labelScore - max);
  }

  @Override
  public boolean twiceDifferentiable() {
    return true;
  }

  @Override
  public void hessianRow(
      float[] x,
      int at,
      int classes,
      int label,
      float scale,
      float[] u,
      int uAt,
      float[] r,
      int rAt) {
    float[] of = normalise(x, at, classes);
    float[] p = new float[classes];
    float[] products = new float[classes];
    for (int j = 0; j < classes; j++) {
      p[j] = Exact.exp(x[at + j] - of[0]) / of[1];
      products[j] = p[j] * u[uAt + j];
    }
    float mean = Exact.sum(products, 0, classes);
    for (int j = 0; j < classes; j++) {
      r[rAt + j] = p[j] * (u[uAt + j] - mean) * scale;
    }
  }

  @Override
  public void hessianRow(
      double[] x,
      int at,
      int classes,
      int label,
      double scale,
      double[] u,
      int uAt,
      double[] r,
      int rAt) {
    double[] of = normalise(x, at, classes);
    double[] p = new double[classes];
    double[] products = new double[classes];
    for (int j = 0; j < classes; j++) {
      p[j] = Exact.exp(x[at + j] - of[0]) / of[1];
      products[j] = p[j] * u[uAt + j];
    }
    double mean = Exact.sum(products, 0, classes);
    for (int j = 0; j < classes; j++) {
      r[rAt + j] = p[j] * (u[uAt + j] - mean) * scale;
    }
  }

  /** M and S of a row. */
  private static float[] normalise(float[] x, int at, int classes) {
    int chunks = (classes + Exact.CHUNK - 1) / Exact.CHUNK;
    float[] chunkMax = new float[chunks];
    float[] chunkSum = new float[chunks];
    float[] terms = new float[Math.min(classes, Exact.CHUNK)];
    for (int c = 0; c < chunks; c++) {
      int from = at + c * Exact.CHUNK;
      int n = Math.min(classes - c * Exact.CHUNK, Exact.CHUNK);
      float m = Float.NEGATIVE_INFINITY;
      for (int j = 0; j < n; j++) {
        m = Exact.max(m, x[from + j]);
      }
      float shift = m > Float.NEGATIVE_INFINITY ? m : 0;
      for (int j = 0; j < n; j++) {
        terms[j] = Exact.exp(x[from + j] - shift);
      }
      chunkMax[c] = m;
      chunkSum[c] = Exact.sum(terms, 0, n);
    }
    float max = chunkMax[0];
    float sum = chunkSum[0];
    if (chunks > 1) {
      for (int c = 1; c < chunks; c++) {
        max = Exact.max(max, chunkMax[c]);
      }
      for (int c = 0; c < chunks; c++) {
        chunkSum[c] = chunkSum[c] * Exact.exp(chunkMax[c] - max);
      }
      sum = Exact.sum(chunkSum, 0, chunks);
    }
    return new float[] {max, sum};
  }

  /** M and S of a row. */
  private static double[] normalise(double[] x, int at, int classes) {
    int chunks = (classes + Exact.CHUNK - 1) / Exact.CHUNK;
    double[] chunkMax = new double[chunks];
    double[] chunkSum = new double[chunks];
    double[] terms = new double[Math.min(classes, Exact.CHUNK)];
    for (int c = 0; c < chunks; c++) {
      int from = at + c * Exact.CHUNK;
      int n = Math.min(classes - c * Exact.CHUNK, Exact.CHUNK);
      double m = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < n; j++) {
        m = Exact.max(m, x[from + j]);
      }
      double shift = m > Double.NEGATIVE_INFINITY ? m : 0;
      for (int j = 0; j < n; j++) {
        terms[j] = Exact.exp(x[from + j] - shift);
      }
      chunkMax[c] = m;
      chunkSum[c] = Exact.sum(terms, 0, n);
    }
    double max = chunkMax[0];
    double sum = chunkSum[0];
    if (chunks > 1) {
      for (int c = 1; c < chunks; c++) {
        max = Exact.max(max, chunkMax[c]);
      }
      for (int c = 0; c < chunks; c++) {
        chunkSum[c] = chunkSum[c] * Exact.exp(chunkMax[c] - max);
      }
      sum = Exact.sum(chunkSum, 0, chunks);
    }
    return new double[] {max, sum};
  }
}
