package org.thalweg.oracle;

/** A minibatch, copied out of the data set number by number. */
public final class GatherOracle {
  private GatherOracle() {}

  /** {@code x[b] = scale * pixels[order[first + b]]}, [batch × features]. */
  public static double[] gather(
      byte[] pixels, int features, double scale, int[] order, int first, int batch) {
    double[] x = new double[batch * features];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < features; i++) {
        x[b * features + i] = scale * (pixels[order[first + b] * features + i] & 0xff);
      }
    }
    return x;
  }

  /**
   * The same of numbers, with a factor for each feature and, behind the factors, something added.
   */
  public static double[] gather(
      double[] values, double[] affine, int[] order, int first, int batch) {
    int features = affine.length / 2;
    double[] x = new double[batch * features];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < features; i++) {
        double value = values[order[first + b] * features + i];
        x[b * features + i] = affine[i] * value + affine[features + i];
      }
    }
    return x;
  }
}
