package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * An array off alignment, with guard bytes on both sides that nobody may write; whoever reads them
 * gets huge numbers.
 *
 * @param whole with the guards
 * @param inside the slice that is handed out
 */
public record Guarded(Array whole, Array inside) {
  private static final int AROUND = 4;
  private static final byte GUARD = 0x7f;

  /**
   * Allocates an array with guard bytes around it.
   *
   * @param offset elements off the alignment of the memory: 0 to 3
   */
  public static Guarded allocate(Device device, ElementType type, int offset, int count) {
    Array whole = device.allocate(type, 2L * AROUND + offset + count);
    ByteBuffer bytes = buffer(whole);
    while (bytes.hasRemaining()) {
      bytes.put(GUARD);
    }
    device.upload(whole, bytes.flip());
    return new Guarded(whole, whole.slice(AROUND + offset, count));
  }

  public static Guarded of(Device device, ElementType type, int offset, double... values) {
    Guarded array = allocate(device, type, offset, values.length);
    device.write(array.inside, values);
    return array;
  }

  public static Guarded of(Device device, int offset, int... values) {
    Guarded array = allocate(device, ElementType.I32, offset, values.length);
    device.write(array.inside, values);
    return array;
  }

  public static Guarded of(Device device, int offset, byte... values) {
    Guarded array = allocate(device, ElementType.U8, offset, values.length);
    ByteBuffer bytes = ByteBuffer.allocateDirect(values.length).put(values);
    device.upload(array.inside, bytes.flip());
    return array;
  }

  /** The numbers inside, after a look at the guards. */
  public double[] read(Device device) {
    ByteBuffer bytes = buffer(whole);
    device.download(whole, bytes);
    int size = whole.type().bytes();
    int n = (int) inside.count();
    int from = (int) whole.count() - AROUND - n;
    for (int i = 0; i < bytes.capacity(); i++) {
      if (i < from * size || i >= (from + n) * size) {
        assertEquals(GUARD, bytes.get(i), "guard byte %d around %d".formatted(i, n));
      }
    }
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] =
          switch (whole.type()) {
            case F32 -> bytes.getFloat((from + i) * size);
            case F64, CELL -> bytes.getDouble((from + i) * size);
            case I32 -> bytes.getInt((from + i) * size);
            case BF16 -> Exact.widen(bytes.getShort((from + i) * size));
            case U8 -> bytes.get(from + i) & 0xff;
          };
    }
    return values;
  }

  private static ByteBuffer buffer(Array array) {
    return ByteBuffer.allocateDirect((int) array.count() * array.type().bytes())
        .order(ByteOrder.LITTLE_ENDIAN);
  }
}
