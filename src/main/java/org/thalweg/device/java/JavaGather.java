package org.thalweg.device.java;

import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * Gathers rows of {@link JavaDevice} into a minibatch, of which each thread has a part: some rows
 * at a time are copied, then scaled together. The rows are scattered in memory, and while it only
 * copies, the processor waits for several of them at once.
 */
final class JavaGather {
  /** Rows that are copied at a time: they stay in the cache until they are scaled. */
  private static final int MOST = 128;

  private final JavaArray to;
  private final int features;
  private final double scale;
  private final @Nullable JavaArray affine;
  private final boolean small; // bytes
  private final boolean vectors; // by the Vector API
  private final boolean large; // doubles, which are scaled in their place
  private final ElementType from;
  private final byte[] bytes;
  private final float[] numbers; // the values, converted if they are bytes

  /**
   * Allocates buffers for some rows.
   *
   * @param most rows that are gathered by a call
   * @param vectors whether bytes are scaled by the Vector API
   */
  JavaGather(JavaRows rows, JavaArray to, int most, boolean vectors) {
    this.from = rows.values().type();
    this.vectors = vectors;
    this.to = to;
    this.features = rows.features();
    this.scale = rows.scale();
    this.affine = rows.affine();
    int count = Math.min(most, MOST) * features;
    small = from == ElementType.U8;
    large = from == ElementType.F64;
    bytes = new byte[small ? count : 0];
    numbers = new float[large || widens() ? 0 : count];
  }

  /** Whether bytes become the minibatch's numbers in one pass. */
  private boolean widens() {
    return small && affine == null && to.type() == ElementType.F32;
  }

  /**
   * Gathers the minibatch's rows {@code from .. until - 1}, whose order begins at {@code first}.
   */
  void run(JavaArray values, int[] order, int first, int from, int until) {
    for (int begin = from; begin < until; begin += MOST) {
      int rows = Math.min(MOST, until - begin);
      int at = to.at() + begin * features;
      for (int row = 0; row < rows; row++) {
        copy(values, order[first + begin + row] * features, row * features, at);
      }
      scale(at, rows * features);
    }
  }

  private void copy(JavaArray values, int from, int at, int x) {
    switch (this.from) {
      case U8 -> System.arraycopy(values.bytes(), values.at() + from, bytes, at, features);
      case F16 -> widenHalves(values.shorts(), values.at() + from, features, numbers, at);
      case BF16 -> widenBf16(values.shorts(), values.at() + from, features, numbers, at);
      case F32 -> System.arraycopy(values.floats(), values.at() + from, numbers, at, features);
      case F64 ->
          System.arraycopy(values.doubles(), values.at() + from, to.doubles(), x + at, features);
      case I32, CELL -> throw new IllegalStateException("no values of rows: " + this.from);
    }
  }

  private void scale(int at, int n) {
    if (widens()) {
      widen(n, (float) scale, to.floats(), at);
      return;
    }
    if (small) {
      widen(n, 1, numbers, 0);
    }
    if (large) {
      scaleInPlace(n, scale, to.doubles(), at);
    } else if (to.type() == ElementType.F32) {
      scaleFloats(n, (float) scale, to.floats(), at);
    } else {
      scaleDoubles(n, scale, to.doubles(), at);
    }
  }

  private void widen(int n, float factor, float[] to, int at) {
    if (vectors) {
      VectorScaling.Loaded.LOOPS.widen(bytes, n, factor, to, at);
    } else {
      widenPlain(bytes, n, factor, to, at);
    }
  }

  private static void widenPlain(byte[] from, int n, float factor, float[] to, int at) {
    for (int i = 0; i < n; i++) {
      to[at + i] = (from[i] & 0xff) * factor;
    }
  }

  private void scaleFloats(int n, float factor, float[] x, int at) {
    if (affine == null) {
      for (int i = 0; i < n; i++) {
        x[at + i] = numbers[i] * factor;
      }
      return;
    }
    float[] by = affine.floats();
    for (int row = 0; row < n; row += features) {
      for (int i = 0, own = affine.at(); i < features; i++, own++) {
        x[at + row + i] = Math.fma(numbers[row + i], by[own], by[own + features]);
      }
    }
  }

  private void scaleDoubles(int n, double factor, double[] x, int at) {
    if (affine == null) {
      for (int i = 0; i < n; i++) {
        x[at + i] = numbers[i] * factor;
      }
      return;
    }
    double[] by = affine.doubles();
    for (int row = 0; row < n; row += features) {
      for (int i = 0, own = affine.at(); i < features; i++, own++) {
        x[at + row + i] = Math.fma(numbers[row + i], by[own], by[own + features]);
      }
    }
  }

  private void scaleInPlace(int n, double factor, double[] x, int at) {
    if (affine == null) {
      for (int i = at; i < at + n; i++) {
        x[i] *= factor;
      }
      return;
    }
    double[] by = affine.doubles();
    for (int row = at; row < at + n; row += features) {
      for (int i = row, own = affine.at(); i < row + features; i++, own++) {
        x[i] = Math.fma(x[i], by[own], by[own + features]);
      }
    }
  }

  private static void widenHalves(short[] bits, int from, int n, float[] to, int at) {
    for (int i = 0; i < n; i++) {
      to[at + i] = Exact.widenHalf(bits[from + i]);
    }
  }

  private static void widenBf16(short[] bits, int from, int n, float[] to, int at) {
    for (int i = 0; i < n; i++) {
      to[at + i] = Exact.widen(bits[from + i]);
    }
  }
}
