package org.thalweg.device.java;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * An array of {@link JavaDevice}: a range of a Java array. Closing its owner releases the memory.
 *
 * @param at where element 0 lies in the Java array
 */
record JavaArray(
    JavaDevice device, Memory memory, boolean owner, ElementType type, int at, long count)
    implements Array {
  /** What an array and its slices share. */
  static final class Memory {
    @Nullable Object data; // float[], double[], short[], int[], long[] or byte[]

    Memory(Object data) {
      this.data = data;
    }
  }

  JavaArray(JavaDevice device, ElementType type, int count) {
    this(device, type, newArray(type, count), count);
  }

  /** The whole of a Java array of that type. */
  JavaArray(JavaDevice device, ElementType type, Object data, int count) {
    this(device, new Memory(data), true, type, 0, count);
  }

  private static Object newArray(ElementType type, int count) {
    return switch (type) {
      case F32 -> new float[count];
      case F64 -> new double[count];
      case BF16, F16 -> new short[count];
      case I32 -> new int[count];
      case U8 -> new byte[count];
      case CELL -> new long[count];
    };
  }

  @Override
  public Array slice(long from, long n) {
    Objects.checkFromIndexSize(from, n, count);
    return new JavaArray(device, memory, false, type, at + (int) from, n);
  }

  @Override
  public boolean overlaps(Array other) {
    return other instanceof JavaArray own
        && own.data() == data() // two arrays may wrap one
        && Math.max(at, own.at) < Math.min(at + count, own.at + own.count);
  }

  @Override
  public void close() {
    if (owner) {
      memory.data = null;
    }
  }

  float[] floats() {
    return (float[]) data();
  }

  double[] doubles() {
    return (double[]) data();
  }

  /** The bits of bf16. */
  short[] shorts() {
    return (short[]) data();
  }

  int[] ints() {
    return (int[]) data();
  }

  byte[] bytes() {
    return (byte[]) data();
  }

  long[] cells() {
    return (long[]) data();
  }

  /** Element i of a floating-point array. */
  double number(int i) {
    return switch (type) {
      case F32 -> floats()[at + i];
      case F64 -> doubles()[at + i];
      case BF16 -> Exact.widen(shorts()[at + i]);
      case F16 -> Exact.widenHalf(shorts()[at + i]);
      default -> throw new IllegalStateException("not numbers: " + type);
    };
  }

  /** The Java array. */
  Object data() {
    Object data = memory.data;
    if (data == null || device.isClosed()) {
      throw new IllegalStateException(
          "an array of " + count + " " + type + " was used after close");
    }
    return data;
  }

  /** Copies n elements of an F32 or BF16 array to the beginning of {@code to}. */
  void read(int from, int n, float[] to) {
    if (type == ElementType.F32) {
      System.arraycopy(floats(), at + from, to, 0, n);
    } else {
      short[] bits = shorts();
      for (int i = 0; i < n; i++) {
        to[i] = Exact.widen(bits[at + from + i]);
      }
    }
  }

  /** The same of any floating-point array. */
  void read(int from, int n, double[] to) {
    if (type == ElementType.F64) {
      System.arraycopy(doubles(), at + from, to, 0, n);
    } else if (type == ElementType.F32) {
      float[] floats = floats();
      for (int i = 0; i < n; i++) {
        to[i] = floats[at + from + i];
      }
    } else {
      for (int i = 0; i < n; i++) {
        to[i] = number(from + i);
      }
    }
  }

  void copyFrom(ByteBuffer buffer) {
    int n = (int) count;
    ByteBuffer from = buffer.slice().order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case F32 -> from.asFloatBuffer().get(floats(), at, n);
      case F64 -> from.asDoubleBuffer().get(doubles(), at, n);
      case BF16, F16 -> from.asShortBuffer().get(shorts(), at, n);
      case I32 -> from.asIntBuffer().get(ints(), at, n);
      case U8 -> from.get(bytes(), at, n);
      case CELL -> from.asLongBuffer().get(cells(), at, n);
    }
  }

  void copyTo(ByteBuffer buffer) {
    int n = (int) count;
    ByteBuffer to = buffer.slice().order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case F32 -> to.asFloatBuffer().put(floats(), at, n);
      case F64 -> to.asDoubleBuffer().put(doubles(), at, n);
      case BF16, F16 -> to.asShortBuffer().put(shorts(), at, n);
      case I32 -> to.asIntBuffer().put(ints(), at, n);
      case U8 -> to.put(bytes(), at, n);
      case CELL -> to.asLongBuffer().put(cells(), at, n);
    }
  }
}
