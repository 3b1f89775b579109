package org.thalweg.data;

import java.nio.charset.StandardCharsets;

/**
 * Reads decimal numbers from bytes: digits with a point and an exponent where they have them. The
 * bits are those of {@link Float#parseFloat} and {@link Double#parseDouble}, rounded once.
 *
 * <p>Most numbers have few digits, and are a product or a quotient of two doubles that hold them
 * and a power of ten exactly (Clinger, 1990, "How to read floating point numbers accurately").
 * Where that might be rounded twice or wrongly, the JDK reads the number.
 */
final class DecimalText {
  private static final double[] TENS = new double[23]; // larger powers are no doubles

  static {
    for (int i = 0; i < TENS.length; i++) {
      TENS[i] = Double.parseDouble("1e" + i);
    }
  }

  /** A significand below it takes one more digit; with it, it is below 10^18, and so a long. */
  private static final long ROOM = 100_000_000_000_000_000L;

  /** A significand below it takes eight digits more. */
  private static final long ROOM_FOR_EIGHT = 10_000_000_000L;

  private static final int[] WHOLE_TENS = {
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000
  };

  private static final long EXACT = 1L << 53;
  private static final int MOST_EXPONENT = 100_000;

  /** The bits that a double has more than a float, and the middle between two floats. */
  private static final long BELOW_FLOAT = (1L << 29) - 1;

  private static final long MIDDLE = 1L << 28;

  /**
   * By how many units in its last place a double may be wrong after two roundings, and the loss of
   * the digits behind the 17th.
   */
  private static final int ROUNDINGS = 4;

  private final boolean narrow;
  private final byte point;
  private long significand;
  private int exponent;
  private boolean cut;

  /**
   * A reader of one kind of numbers.
   *
   * @param narrow whether they are rounded to binary32, else to binary64
   * @param point what separates a whole part from a fraction: a point or a comma
   */
  DecimalText(boolean narrow, char point) {
    this.narrow = narrow;
    this.point = (byte) point;
  }

  char point() {
    return (char) point;
  }

  double parse(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return parse(bytes, 0, bytes.length);
  }

  /**
   * The number in some bytes.
   *
   * @param to behind the last
   * @return NaN if they are no decimal number; an infinity if it is too large
   */
  double parse(byte[] text, int from, int to) {
    int i = from;
    boolean negative = i < to && text[i] == '-';
    if (negative || (i < to && text[i] == '+')) {
      i++;
    }
    int first = i;
    long w = 0;
    int scale = 0;
    cut = false;
    int digit;
    int n = Long.BYTES;
    while (n == Long.BYTES && w < ROOM_FOR_EIGHT && i <= text.length - Long.BYTES) {
      long values = EightBytes.values(EightBytes.get(text, i));
      n = Math.min(EightBytes.digits(values), to - i);
      w = WHOLE_TENS[n] * w + EightBytes.number(values, n);
      i += n;
    }
    while (i < to && (digit = text[i] - '0') >= 0 && digit <= 9) {
      if (w < ROOM) {
        w = 10 * w + digit;
      } else {
        scale++;
        cut |= digit != 0;
      }
      i++;
    }
    int digits = i - first;
    if (i < to && text[i] == point) {
      int fraction = ++i;
      n = Long.BYTES;
      while (n == Long.BYTES && w < ROOM_FOR_EIGHT && i <= text.length - Long.BYTES) {
        long values = EightBytes.values(EightBytes.get(text, i));
        n = Math.min(EightBytes.digits(values), to - i);
        w = WHOLE_TENS[n] * w + EightBytes.number(values, n);
        scale -= n;
        i += n;
      }
      while (i < to && (digit = text[i] - '0') >= 0 && digit <= 9) {
        if (w < ROOM) {
          w = 10 * w + digit;
          scale--;
        } else {
          cut |= digit != 0;
        }
        i++;
      }
      digits += i - fraction;
    }
    if (digits == 0) {
      return Double.NaN;
    }
    if (i < to) {
      if ((text[i] | 0x20) != 'e') {
        return Double.NaN;
      }
      i++;
      boolean less = i < to && text[i] == '-';
      if (less || (i < to && text[i] == '+')) {
        i++;
      }
      if (i == to) {
        return Double.NaN;
      }
      int power = 0;
      for (; i < to; i++) {
        digit = text[i] - '0';
        if (digit < 0 || digit > 9) {
          return Double.NaN;
        }
        power = Math.min(10 * power + digit, MOST_EXPONENT);
      }
      scale += less ? -power : power;
    }
    significand = w;
    exponent = scale;
    if (w == 0) {
      return negative ? -0.0 : 0.0;
    }
    if (scale >= -22 && scale <= 22) {
      double size = scale < 0 ? w / TENS[-scale] : w * TENS[scale];
      boolean once = w <= EXACT && !cut;
      if (narrow ? isOneFloat(size, once) : once) {
        double value = narrow ? (float) size : size;
        return negative ? -value : value;
      }
    }
    return slow(text, from, to);
  }

  /**
   * Whether a double is rounded to the float that the number itself is: the middle between two
   * floats does not lie between them. A number on one side of a middle is rounded to a double on
   * that side or to the middle.
   */
  private static boolean isOneFloat(double size, boolean once) {
    long toMiddle = Math.abs((Double.doubleToRawLongBits(size) & BELOW_FLOAT) - MIDDLE);
    return size >= Float.MIN_NORMAL && toMiddle > (once ? 0 : ROUNDINGS);
  }

  private double slow(byte[] text, int from, int to) {
    String number = new String(text, from, to - from, StandardCharsets.US_ASCII);
    number = point == '.' ? number : number.replace((char) point, '.');
    return narrow ? Float.parseFloat(number) : Double.parseDouble(number);
  }

  /**
   * Whether the last number was a whole one of at most 17 digits without a point or an exponent.
   */
  boolean isPlain() {
    return exponent == 0 && !cut;
  }

  /** The digits of the last number, if it {@link #isPlain}. */
  long digits() {
    return significand;
  }
}
