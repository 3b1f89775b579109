package org.thalweg.device.java;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * An array of {@link JavaDevice}: a stretch of a Java array. Closing its owner lets go of the
 * memory.
 */
final class JavaArray implements Array {
  /** What an array and its slices share. */
  private static final class Memory {
    @Nullable Object data; // float[], double[], short[], int[], long[] or byte[]

    Memory(Object data) {
      this.data = data;
    }
  }

  private final JavaDevice device;
  private final Memory memory;
  private final boolean owner;
  private final ElementType type;
  private final int at;
  private final int count;

  JavaArray(JavaDevice device, ElementType type, int count) {
    this(device, type, newArray(type, count), count);
  }

  /** The whole of a Java array of that type. */
  JavaArray(JavaDevice device, ElementType type, Object data, int count) {
    this(device, new Memory(data), true, type, 0, count);
  }

  private JavaArray(
      JavaDevice device, Memory memory, boolean owner, ElementType type, int at, int count) {
    this.device = device;
    this.memory = memory;
    this.owner = owner;
    this.type = type;
    this.at = at;
    this.count = count;
  }

  private static Object newArray(ElementType type, int count) {
    return switch (type) {
      case F32 -> new float[count];
      case F64 -> new double[count];
      case BF16 -> new short[count];
      case I32 -> new int[count];
      case U8 -> new byte[count];
      case CELL -> new long[count];
    };
  }

  @Override
  public ElementType type() {
    return type;
  }

  @Override
  public long count() {
    return count;
  }

  @Override
  public Array slice(long from, long n) {
    Objects.checkFromIndexSize(from, n, count);
    return new JavaArray(device, memory, false, type, at + (int) from, (int) n);
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

  JavaDevice device() {
    return device;
  }

  /** Where element 0 lies in the Java array. */
  int at() {
    return at;
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

  /** Element i of a floating-point array. */
  double number(int i) {
    return switch (type) {
      case F32 -> floats()[at + i];
      case F64 -> doubles()[at + i];
      case BF16 -> Exact.widen(shorts()[at + i]);
      default -> throw new IllegalStateException("not numbers: " + type);
    };
  }

  long[] cells() {
    return (long[]) data();
  }

  /** One of the above. */
  Object data() {
    Object data = memory.data;
    if (data == null || device.isClosed()) {
      throw new IllegalStateException(
          "an array of " + count + " " + type + " was used after close");
    }
    return data;
  }

  void copyFrom(ByteBuffer buffer) {
    ByteBuffer from = buffer.slice().order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case F32 -> from.asFloatBuffer().get(floats(), at, count);
      case F64 -> from.asDoubleBuffer().get(doubles(), at, count);
      case BF16 -> from.asShortBuffer().get(shorts(), at, count);
      case I32 -> from.asIntBuffer().get(ints(), at, count);
      case U8 -> from.get(bytes(), at, count);
      case CELL -> from.asLongBuffer().get(cells(), at, count);
    }
  }

  void copyTo(ByteBuffer buffer) {
    ByteBuffer to = buffer.slice().order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case F32 -> to.asFloatBuffer().put(floats(), at, count);
      case F64 -> to.asDoubleBuffer().put(doubles(), at, count);
      case BF16 -> to.asShortBuffer().put(shorts(), at, count);
      case I32 -> to.asIntBuffer().put(ints(), at, count);
      case U8 -> to.put(bytes(), at, count);
      case CELL -> to.asLongBuffer().put(cells(), at, count);
    }
  }
}
