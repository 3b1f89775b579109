package org.thalweg.device;

import org.jspecify.annotations.Nullable;

/** A minibatch of {@link JavaDevice} on its way in: rows are copied as they are, then scaled and shifted together. */
final class JavaGather {
  private final JavaArray to;
  private final double scale;
  private final @Nullable JavaArray shift;
  private final boolean small; // bytes, else floats
  private final byte[] bytes;
  private final float[] floats;

  /**
   * Room for a minibatch.
   *
   * @param from U8 or F32
   */
  JavaGather(ElementType from, JavaArray to, double scale, @Nullable JavaArray shift) {
    this.to = to;
    this.scale = scale;
    this.shift = shift;
    int count = (int) to.count();
    small = from == ElementType.U8;
    bytes = new byte[small ? count : 0];
    boolean direct = small && shift == null && to.type() == ElementType.F32;
    floats = new float[direct ? 0 : count]; // of bytes, what they stand for
  }

  /** Copies values from an index on to a place in the minibatch. */
  void copy(JavaArray values, int from, int at, int n) {
    if (small) {
      System.arraycopy(values.bytes(), values.at() + from, bytes, at, n);
    } else {
      System.arraycopy(values.floats(), values.at() + from, floats, at, n);
    }
  }

  /** Everything that has been copied, to the minibatch. */
  void scale() {
    if (to.type() == ElementType.F32) {
      scaleFloats((float) scale, to.floats(), to.at());
    } else {
      scaleDoubles(to.doubles(), to.at());
    }
  }

  private void scaleFloats(float factor, float[] x, int at) {
    if (shift == null && small) {
      widen(factor, x, at);
      return;
    }
    widen(1, floats, 0);
    for (int i = 0; shift == null && i < floats.length; i++) {
      x[at + i] = floats[i] * factor;
    }
    JavaArray shifts = shift;
    if (shifts != null) {
      int n = (int) shifts.count();
      for (int row = 0; row < floats.length; row += n) {
        for (int i = 0; i < n; i++) {
          x[at + row + i] = Math.fma(floats[row + i], factor, shifts.floats()[shifts.at() + i]);
        }
      }
    }
  }

  private void scaleDoubles(double[] x, int at) {
    widen(1, floats, 0);
    for (int i = 0; i < floats.length; i++) {
      x[at + i] =
          shift == null
              ? floats[i] * scale
              : Math.fma(floats[i], scale, shift.number(i % (int) shift.count()));
    }
  }

  /** Bytes times a factor. */
  private void widen(float factor, float[] to, int at) {
    for (int i = 0; i < bytes.length; i++) {
      to[at + i] = (bytes[i] & 0xff) * factor;
    }
  }
}
