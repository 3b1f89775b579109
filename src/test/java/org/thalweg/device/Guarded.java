package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.thalweg.numeric.ElementType;

/**
 * An array of F32 or F64 off alignment, with huge numbers on both sides that nobody may write.
 *
 * @param whole with the guards
 * @param inside the slice that is handed out
 */
public record Guarded(Array whole, Array inside) {
  private static final int AROUND = 4;
  private static final double GUARD = 0x1.8p100;

  /**
   * Room that holds huge numbers as well.
   *
   * @param offset elements off the alignment of the memory: 0 to 3
   */
  public static Guarded allocate(Device device, ElementType type, int offset, int count) {
    double[] guards = new double[2 * AROUND + offset + count];
    Arrays.fill(guards, GUARD);
    Array whole = device.of(type, guards);
    return new Guarded(whole, whole.slice(AROUND + offset, count));
  }

  /** An array with these numbers in it. */
  public static Guarded of(Device device, ElementType type, int offset, double... values) {
    Guarded array = allocate(device, type, offset, values.length);
    device.upload(array.inside, values);
    return array;
  }

  /** The numbers inside, after a look at the guards. */
  public double[] read(Device device) {
    double[] all = device.download(whole);
    int to = all.length - AROUND;
    int from = to - (int) inside.count();
    for (int i = 0; i < all.length; i++) {
      if (i < from || i >= to) {
        assertEquals(GUARD, all[i], "guard %d around %d".formatted(i, inside.count()));
      }
    }
    return Arrays.copyOfRange(all, from, to);
  }
}
