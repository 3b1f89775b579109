package org.thalweg.numeric;

/**
 * Philox4x32-10, a counter-based generator: block b of a stream is a bijection of the counter (b,
 * stream) under the key {@code seed}, so any position of any stream is reached at once, and a
 * resumed run goes on where it stopped.
 *
 * <p>A stream is a sequence of 32-bit numbers; {@link #index} counts those taken. Nothing else is
 * kept, so that seed, stream and index are the whole state.
 *
 * <p>Source: Salmon, Moraes, Dror, Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
 */
public final class Philox {
  private static final int ROUNDS = 10;
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9; // the golden ratio
  private static final int WEYL_1 = 0xBB67AE85; // sqrt(3) - 1
  private static final long LOW = 0xffffffffL;

  private final long seed;
  private final long stream;
  private final int[] block = new int[4];
  private long index;

  /**
   * A generator at the beginning of a stream.
   *
   * @param seed the key
   * @param stream the upper half of the counter: other streams of the same seed are independent
   */
  public Philox(long seed, long stream) {
    this.seed = seed;
    this.stream = stream;
  }

  /** How many 32-bit numbers have been taken since the stream's beginning. */
  public long index() {
    return index;
  }

  /**
   * Moves to a position in the stream.
   *
   * @param index as {@link #index()} returned it, at least 0
   */
  public void seek(long index) {
    if (index < 0) {
      throw new IllegalArgumentException("index must be at least 0: " + index);
    }
    this.index = index;
    if ((index & 3) != 0) {
      fill();
    }
  }

  /** The next 32 bits. */
  public int nextInt() {
    if ((index & 3) == 0) {
      fill();
    }
    return block[(int) (index++ & 3)];
  }

  private void fill() {
    block(seed, stream, index >>> 2, block);
  }

  /**
   * Uniform on 0 .. n-1, without bias.
   *
   * <p>Source: Lemire, Fast Random Integer Generation in an Interval, 2019: the upper half of 32
   * bits times n; of the 2^32 products the lowest 2^32 mod n are rejected.
   *
   * @param n at least 1
   */
  public int nextBounded(int n) {
    if (n < 1) {
      throw new IllegalArgumentException("bound must be at least 1: " + n);
    }
    long product = (nextInt() & LOW) * n;
    if ((product & LOW) < n) {
      long rejected = (1L << 32) % n;
      while ((product & LOW) < rejected) {
        product = (nextInt() & LOW) * n;
      }
    }
    return (int) (product >>> 32);
  }

  /** A random permutation of 0 .. n-1: the Fisher-Yates shuffle, from the last position down. */
  public int[] permutation(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    for (int i = n - 1; i > 0; i--) {
      int j = nextBounded(i + 1);
      int swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    return order;
  }

  /** Uniform in (0, 1): (b + 1/2) * 2^-52 with 52 bits b, exactly; takes two 32-bit numbers. */
  public double nextUniform() {
    int high = nextInt();
    return uniform(high, nextInt());
  }

  static double uniform(int high, int low) {
    long bits = ((high & LOW) << 20) | (low >>> 12);
    return (bits + 0.5) * 0x1p-52;
  }

  /** No {@link #nextNormal} is larger in size: sqrt(-2 log 2^-53) is 8.57. */
  public static final double LARGEST_NORMAL = 8.6;

  /**
   * Standard normal: sqrt(-2 log u) * cos(2 pi v) with u, v uniform (Box and Muller, 1958); takes
   * four 32-bit numbers. The second number, from the sine, is not kept, because it would add to the
   * state.
   */
  public double nextNormal() {
    double radius = Math.sqrt(-2 * StrictMath.log(nextUniform()));
    return radius * StrictMath.cos(2 * Math.PI * nextUniform());
  }

  /**
   * Sets {@code block} to block {@code number} of a stream: the next four numbers at index {@code 4
   * * number}.
   */
  public static void block(long seed, long stream, long number, int[] block) {
    block[0] = (int) number;
    block[1] = (int) (number >>> 32);
    block[2] = (int) stream;
    block[3] = (int) (stream >>> 32);
    encrypt(block, (int) seed, (int) (seed >>> 32));
  }

  /** Replaces the counter c, four words, by its block under the key (key0, key1). */
  static void encrypt(int[] c, int key0, int key1) {
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = (MULTIPLIER_0 & LOW) * (c[0] & LOW);
      long product1 = (MULTIPLIER_1 & LOW) * (c[2] & LOW);
      c[0] = (int) (product1 >>> 32) ^ c[1] ^ key0;
      c[1] = (int) product1;
      c[2] = (int) (product0 >>> 32) ^ c[3] ^ key1;
      c[3] = (int) product0;
      key0 += WEYL_0;
      key1 += WEYL_1;
    }
  }
}
