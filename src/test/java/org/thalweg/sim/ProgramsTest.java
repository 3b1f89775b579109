package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.sim.TestModule.Shape;

/** {@code src/test/kernels/programs.cu}: CUDA C++ as textbooks write it, against plain Java. */
@Tag("driver")
class ProgramsTest {
  /** Orders in which the software driver runs blocks and warps; 0: as they are numbered. */
  @Target(ElementType.METHOD)
  @Retention(RetentionPolicy.RUNTIME)
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {0, 1, 2, 3, 4})
  private @interface Seeds {}

  private TestModule programs; // for each test: an error would be the next one's too

  @BeforeEach
  void load() {
    programs = new TestModule("programs");
  }

  @AfterEach
  void unload() {
    programs.close();
  }

  private static int[] integers(Random random, int n) {
    return random.ints(n).toArray();
  }

  private static float[] floats(Random random, int n) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  private static int blocks(int n, int threads) {
    return Math.max(1, (n + threads - 1) / threads);
  }

  @Seeds
  void warpReduction(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int[] shape : new int[][] {{1, 32}, {3, 64}, {2, 1024}}) {
      int n = shape[0] * shape[1];
      float[] x = floats(random, n);
      long out = programs.allocate(4L * (n / 32));
      programs.run("warp_reduction", Shape.of(shape[0], shape[1]), 0, programs.upload(x), out);
      float[] expected = new float[n / 32];
      for (int w = 0; w < n / 32; w++) {
        float[] lane = Arrays.copyOfRange(x, 32 * w, 32 * w + 32);
        for (int offset = 16; offset > 0; offset /= 2) {
          for (int l = 0; l < offset; l++) {
            lane[l] += lane[l + offset];
          }
        }
        expected[w] = lane[0];
      }
      assertArrayEquals(expected, programs.floats(out, n / 32), Arrays.toString(shape));
    }
  }

  @Seeds
  void blockReduction(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int threads : new int[] {1, 2, 32, 128, 1024}) {
      for (int n : new int[] {0, 1, threads, 3 * threads - 1}) {
        int[] x = integers(random, n);
        int blocks = blocks(n, threads);
        long out = programs.allocate(4L * blocks);
        programs.run("block_reduction", Shape.of(blocks, threads), 0, programs.upload(x), out, n);
        int[] expected = new int[blocks];
        for (int i = 0; i < n; i++) {
          expected[i / threads] += x[i];
        }
        assertArrayEquals(expected, programs.ints(out, blocks), n + " by " + threads);
      }
    }
  }

  @Seeds
  void warpSynchronous(long seed) {
    programs.seed(seed);
    int[] x = integers(new Random(seed), 32 * 40);
    long out = programs.allocate(4 * 40);
    programs.run("warp_synchronous", Shape.of(40, 32), 0, programs.upload(x), out);
    int[] expected =
        IntStream.range(0, 40).map(b -> Arrays.stream(x, 32 * b, 32 * b + 32).sum()).toArray();
    assertArrayEquals(expected, programs.ints(out, 40));
  }

  /** Twice with the same counter: the block that finishes last leaves it as it was. */
  @Seeds
  void lastBlockDone(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int n : new int[] {1, 64, 1000, 10_000}) {
      int[] x = integers(random, n);
      int blocks = blocks(n, 64);
      long partial = programs.allocate(4L * blocks);
      long sum = programs.allocate(4);
      long done = programs.upload(0);
      for (int repetition = 0; repetition < 2; repetition++) {
        programs.run(
            "last_block_done", Shape.of(blocks, 64), 0, programs.upload(x), partial, sum, done, n);
        assertEquals(Arrays.stream(x).sum(), programs.ints(sum, 1)[0], n + " numbers");
        assertEquals(0, programs.ints(done, 1)[0]);
      }
    }
  }

  @Seeds
  void inclusiveScan(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int threads : new int[] {32, 96, 1024}) {
      for (int n : new int[] {1, 33, 1024, 2050}) {
        int[] x = integers(random, n);
        long out = programs.allocate(4L * n);
        programs.run(
            "inclusive_scan", Shape.of(blocks(n, threads), threads), 0, programs.upload(x), out, n);
        int[] expected = x.clone();
        for (int i = 0; i < n; i++) {
          expected[i] += i % threads == 0 ? 0 : expected[i - 1];
        }
        assertArrayEquals(expected, programs.ints(out, n), n + " by " + threads);
      }
    }
  }

  @Seeds
  void histograms(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (String kernel : new String[] {"histogram_global", "histogram_shared"}) {
      for (int n : new int[] {0, 1, 255, 20_000}) {
        byte[] x = new byte[n];
        random.nextBytes(x);
        long counts = programs.upload(new int[256]);
        programs.run(kernel, Shape.of(5, 96), 0, programs.upload(x), counts, n);
        int[] expected = new int[256];
        for (byte b : x) {
          expected[b & 0xff]++;
        }
        assertArrayEquals(expected, programs.ints(counts, 256), kernel + " of " + n);
      }
    }
  }

  @Seeds
  void extremes(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int n : new int[] {1, 31, 5000}) {
      int[] x = random.ints(n, -100, 100).toArray(); // with repetitions
      long best = programs.upload(0, 0);
      long least = programs.upload(Integer.MAX_VALUE);
      programs.run(
          "extremes", Shape.of(blocks(n, 128), 128), 0, programs.upload(x), best, least, n);
      int[] found = programs.ints(best, 2);
      int largest = Arrays.stream(x).max().orElseThrow();
      assertEquals(largest, found[1] ^ Integer.MIN_VALUE);
      assertEquals(
          IntStream.range(0, n).filter(i -> x[i] == largest).min().orElseThrow(), n - found[0]);
      assertEquals(Arrays.stream(x).min().orElseThrow(), programs.ints(least, 1)[0]);
    }
  }

  @Seeds
  void transpose(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int[] size : new int[][] {{1, 1}, {32, 32}, {33, 31}, {100, 70}}) {
      int rows = size[0];
      int columns = size[1];
      float[] x = floats(random, rows * columns);
      long out = programs.allocate(4L * x.length);
      Shape shape = new Shape(blocks(columns, 32), blocks(rows, 32), 32, 8);
      programs.run("transpose", shape, 0, programs.upload(x), out, rows, columns);
      float[] expected = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        expected[i % columns * rows + i / columns] = x[i];
      }
      assertArrayEquals(expected, programs.floats(out, x.length), Arrays.toString(size));
    }
  }

  @Seeds
  void tiledProduct(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int[] size : new int[][] {{1, 1, 1}, {16, 16, 16}, {17, 33, 15}, {40, 50, 60}}) {
      int m = size[0];
      int k = size[1];
      int n = size[2];
      float[] a = floats(random, m * k);
      float[] b = floats(random, k * n);
      long out = programs.allocate(4L * m * n);
      Shape shape = new Shape(blocks(n, 16), blocks(m, 16), 16, 16);
      programs.run("tiled_product", shape, 0, programs.upload(a), programs.upload(b), out, m, k, n);
      float[] expected = new float[m * n];
      for (int i = 0; i < m * n; i++) {
        for (int j = 0; j < k; j++) {
          expected[i] = Math.fma(a[i / n * k + j], b[j * n + i % n], expected[i]);
        }
      }
      assertArrayEquals(expected, programs.floats(out, m * n), Arrays.toString(size));
    }
  }

  @Seeds
  void bitonicSort(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int threads : new int[] {1, 16, 32, 256, 1024}) {
      int n = 2 * threads;
      int[] x = integers(random, 3 * n);
      long keys = programs.upload(x);
      programs.run("bitonic_sort", Shape.of(3, threads), 4 * n, keys);
      for (int block = 0; block < 3; block++) {
        Arrays.sort(x, block * n, (block + 1) * n);
      }
      assertArrayEquals(x, programs.ints(keys, 3 * n), n + " keys");
    }
  }

  /** Static shared memory in front of what the launch gives. */
  @Seeds
  void reverse(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int threads : new int[] {1, 33, 500}) {
      double[] x = random.doubles(2L * threads).toArray();
      long out = programs.allocate(16L * threads);
      programs.run("reverse", Shape.of(2, threads), 8 * threads, programs.upload(x), out);
      double[] expected = new double[2 * threads];
      for (int i = 0; i < expected.length; i++) {
        expected[i] = x[i / threads * threads + threads - 1 - i % threads] + threads;
      }
      assertArrayEquals(expected, programs.doubles(out, 2 * threads), threads + " threads");
    }
  }

  private static int digits(int x, int base) {
    int n = 0;
    do {
      x /= base;
      n++;
    } while (x != 0);
    return n;
  }

  /**
   * A function that is called, and one that calls another; the lanes of a warp go different ways.
   */
  @Seeds
  void notInlined(long seed) {
    programs.seed(seed);
    int n = 1000;
    int[] x = new Random(seed).ints(n).map(v -> v >> (v & 31)).toArray(); // numbers of every length
    long out = programs.allocate(8L * n);
    programs.run("not_inlined", Shape.of(blocks(n, 64), 64), 0, programs.upload(x), out, n);
    double[] expected = new double[n];
    for (int i = 0; i < n; i++) {
      double y = digits(x[i], 10);
      expected[i] = x[i] < 0 ? x[i] * 0.5 - y : x[i] * 0.5 + y * digits(x[i], 7);
    }
    assertArrayEquals(expected, programs.doubles(out, n));
  }

  private static int interpret(int[] program, int a, int b) {
    for (int pc = 0; pc < program.length; pc++) {
      int operand = program[pc] >> 8;
      switch (program[pc] & 0xff) {
        case 0 -> a += operand;
        case 1 -> a *= operand;
        case 2 -> b = a;
        case 3 -> a -= b;
        case 4 -> a ^= b;
        case 5 -> pc += a < 0 ? operand : 0;
        case 6 -> a = a % 7 == 0 ? b : a;
        case 7 -> {
          return a;
        }
        case 8 -> a = Integer.bitCount(a);
        case 9 -> b = Integer.numberOfLeadingZeros(a);
        case 10 -> a = Math.max(a, b);
        default -> a = -1;
      }
    }
    return a;
  }

  /** A switch in a loop, whose lanes skip different instructions of the program. */
  @Seeds
  void interpreter(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    for (int length : new int[] {0, 1, 20, 100}) {
      int[] program =
          random
              .ints(length)
              .map(r -> (r >>> 20 & 15) % 13 | (r % 5 << 8))
              .map(i -> (i & 0xff) == 5 ? 5 | 1 << 8 : i) // skips forward: the program ends
              .map(i -> (i & 0xff) == 7 && random.nextInt(8) != 0 ? 3 : i)
              .toArray();
      int n = 300;
      int[] x = integers(random, n);
      long out = programs.allocate(4L * n);
      programs.run(
          "interpreter",
          Shape.of(blocks(n, 128), 128),
          0,
          programs.upload(program),
          length,
          programs.upload(x),
          out,
          n);
      int[] expected = IntStream.range(0, n).map(i -> interpret(program, x[i], i)).toArray();
      assertArrayEquals(expected, programs.ints(out, n), length + " instructions");
    }
  }

  private static int collatz(int v, int limit) {
    if (v == 0) {
      return -2;
    }
    int count = 0;
    while (v != 1) {
      if (count == limit) {
        return -1;
      }
      v = v % 2 == 0 ? v >>> 1 : 3 * v + 1;
      count++;
    }
    return count;
  }

  @Seeds
  void collatz(long seed) {
    programs.seed(seed);
    int n = 777;
    int[] x = new Random(seed).ints(n, 0, 10_000).map(v -> v < 100 ? 0 : v).toArray();
    long out = programs.allocate(4L * n);
    programs.run("collatz", Shape.of(blocks(n, 64), 64), 0, programs.upload(x), out, n, 100);
    assertArrayEquals(Arrays.stream(x).map(v -> collatz(v, 100)).toArray(), programs.ints(out, n));
  }

  /** Local memory. */
  @Seeds
  void sortedDigits(long seed) {
    programs.seed(seed);
    int n = 321;
    int[] x = new Random(seed).ints(n, 0, Integer.MAX_VALUE).toArray();
    long out = programs.allocate(4L * n);
    programs.run("sorted_digits", Shape.of(blocks(n, 96), 96), 0, programs.upload(x), out, n);
    IntUnaryOperator sorted =
        v ->
            Integer.parseUnsignedInt(
                "0"
                    + Integer.toString(v)
                        .chars()
                        .filter(c -> c != '0')
                        .sorted()
                        .collect(
                            StringBuilder::new,
                            StringBuilder::appendCodePoint,
                            StringBuilder::append));
    assertArrayEquals(Arrays.stream(x).map(sorted).toArray(), programs.ints(out, n));
  }

  /**
   * The lane that lane l reads from, in the words of the CUDA C++ guide: itself where that is
   * outside.
   */
  private static int source(int mode, int l, int by, int width) {
    int first = l / width * width;
    int end = first + width;
    return switch (mode) {
      case 0 -> first + by % width;
      case 1 -> l - by >= first ? l - by : l;
      case 2 -> l + by < end ? l + by : l;
      default -> (l ^ by) < end ? l ^ by : l; // an earlier segment may be read, a later one may not
    };
  }

  @Seeds
  void segments(long seed) {
    Random random = new Random(seed);
    programs.seed(seed);
    int n = 2 * 96;
    int[] x = integers(random, n);
    int[] by = random.ints(n, 0, 32).toArray();
    long out = programs.allocate(32L * n);
    programs.run("segments", Shape.of(2, 96), 0, programs.upload(x), programs.upload(by), out);
    int[] expected = new int[8 * n];
    for (int k = 0; k < 8 * n; k++) {
      int i = k % n;
      int mode = k / n % 4;
      expected[k] = x[i / 32 * 32 + source(mode, i % 32, by[i], k < 4 * n ? 8 : 16)];
    }
    assertArrayEquals(expected, programs.ints(out, 8 * n));
  }

  @Seeds
  void inside(long seed) {
    programs.seed(seed);
    int n = 64;
    int[] x = new Random(seed).ints(n, 0, 1000).toArray();
    long out = programs.allocate(16L * n);
    programs.run("inside", Shape.of(1, n), 0, programs.upload(x), out);
    int[] expected = new int[4 * n];
    for (int i = 0; i < n; i++) {
      expected[i] = i % 8 >= 3 ? x[i - 3] : -1;
      expected[n + i] = i % 8 < 5 ? x[i + 3] : -1;
      expected[2 * n + i] = x[i / 8 * 8 + 5];
      expected[3 * n + i] = i % 32 >= 16 ? x[i ^ 5] : 0;
    }
    assertArrayEquals(expected, programs.ints(out, 4 * n));
  }

  @Seeds
  void votes(long seed) {
    programs.seed(seed);
    int n = 32 * 20;
    Random random = new Random(seed);
    // Warps with and without a 0, a negative number, an odd one.
    int[] x = new int[n];
    for (int i = 0; i < n; i++) {
      int warp = i / 32;
      x[i] = (warp & 1) != 0 ? random.nextInt(1, 100) : random.nextInt(-5, 100);
      x[i] = (warp & 2) != 0 ? 2 * x[i] : x[i];
    }
    long out = programs.allocate(20L * n);
    programs.run("votes", Shape.of(n / 64, 64), 0, programs.upload(x), out);
    int[] expected = new int[5 * n];
    for (int i = 0; i < n; i++) {
      int first = i / 32 * 32;
      int odd = 0;
      for (int l = 0; l < 32; l++) {
        odd |= (x[first + l] & 1) << l;
      }
      IntStream warp = Arrays.stream(x, first, first + 32);
      expected[i] = Integer.bitCount(odd);
      expected[n + i] = Arrays.stream(x, first, first + 32).anyMatch(v -> v == 0) ? 1 : 0;
      expected[2 * n + i] = warp.allMatch(v -> v > 0) ? 1 : 0;
      expected[3 * n + i] = odd;
      boolean isOdd = (x[i] & 1) != 0;
      expected[4 * n + i] = isOdd ? Integer.bitCount(odd & ((1 << i % 32) - 1)) : -1;
    }
    assertArrayEquals(expected, programs.ints(out, 5 * n));
  }
}
