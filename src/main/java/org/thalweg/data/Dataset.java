package org.thalweg.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.numeric.Philox;
import org.thalweg.numeric.Require;

/**
 * Labelled rows of features.
 *
 * @param values the features, row-major [rows × features]
 * @param labels the class of each row, 0 to classes - 1
 * @param features how many to a row
 * @param classes how many there are
 * @param weights how much each row counts in training, finite, at least 0, and not all 0; null
 *     where all count alike
 */
@SuppressWarnings("ArrayRecordComponent") // large, and handed on, never compared
public record Dataset(
    Values values, int[] labels, int features, int classes, double @Nullable [] weights) {
  /** The most values of an array in memory, the longest of any JVM. */
  public static final int MOST_VALUES = Integer.MAX_VALUE - 8;

  /** The random stream of {@link #split}; the trainer uses those from 0 up. */
  private static final long SPLIT = -1;

  /** The relative error that a mean of equal numbers may have: 128 times that of a rounding. */
  private static final double ROUNDING = 0x1p-46;

  public Dataset {
    if (values.count() != (long) labels.length * features) {
      throw new IllegalArgumentException(
          "%d rows of %d features are not %d values"
              .formatted(labels.length, features, values.count()));
    }
    for (int row = 0; row < labels.length; row++) {
      if (labels[row] < 0 || labels[row] >= classes) {
        throw new IllegalArgumentException(
            "row %d: label must be 0 to %d, not %d".formatted(row, classes - 1, labels[row]));
      }
    }
    if (weights != null) {
      Require.that(
          weights.length == labels.length, "%s weights of %s rows", weights.length, labels.length);
      for (int row = 0; row < weights.length; row++) {
        if (!(weights[row] >= 0 && weights[row] < Double.POSITIVE_INFINITY)) {
          throw new IllegalArgumentException(
              "row %d: a weight must be finite and at least 0, not %s"
                  .formatted(row, weights[row]));
        }
      }
      double sum = Exact.sum(weights, 0, weights.length);
      Require.that(
          weights.length == 0 || (sum > 0 && sum < Double.POSITIVE_INFINITY),
          "weights add up to %s",
          sum);
    }
  }

  /** Rows that all count alike. */
  public Dataset(Values values, int[] labels, int features, int classes) {
    this(values, labels, features, classes, null);
  }

  /** The weights divided by their mean, whose sum is the canonical one; null if there are none. */
  public double @Nullable [] relativeWeights() {
    double[] own = weights;
    if (own == null) {
      return null;
    }
    double mean = Exact.sum(own, 0, own.length) / own.length;
    return Arrays.stream(own).map(weight -> weight / mean).toArray();
  }

  /**
   * The same rows, of which each counts so much in loss, gradient and Hessian.
   *
   * @param of finite, at least 0, and not all 0, in relation to their mean; null: all alike
   */
  public Dataset weighted(double @Nullable [] of) {
    return new Dataset(values, labels, features, classes, of);
  }

  /**
   * The same rows, of which each counts as much more as the weight of its class says.
   *
   * @param of one for each class
   */
  public Dataset weightedByClass(double[] of) {
    Require.that(of.length == classes, "%s weights of %s classes", of.length, classes);
    double[] own = weights;
    double[] all = new double[rows()];
    Arrays.setAll(all, row -> (own == null ? 1 : own[row]) * of[labels[row]]);
    return weighted(all);
  }

  /** For each class what makes all classes count alike: {@code rows / (classes * its rows)}. */
  public double[] balance() {
    int[] sizes = sizes();
    double[] of = new double[classes];
    Arrays.setAll(
        of, label -> sizes[label] == 0 ? 0 : (double) rows() / ((double) classes * sizes[label]));
    return of;
  }

  /** How many rows each class has. */
  private int[] sizes() {
    int[] sizes = new int[classes];
    IntStream.of(labels).forEach(label -> sizes[label]++);
    return sizes;
  }

  /** Features kept as {@link Bytes}. */
  public Dataset(byte[] pixels, int[] labels, int features, int classes, double scale) {
    this(new Bytes(pixels, scale), labels, features, classes);
  }

  /** How the features are stored: bytes take a quarter of the memory of floats. */
  public sealed interface Values permits Bytes, Floats, Doubles, MappedRows, SparseRows {
    /** The number of features of all rows together. */
    long count();

    /** The type in which they are kept on a device: U8, F16, BF16, F32 or F64. */
    ElementType type();

    /** One feature as it is stored, not scaled. */
    double value(long index);

    /** The features of some rows, in the given order. */
    Values select(int[] rows, int features);

    /** Puts all of them into a little-endian buffer, each in {@link #type}. */
    void put(ByteBuffer to);

    /** The most numbers that are stored for so many of the rows, whichever they are. */
    default long most(int rows, int features) {
      return (long) rows * features;
    }

    /** Numbers, each rounded to that type: F32 or F64. */
    static Values of(ElementType type, double[] numbers) {
      if (type == ElementType.F64) {
        return new Doubles(numbers);
      }
      Require.that(type == ElementType.F32, "numbers are F32 or F64, not %s", type);
      float[] rounded = new float[numbers.length];
      for (int i = 0; i < rounded.length; i++) {
        rounded[i] = (float) numbers[i];
      }
      return new Floats(rounded);
    }
  }

  /**
   * Features that are bytes.
   *
   * @param pixels each 0 to 255
   * @param scale the factor by which a byte is multiplied before use
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Bytes(byte[] pixels, double scale) implements Values {
    @Override
    public long count() {
      return pixels.length;
    }

    @Override
    public ElementType type() {
      return ElementType.U8;
    }

    @Override
    public double value(long index) {
      return Byte.toUnsignedInt(pixels[(int) index]);
    }

    @Override
    public void put(ByteBuffer to) {
      to.put(pixels);
    }

    @Override
    public Bytes select(int[] rows, int features) {
      byte[] selected = new byte[rows.length * features];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(pixels, rows[i] * features, selected, i * features, features);
      }
      return new Bytes(selected, scale);
    }
  }

  /** Features that are binary32 numbers, used as they are. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Floats(float[] numbers) implements Values {
    @Override
    public long count() {
      return numbers.length;
    }

    @Override
    public ElementType type() {
      return ElementType.F32;
    }

    @Override
    public double value(long index) {
      return numbers[(int) index];
    }

    @Override
    public void put(ByteBuffer to) {
      to.asFloatBuffer().put(numbers);
      to.position(to.position() + Float.BYTES * numbers.length);
    }

    @Override
    public Floats select(int[] rows, int features) {
      float[] selected = new float[rows.length * features];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(numbers, rows[i] * features, selected, i * features, features);
      }
      return new Floats(selected);
    }
  }

  /** Features that are binary64 numbers, used as they are, for arithmetic in binary64 only. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Doubles(double[] numbers) implements Values {
    @Override
    public long count() {
      return numbers.length;
    }

    @Override
    public ElementType type() {
      return ElementType.F64;
    }

    @Override
    public double value(long index) {
      return numbers[(int) index];
    }

    @Override
    public void put(ByteBuffer to) {
      to.asDoubleBuffer().put(numbers);
      to.position(to.position() + Double.BYTES * numbers.length);
    }

    @Override
    public Doubles select(int[] rows, int features) {
      double[] selected = new double[rows.length * features];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(numbers, rows[i] * features, selected, i * features, features);
      }
      return new Doubles(selected);
    }
  }

  /**
   * The features, where they are {@link Bytes}.
   *
   * @throws ClassCastException where they are not
   */
  public byte[] pixels() {
    return ((Bytes) values).pixels;
  }

  /**
   * The factor by which a byte is multiplied, where the features are {@link Bytes}.
   *
   * @throws ClassCastException where they are not
   */
  public double scale() {
    return ((Bytes) values).scale;
  }

  /** How many rows. */
  public int rows() {
    return labels.length;
  }

  /**
   * The mean of each feature, scaled. Of bytes: {@code scale * (sum / rows)}, where the sum is
   * exact; of others: the canonical sum of the column in binary64, divided by the rows.
   *
   * @throws IllegalStateException if there are no rows
   */
  public double[] means() {
    if (rows() == 0) {
      throw new IllegalStateException("there are no rows");
    }
    double[] means = new double[features];
    if (values instanceof Bytes bytes) {
      long[] sums = new long[features];
      for (int row = 0; row < rows(); row++) {
        for (int i = 0; i < features; i++) {
          sums[i] += Byte.toUnsignedInt(bytes.pixels[row * features + i]);
        }
      }
      Arrays.setAll(means, i -> bytes.scale * ((double) sums[i] / rows()));
    } else {
      means = sums((feature, value) -> value);
      for (int i = 0; i < features; i++) {
        means[i] /= rows();
      }
    }
    return means;
  }

  /**
   * The standard deviation of each feature, scaled: the root of the mean of the squared distances
   * from its mean, whose sum is the canonical one in binary64. 1 where that is nothing but rounding
   * of the mean: then the feature is constant.
   *
   * @param means what {@link #means} returns
   */
  public double[] deviations(double[] means) {
    double scale = scaleOr1();
    double[] squares =
        sums(
            (feature, value) -> {
              double distance = scale * value - means[feature];
              return distance * distance;
            });
    double[] deviations = new double[features];
    for (int i = 0; i < features; i++) {
      double deviation = Math.sqrt(squares[i] / rows());
      deviations[i] = deviation > ROUNDING * Math.abs(means[i]) ? deviation : 1;
    }
    return deviations;
  }

  /** A number made of a feature and its value. */
  private interface Term {
    double of(int feature, double value);
  }

  /** The canonical sum of such numbers over the rows, for each feature. */
  private double[] sums(Term term) {
    int chunks = (rows() - 1) / Exact.CHUNK + 1;
    double[][] sums = new double[features][chunks];
    double[] column = new double[Exact.CHUNK];
    for (int chunk = 0; chunk < chunks; chunk++) { // a few rows at a time, as they may be mapped
      long from = (long) chunk * Exact.CHUNK;
      int n = (int) Math.min(Exact.CHUNK, rows() - from);
      for (int i = 0; i < features; i++) {
        for (int row = 0; row < n; row++) {
          column[row] = term.of(i, values.value((from + row) * features + i));
        }
        sums[i][chunk] = Exact.sum(column, 0, n);
      }
    }
    return Arrays.stream(sums).mapToDouble(of -> Exact.sum(of, 0, chunks)).toArray();
  }

  /** CRC-32 of sizes, labels and features, to tell data sets apart. */
  public int crc32() {
    CRC32 crc = new CRC32();
    ByteBuffer piece = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    crc.update(piece.putInt(features).putInt(classes).putDouble(scaleOr1()).flip());
    for (int at = 0; at < labels.length; at += 1 << 14) {
      int n = Math.min(1 << 14, labels.length - at);
      piece.clear().asIntBuffer().put(labels, at, n);
      crc.update(piece.limit(4 * n));
    }
    if (values instanceof SparseRows sparse) {
      sparse.update(crc);
    } else {
      update(crc);
    }
    for (double weight : weights == null ? new double[0] : weights) {
      crc.update(piece.clear().putDouble(weight).flip());
    }
    return (int) crc.getValue();
  }

  /** Adds all features to a checksum. */
  private void update(CRC32 crc) {
    int most = Math.max(1, (1 << 20) / Math.max(1, features));
    ByteBuffer some =
        ByteBuffer.allocate(Math.min(most, rows()) * features * values.type().bytes());
    for (int from = 0; from < rows(); from += most) {
      int[] rows = IntStream.range(from, Math.min(from + most, rows())).toArray();
      values.select(rows, features).put(some.clear().order(ByteOrder.LITTLE_ENDIAN));
      crc.update(some.flip());
    }
  }

  /** The factor by which features are multiplied before use: 1 for those that are no bytes. */
  public double scaleOr1() {
    return values instanceof Bytes bytes ? bytes.scale : 1;
  }

  /** Rows to train on and rows to test with, which all count alike. */
  public record Split(Dataset train, Dataset test) {}

  /** The rows before {@code row} for training, the others for testing. */
  public Split splitAt(int row) {
    return split(IntStream.range(0, rows()).toArray(), row);
  }

  /**
   * Random rows for testing (or, of a training part, for validation), the others for training; both
   * in their order here. They are the last of a permutation that depends on the seed and nothing
   * else.
   *
   * @param fraction of the rows, rounded to the nearest number of them, but at least one row
   * @throws IllegalArgumentException if the fraction is not between 0 and 1, or leaves no row for
   *     training
   */
  public Split split(double fraction, long seed) {
    Require.that(fraction > 0 && fraction < 1, "fraction must be between 0 and 1: %s", fraction);
    int train = rows() - (int) Math.max(1, Math.round(fraction * rows()));
    Require.that(train >= 1, "%s rows less a fraction of %s leave none", rows(), fraction);
    int[] order = new Philox(seed, SPLIT).permutation(rows());
    Arrays.sort(order, 0, train);
    Arrays.sort(order, train, order.length);
    return split(order, train);
  }

  /**
   * Random rows for testing, as {@link #split}, but of each class its share: that of all rows,
   * rounded down, and where that leaves some over, one more of the classes that lost most by it (of
   * equals the first). Each class keeps a row for training.
   */
  public Split stratified(double fraction, long seed) {
    Require.that(fraction > 0 && fraction < 1, "fraction must be between 0 and 1: %s", fraction);
    int[] sizes = sizes();
    int[] take = new int[classes];
    Arrays.setAll(take, label -> (int) (fraction * sizes[label]));
    long left =
        Math.max(1, Math.round(fraction * rows())) - IntStream.of(take).asLongStream().sum();
    IntStream.range(0, classes)
        .filter(label -> take[label] + 1 < sizes[label])
        .boxed()
        .sorted(Comparator.comparingDouble(label -> take[label] - fraction * sizes[label]))
        .limit(Math.max(0, left))
        .forEach(label -> take[label]++);
    int test = IntStream.of(take).sum();
    Require.that(test > 0, "no class has a row to spare: of one row each, none is for testing");
    int[] order = new Philox(seed, SPLIT).permutation(rows());
    int[] divided = new int[rows()];
    int trained = 0;
    int tested = rows() - test;
    for (int row : order) {
      if (take[labels[row]]-- > 0) {
        divided[tested++] = row;
      } else {
        divided[trained++] = row;
      }
    }
    Arrays.sort(divided, 0, trained);
    Arrays.sort(divided, trained, divided.length);
    return split(divided, trained);
  }

  private Split split(int[] order, int train) {
    return new Split(
        select(Arrays.copyOf(order, train), weights),
        select(Arrays.copyOfRange(order, train, rows()), null));
  }

  private Dataset select(int[] rows, double @Nullable [] own) {
    return new Dataset(
        values.select(rows, features),
        Arrays.stream(rows).map(row -> labels[row]).toArray(),
        features,
        classes,
        own == null ? null : Arrays.stream(rows).mapToDouble(row -> own[row]).toArray());
  }
}
