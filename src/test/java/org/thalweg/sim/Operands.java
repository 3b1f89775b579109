package org.thalweg.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;

/** Operands worth trying: what an instruction treats apart, and random ones of several sorts. */
final class Operands {
  /** Pairs of special values are all tried; of triples as many as there are random ones. */
  private static final int RANDOM = 4096;

  private final Random random = new Random(3);

  /**
   * Tuples of operands, as bits. Those of narrow types are in wider registers: what is above is
   * random.
   */
  List<long[]> tuples(List<PtxType> types) {
    List<long[]> tuples = new ArrayList<>();
    List<long[]> specials = types.stream().map(this::specials).toList();
    if (types.size() == 1) {
      for (long a : specials.get(0)) tuples.add(new long[] {a});
    } else if (types.size() == 2) {
      for (long a : specials.get(0)) {
        for (long b : specials.get(1)) tuples.add(new long[] {a, b});
      }
    } else {
      for (int i = 0; i < RANDOM; i++) {
        tuples.add(specials.stream().mapToLong(s -> s[random.nextInt(s.length)]).toArray());
      }
    }
    for (int i = 0; i < RANDOM; i++) {
      tuples.add(types.stream().mapToLong(this::random).toArray());
    }
    if (types.size() > 1 && types.stream().allMatch(PtxType::isFloat)) cancelling(tuples, types);
    return tuples;
  }

  private long[] specials(PtxType type) {
    if (type.kind() == 'p') return new long[] {0, 1};
    return type.isFloat() ? specials(type.format()) : integers(type.bits());
  }

  private long[] integers(int bits) {
    LongStream powers =
        LongStream.of(0, 1, 4, 8, 15, 16, 23, 24, 31, 32, 52, 53, 62, 63)
            .filter(k -> k < bits)
            .flatMap(
                k -> LongStream.of(1L << k, (1L << k) - 1, (1L << k) + 1, -(1L << k), ~(1L << k)));
    LongStream others = LongStream.of(-1, 5, 32, 33, 64, 65, 255, 256, 0x5555555555555555L);
    return LongStream.concat(powers, others).distinct().toArray();
  }

  private static long[] specials(FloatFormat f) {
    double[] around = {
      0.5, 1, 1.5, 2, 2.5, 3, 0x1p15, 0x1p16, 0x1p23, 0x1p24, 0x1p31, 0x1p32, 0x1p63, 0x1p64
    };
    LongStream numbers =
        LongStream.concat(
            LongStream.of(0, 1, 2, f.smallestNormal() / 2, f.smallestNormal(), f.infinity() - 1),
            LongStream.of(
                f == FloatFormat.F32
                    ? new long[0]
                    : doubles(127.5, 255.5, 0x1p52, 0x1p53, 0x1p-149)));
    LongStream near =
        LongStream.concat(numbers, Arrays.stream(around).mapToLong(x -> bits(f, x)))
            .flatMap(x -> LongStream.of(x - 1, x, x + 1).filter(y -> f.isFinite(y)));
    long nan = f.infinity() + (f.smallestNormal() >> 1);
    LongStream rest = LongStream.of(f.infinity(), nan, nan | 0x123, f.infinity() + 1, f.sign() - 1);
    return LongStream.concat(near, rest)
        .filter(x -> x >= 0 || f == FloatFormat.F64)
        .flatMap(x -> LongStream.of(x & (f.sign() - 1), x | f.sign()))
        .distinct()
        .toArray();
  }

  private static long[] doubles(double... x) {
    return Arrays.stream(x).mapToLong(Double::doubleToRawLongBits).toArray();
  }

  private static long bits(FloatFormat f, double x) {
    return f == FloatFormat.F32
        ? Integer.toUnsignedLong(Float.floatToRawIntBits((float) x))
        : Double.doubleToRawLongBits(x);
  }

  private long random(PtxType type) {
    if (type.kind() == 'p') return random.nextInt(2);
    long any = random.nextLong();
    if (!type.isFloat()) {
      return switch (random.nextInt(3)) {
        case 0 -> any;
        case 1 -> random.nextInt(70); // a shift, a position, a small divisor
        default -> any >> random.nextInt(64); // of any length
      };
    }
    FloatFormat f = type.format();
    long bits = f == FloatFormat.F32 ? any & 0xffffffffL : any;
    long field = -f.smallestNormal() & f.magnitude(-1L >>> (64 - f.bits()));
    long near = (bits & ~field) | (f.one() + (random.nextInt(20) - 10) * f.smallestNormal());
    return switch (random.nextInt(3)) {
      case 0 -> bits;
      case 1 -> near; // of one size, so that all operands count
      // Of one size and few digits: their sums and products lie half-way between two numbers at
      // times.
      default -> near & (-f.smallestNormal() | 1L << random.nextInt(f.precision) | 1);
    };
  }

  /** Tuples whose last operand is minus the rounded result of the others, or next to it. */
  private void cancelling(List<long[]> tuples, List<PtxType> types) {
    FloatFormat f = types.get(0).format();
    for (int i = 0; i < RANDOM / 4; i++) {
      long[] t = types.stream().mapToLong(this::random).toArray();
      double a = f.toDouble(t[0]);
      double result = t.length == 2 ? -a : -a * f.toDouble(t[1]);
      t[t.length - 1] = bits(f, result) + random.nextInt(3) - 1;
      tuples.add(t);
    }
  }
}
