package org.thalweg.device.java;

import java.util.Arrays;
import java.util.Objects;

/** In binary32; the one in binary64 is written when the project is built. */
final class FloatSparseSums implements SparseSums {
  private final JavaSparseProduct of;
  private final float[] left;
  private final float[] right;
  private final float[] out;
  private final float[] totals;

  FloatSparseSums(JavaSparseProduct product) {
    of = product;
    left = product.left().values().floats();
    right = product.right().floats();
    out = product.out().floats();
    totals = new float[product.size().columns()];
  }

  @Override
  public void begin(int to) {
    int at = of.out().at() + to;
    Arrays.fill(out, at, at + totals.length, 0);
  }

  @Override
  public void add(int element, int from) {
    float x = left[of.left().values().at() + element];
    int at = of.right().at() + from;
    for (int j = 0; j < totals.length; j++) {
      totals[j] = Math.fma(x, right[at + j], totals[j]);
    }
  }

  @Override
  public void endChunk(int to) {
    int at = of.out().at() + to;
    for (int j = 0; j < totals.length; j++) {
      out[at + j] += totals[j];
      totals[j] = 0;
    }
  }

  @Override
  public void addBias(int from, int to) {
    JavaArray bias = Objects.requireNonNull(of.bias());
    int at = of.out().at() + to;
    for (int j = 0; j < totals.length; j++) {
      out[at + j] += bias.floats()[bias.at() + from + j];
    }
  }
}
