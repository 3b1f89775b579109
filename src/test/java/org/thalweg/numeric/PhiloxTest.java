package org.thalweg.numeric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {
  /** From kat_vectors of Random123, the authors' implementation: "philox4x32 10". */
  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1",
  })
  void knownAnswers(String counter, String key, String answer) {
    int[] block = words(counter);
    Philox.encrypt(block, words(key)[0], words(key)[1]);
    assertArrayEquals(words(answer), block);
  }

  private static int[] words(String hex) {
    return Arrays.stream(hex.split(" ", -1))
        .mapToInt(w -> Integer.parseUnsignedInt(w, 16))
        .toArray();
  }

  @Property
  void countsByIndexAndStream(
      @ForAll long seed,
      @ForAll long stream,
      @ForAll @LongRange(max = Long.MAX_VALUE - 1) long at) {
    Philox philox = new Philox(seed, stream);
    philox.seek(at);
    int[] block = {(int) (at >>> 2), (int) (at >>> 34), (int) stream, (int) (stream >>> 32)};
    Philox.encrypt(block, (int) seed, (int) (seed >>> 32));
    assertEquals(block[(int) (at % 4)], philox.nextInt());
    assertEquals(at + 1, philox.index());
  }

  @Property
  void goesOnWhereItStopped(@ForAll long seed, @ForAll @IntRange(max = 100) int taken) {
    Philox first = new Philox(seed, 3);
    for (int i = 0; i < taken; i++) {
      first.nextInt();
    }
    Philox resumed = new Philox(seed, 3);
    resumed.seek(first.index());
    for (int i = 0; i < 9; i++) {
      assertEquals(first.nextInt(), resumed.nextInt());
    }
    assertEquals(first.nextNormal(), resumed.nextNormal());
    assertArrayEquals(first.permutation(9), resumed.permutation(9));
    assertEquals(first.index(), resumed.index());
  }

  @Property
  void boundedIsTheFirstDrawNotRejected(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = Integer.MAX_VALUE) int n) {
    Philox philox = new Philox(seed, 0);
    Philox draws = new Philox(seed, 0);
    long product;
    do {
      product = Integer.toUnsignedLong(draws.nextInt()) * n;
    } while (product % (1L << 32) < (1L << 32) % n);
    assertEquals(product / (1L << 32), philox.nextBounded(n));
    assertEquals(draws.index(), philox.index());
  }

  @Property
  void permutationsKeepEveryElement(@ForAll long seed, @ForAll @IntRange(max = 300) int n) {
    int[] order = new Philox(seed, 0).permutation(n);
    assertArrayEquals(IntStream.range(0, n).toArray(), Arrays.stream(order).sorted().toArray());
  }

  @Test
  void permutationsAreEquallyLikely() {
    Philox philox = new Philox(1, 2);
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 24_000; i++) {
      counts.merge(Arrays.toString(philox.permutation(4)), 1, Integer::sum);
    }
    assertEquals(24, counts.size());
    double chiSquare = counts.values().stream().mapToDouble(c -> (c - 1e3) * (c - 1e3) / 1e3).sum();
    assertTrue(chiSquare < 49.7, () -> "chi square " + chiSquare); // 23 degrees, probability 0.001
  }

  @Test
  void uniformsAreInsideTheOpenInterval() {
    assertEquals(0x1p-53, Philox.uniform(0, 0));
    assertEquals(1 - 0x1p-53, Philox.uniform(-1, -1));
    assertEquals(0.5 + 0x1p-53, Philox.uniform(1 << 31, 0));
  }

  @Test
  void normalsHaveTheNormalsMoments() {
    int n = 200_000;
    Philox philox = new Philox(7, 0);
    double[] moments = new double[5];
    for (int i = 0; i < n; i++) {
      double x = philox.nextNormal();
      for (int k = 1; k <= 4; k++) {
        moments[k] += Math.pow(x, k) / n;
      }
    }
    // Four standard errors: the k-th power has variance E x^2k - (E x^k)^2 = 1, 2, 15, 96.
    assertEquals(0, moments[1], 4 * Math.sqrt(1.0 / n));
    assertEquals(1, moments[2], 4 * Math.sqrt(2.0 / n));
    assertEquals(0, moments[3], 4 * Math.sqrt(15.0 / n));
    assertEquals(3, moments[4], 4 * Math.sqrt(96.0 / n));
    assertEquals(4L * n, philox.index());
  }

  @Test
  void refusesWhatItCannotDo() {
    Philox philox = new Philox(0, 0);
    assertThrows(IllegalArgumentException.class, () -> philox.nextBounded(0));
    assertThrows(IllegalArgumentException.class, () -> philox.seek(-1));
  }
}
