package org.thalweg.data;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Eight bytes at a time in a long, the first of them in its lowest bits: without a branch for each,
 * which a processor could not foresee (Langdale and Lemire, 2019, "Parsing gigabytes of JSON per
 * second").
 */
final class EightBytes {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH = 0x8080808080808080L;

  /** Added to a digit's value, the largest number that does not reach the high bit. */
  private static final long ABOVE_NINE = 0x7676767676767676L;

  private static final long ZEROS = 0x3030303030303030L; // the character

  private EightBytes() {}

  static long get(byte[] bytes, int at) {
    return (long) LONGS.get(bytes, at);
  }

  /** Eight times a character. */
  static long all(int character) {
    return character * ONES;
  }

  /** How many bytes stand before the first that is one of two characters; 8 if none is. */
  static int before(long bytes, long one, long other) {
    long a = bytes ^ one; // 0 where they are the same
    long b = bytes ^ other;
    long same = (((a - ONES) & ~a) | ((b - ONES) & ~b)) & HIGH;
    return Long.numberOfTrailingZeros(same) >>> 3;
  }

  /** The values of digits, and of other bytes more than 9. */
  static long values(long bytes) {
    return bytes ^ ZEROS;
  }

  /** How many of the first bytes are digits. */
  static int digits(long values) {
    return Long.numberOfTrailingZeros((values | (values + ABOVE_NINE)) & HIGH) >>> 3;
  }

  /** The number that the first {@code n} digits write, 0 to 8 of them. */
  static long number(long values, int n) {
    long digits = n == 0 ? 0 : values << (64 - 8 * n); // the others are zeros before them
    long pairs = digits * 10 + (digits >>> 8);
    long low = (pairs & 0x000000ff000000ffL) * (100 + (1_000_000L << 32));
    long high = ((pairs >>> 16) & 0x000000ff000000ffL) * (1 + (10_000L << 32));
    return (low + high) >>> 32;
  }
}
