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

  /** The same of numbers, with something added to each feature. */
  public static double[] gather(
      double[] values, double scale, double[] shift, int[] order, int first, int batch) {
    int features = shift.length;
    double[] x = new double[batch * features];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < features; i++) {
        x[b * features + i] = scale * values[order[first + b] * features + i] + shift[i];
      }
    }
    return x;
  }
}
