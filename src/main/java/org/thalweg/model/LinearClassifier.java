package org.thalweg.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.SparseMatrix;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.numeric.Philox;

/**
 * A linear classifier: {@code scores = x · W + b}, the largest score wins. W is [features ×
 * classes], b [classes].
 */
public final class LinearClassifier implements AutoCloseable {
  /** The parameter group of the weights. */
  public static final int WEIGHTS = 0;

  /** The parameter group of the bias, which is not regularised. */
  public static final int BIAS = 1;

  /** The most weights: in binary64 they just fit a buffer of the host. */
  private static final int MOST_WEIGHTS = 1 << 27;

  private final Device device;
  private final int features;
  private final int classes;
  private final Array weight;
  private final Array bias;
  private final Array weightsGradient;
  private final Array biasGradient;
  private final Owned owned;

  /** With weights and bias 0. */
  public LinearClassifier(Device device, ElementType type, int features, int classes) {
    if (!fits(features, classes)) {
      throw new IllegalArgumentException(
          "features and classes must be at least 1, and their product at most %d: %d, %d"
              .formatted(MOST_WEIGHTS, features, classes));
    }
    this.device = device;
    this.features = features;
    this.classes = classes;
    try (Owned opening = new Owned()) {
      this.weight = opening.add(device.allocate(type, (long) features * classes));
      this.bias = opening.add(device.allocate(type, classes));
      this.weightsGradient = opening.add(device.allocate(type, (long) features * classes));
      this.biasGradient = opening.add(device.allocate(type, classes));
      this.owned = opening.keep();
    }
  }

  static boolean fits(long features, long classes) {
    return features >= 1 && classes >= 1 && classes <= MOST_WEIGHTS / features;
  }

  /** Features of a row. */
  public int features() {
    return features;
  }

  /** Scores of a row. */
  public int classes() {
    return classes;
  }

  /** The type of parameters and scores. */
  public ElementType type() {
    return weight.type();
  }

  /** The device that holds it. */
  public Device device() {
    return device;
  }

  /** The weights on the device. */
  Array weight() {
    return weight;
  }

  /** The bias on the device. */
  Array bias() {
    return bias;
  }

  /** The weights, row-major [features × classes]. */
  public double[] weights() {
    return device.download(weight);
  }

  /** Bytes that a model takes on the device, without the optimizer's state. */
  public static long bytes(ElementType type, int features, int classes) {
    return 2 * (features + 1L) * classes * type.bytes();
  }

  /**
   * Draws the weights from a normal distribution with mean 0; the bias becomes 0.
   *
   * @param deviation its standard deviation
   */
  public void initialise(Philox random, double deviation) {
    double[] draws = new double[Math.toIntExact(weight.count())];
    for (int i = 0; i < draws.length; i++) {
      draws[i] = deviation * random.nextNormal();
    }
    device.upload(weight, draws);
    device.upload(bias, new double[classes]);
  }

  /** Weights and bias with their gradients. */
  public List<Parameter> parameters() {
    return List.of(
        new Parameter(weight, weightsGradient, WEIGHTS), new Parameter(bias, biasGradient, BIAS));
  }

  /** {@code out = x · W + b}. */
  void scores(int rows, Features x, Array out) {
    x.multiply(device, Product.of(rows, classes, features), weight, bias, out);
  }

  /** Room for a minibatch and what is computed from it. */
  public final class Minibatch implements AutoCloseable {
    private final int rows;
    private final Features x;
    private final Array labels;
    private final Array scores;
    private final Array rowLoss;
    private final Array rowCorrect;
    private final @Nullable Array rowWeights;
    private final Owned owned;

    private Minibatch(int rows, boolean weighted, @Nullable SparseMatrix of) {
      ElementType type = weight.type();
      this.rows = rows;
      try (Owned opening = new Owned()) {
        this.x =
            of == null
                ? new Features.Dense(opening.add(device.allocate(type, (long) rows * features)))
                : new Features.Sparse(
                    of.with(opening.add(device.allocate(ElementType.I32, 2L * rows))));
        this.labels = opening.add(device.allocate(ElementType.I32, rows));
        this.scores = opening.add(device.allocate(type, (long) rows * classes));
        this.rowLoss = opening.add(device.allocate(type, rows));
        this.rowCorrect = opening.add(device.allocate(ElementType.I32, rows));
        this.rowWeights = weighted ? opening.add(device.allocate(type, rows)) : null;
        this.owned = opening.keep();
      }
    }

    /** The features, [rows × features]; of sparse rows, where each has them, I32 [2 × rows]. */
    public Array x() {
      return x.gathered();
    }

    /** I32 [rows]. */
    public Array labels() {
      return labels;
    }

    /** How much each row counts, where some count more. */
    public @Nullable Array rowWeights() {
      return rowWeights;
    }

    /** The loss of each row, times its weight. */
    public Array rowLoss() {
      return rowLoss;
    }

    /** I32 [rows]: 1 where the row is classified right. */
    public Array rowCorrect() {
      return rowCorrect;
    }

    /**
     * Scores, losses, and the gradient of the mean loss with respect to the scores, in their place.
     * Where rows have weights, both are multiplied by them.
     */
    public void forward(Loss loss) {
      scores(rows, x, scores);
      device.loss(loss, scores, labels, 1.0 / rows, scores, rowLoss, rowCorrect);
      if (rowWeights != null) {
        device.scaleRows(rowWeights, scores);
        device.scaleRows(rowWeights, rowLoss);
      }
    }

    /** After {@link #forward}: the gradients of weights and bias. */
    public void backward() {
      x.multiplyTransposed(
          device, Product.of(features, classes, rows), scores, weightsGradient, biasGradient);
    }

    @Override
    public void close() {
      owned.close();
    }
  }

  /**
   * Bytes that a minibatch of that many rows takes on the device, beside {@linkplain
   * StoredRows#gatheredBytes the features} and weights of rows.
   */
  public static long minibatchBytes(ElementType type, int classes, int rows) {
    return rows * ((classes + 1L) * type.bytes() + 2L * ElementType.I32.bytes());
  }

  /** Room for a minibatch of that many rows, which count alike. */
  public Minibatch minibatch(int rows) {
    return minibatch(rows, false);
  }

  /** Room for a minibatch of that many rows, which may have weights. */
  public Minibatch minibatch(int rows, boolean weighted) {
    return new Minibatch(rows, weighted, null);
  }

  /**
   * Room for a minibatch of sparse rows.
   *
   * @param of whose elements the rows have
   */
  Minibatch minibatch(int rows, boolean weighted, SparseMatrix of) {
    return new Minibatch(rows, weighted, of);
  }

  /**
   * {@code l1 * sum |w| + l2 * sum w^2} over the weights, bias not counted, in binary64 and the
   * canonical order.
   *
   * @param l1 the factor of the absolute values
   * @param l2 the factor of the squares
   */
  public double penalty(double l1, double l2) {
    double[] w = device.download(weight);
    double[] absolute = Arrays.stream(w).map(Math::abs).toArray();
    double[] squares = Arrays.stream(w).map(x -> x * x).toArray();
    double penalty = l1 == 0 ? 0 : l1 * Exact.sum(absolute, 0, w.length); // not 0 * infinity
    return l2 == 0 ? penalty : penalty + l2 * Exact.sum(squares, 0, w.length);
  }

  /** CRC-32 of the weights' little-endian bytes, then the bias's, each NaN as the canonical one. */
  public int crc32() {
    CRC32 crc = new CRC32();
    for (Array array : List.of(weight, bias)) {
      int bytes = Math.toIntExact(array.count() * array.type().bytes());
      ByteBuffer buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
      Safetensors.Tensor.of(device, array).data().move(0, buffer);
      crc.update(buffer.rewind());
    }
    return (int) crc.getValue();
  }

  @Override
  public void close() {
    owned.close();
  }
}
