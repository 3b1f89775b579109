package org.thalweg.sim;

import java.util.Arrays;

/** What PTX says of a result: often its bits, at times less. */
interface Expected {
  boolean admits(long actual);

  /** Exactly these bits. */
  static Expected bits(long expected) {
    return oneOf(expected);
  }

  static Expected oneOf(long... expected) {
    return new Expected() {
      @Override
      public boolean admits(long actual) {
        return Arrays.stream(expected).anyMatch(e -> e == actual);
      }

      @Override
      public String toString() {
        return String.join(" or ", Arrays.stream(expected).mapToObj(Long::toHexString).toList());
      }
    };
  }

  static Expected of(boolean expected) {
    return bits(expected ? 1 : 0);
  }

  /** Whatever it is: PTX leaves it open. */
  static Expected anything() {
    return actual -> true;
  }

  static Expected anyNan(FloatFormat format) {
    return new Expected() {
      @Override
      public boolean admits(long actual) {
        return format.isNan(actual);
      }

      @Override
      public String toString() {
        return "a NaN";
      }
    };
  }

  /** NaNs of f32 are 0x7fffffff; of f64 PTX does not fix the payload. */
  static Expected nan(FloatFormat format) {
    return format == FloatFormat.F32 ? bits(0x7fffffff) : anyNan(format);
  }

  /** A number of f32 in [least, greatest]. */
  static Expected within(double least, double greatest) {
    return new Expected() {
      @Override
      public boolean admits(long actual) {
        float x = Float.intBitsToFloat((int) actual);
        return x >= least && x <= greatest;
      }

      @Override
      public String toString() {
        return "a number from %a to %a".formatted(least, greatest);
      }
    };
  }
}
