package org.thalweg.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
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

  /** So that weights in binary64 fit the host's buffers. */
  private static final int MOST_WEIGHTS = 1 << 27;

  /** Rows that are scored together; the scores do not depend on it. */
  private static final int SCORED = 512;

  private final Device device;
  private final int features;
  private final int classes;
  private final Array weights;
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
      this.weights = opening.add(device.allocate(type, (long) features * classes));
      this.bias = opening.add(device.allocate(type, classes));
      this.weightsGradient = opening.add(device.allocate(type, (long) features * classes));
      this.biasGradient = opening.add(device.allocate(type, classes));
      this.owned = opening.keep();
    }
  }

  static boolean fits(long features, long classes) {
    return features >= 1 && classes >= 1 && classes <= MOST_WEIGHTS / features;
  }

  /**
   * Reads weights and bias from a file that {@link #save(Path)} has written, or any other in the
   * safetensors format with these two tensors. {@link Description#load} reads the rest.
   *
   * @throws IOException if the file is no model; the message names it and the place
   */
  public static LinearClassifier load(Device device, Path file) throws IOException {
    try (Safetensors tensors = new Safetensors(file);
        Owned opening = new Owned()) {
      Description.Size size = Description.Size.of(file, tensors);
      LinearClassifier model =
          opening.add(new LinearClassifier(device, size.type(), size.features(), size.classes()));
      int width = size.type().bytes();
      for (Map.Entry<String, Array> part :
          Map.of("weight", model.weights, "bias", model.bias).entrySet()) {
        Array array = part.getValue();
        tensors.read(
            part.getKey(),
            (at, piece) ->
                device.upload(array.slice(at / width, piece.remaining() / width), piece));
      }
      opening.keep();
      return model;
    }
  }

  /** Features of a row. */
  public int features() {
    return features;
  }

  /** Scores of a row. */
  public int classes() {
    return classes;
  }

  /** The weights, row-major [features × classes]. */
  public double[] weights() {
    return device.read(weights);
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
    double[] draws = new double[Math.toIntExact(weights.count())];
    for (int i = 0; i < draws.length; i++) {
      draws[i] = deviation * random.nextNormal();
    }
    device.write(weights, draws);
    device.write(bias, new double[classes]);
  }

  /** Weights and bias with their gradients. */
  public List<Parameter> parameters() {
    return List.of(
        new Parameter(weights, weightsGradient, WEIGHTS), new Parameter(bias, biasGradient, BIAS));
  }

  /** Room for a minibatch and what is computed from it. */
  public final class Minibatch implements AutoCloseable {
    private final int rows;
    private final Array x;
    private final Array labels;
    private final Array scores;
    private final Array rowLoss;
    private final Array rowCorrect;
    private final Owned owned;

    private Minibatch(int rows) {
      ElementType type = weights.type();
      this.rows = rows;
      try (Owned opening = new Owned()) {
        this.x = opening.add(device.allocate(type, (long) rows * features));
        this.labels = opening.add(device.allocate(ElementType.I32, rows));
        this.scores = opening.add(device.allocate(type, (long) rows * classes));
        this.rowLoss = opening.add(device.allocate(type, rows));
        this.rowCorrect = opening.add(device.allocate(ElementType.I32, rows));
        this.owned = opening.keep();
      }
    }

    /** The features, [rows × features]. */
    public Array x() {
      return x;
    }

    /** I32 [rows]. */
    public Array labels() {
      return labels;
    }

    /** The loss of each row. */
    public Array rowLoss() {
      return rowLoss;
    }

    /** I32 [rows]: 1 where the row is classified right. */
    public Array rowCorrect() {
      return rowCorrect;
    }

    /**
     * Scores, losses, and the gradient of the mean loss with respect to the scores, in their place.
     */
    public void forward(Loss loss) {
      device.multiply(Product.of(rows, classes, features), x, weights, bias, scores);
      device.loss(loss, scores, labels, 1.0 / rows, scores, rowLoss, rowCorrect);
    }

    /** After {@link #forward}: the gradients of weights and bias. */
    public void backward() {
      device.multiplyTransposed(
          Product.of(features, classes, rows), x, scores, weightsGradient, biasGradient);
    }

    @Override
    public void close() {
      owned.close();
    }
  }

  /** Bytes that a minibatch of that many rows takes on the device. */
  public static long minibatchBytes(ElementType type, int features, int classes, int rows) {
    return rows * ((features + classes + 1L) * type.bytes() + 2L * ElementType.I32.bytes());
  }

  /** Room for a minibatch of that many rows. */
  public Minibatch minibatch(int rows) {
    return new Minibatch(rows);
  }

  /**
   * Scores some rows, with the same bits as in training.
   *
   * @param values row-major [rows × features]
   * @param description how they are scaled and shifted
   * @throws IllegalArgumentException if the values are not whole rows
   */
  public Predictions predict(Dataset.Values values, Description description) {
    if (values.count() % features != 0) {
      throw new IllegalArgumentException(
          "%d values are no rows of %d features".formatted(values.count(), features));
    }
    int rows = values.count() / features;
    double[] all = new double[Math.multiplyExact(rows, classes)];
    for (int from = 0; from < rows; from += SCORED) {
      int n = Math.min(SCORED, rows - from);
      try (Array x = device.allocate(weights.type(), (long) n * features);
          Array scores = device.allocate(weights.type(), (long) n * classes)) {
        device.write(x, scaled(values, from * features, n * features, description));
        device.multiply(Product.of(n, classes, features), x, weights, bias, scores);
        System.arraycopy(device.read(scores), 0, all, from * classes, n * classes);
      }
    }
    return new Predictions(all, classes, weights.type());
  }

  /** As {@link Device#gather} does, in the model's type. */
  private double[] scaled(Dataset.Values values, int from, int n, Description description) {
    double scale = description.scale();
    double[] means = description.means();
    double[] x = new double[n];
    boolean single = weights.type() == ElementType.F32;
    for (int i = 0; i < n; i++) {
      float value = values.value(from + i);
      if (means == null) {
        x[i] = single ? value * (float) scale : value * scale;
      } else {
        double shift = -means[i % features];
        x[i] =
            single ? Math.fma(value, (float) scale, (float) shift) : Math.fma(value, scale, shift);
      }
    }
    return x;
  }

  /**
   * {@code l1 * sum |w| + l2 * sum w^2} over the weights, bias not counted, in binary64 and the
   * canonical order.
   *
   * @param l1 the factor of the absolute values
   * @param l2 the factor of the squares
   */
  public double penalty(double l1, double l2) {
    double[] w = device.read(weights);
    double[] absolute = Arrays.stream(w).map(Math::abs).toArray();
    double[] squares = Arrays.stream(w).map(x -> x * x).toArray();
    double penalty = l1 == 0 ? 0 : l1 * Exact.sum(absolute, 0, w.length); // not 0 * infinity
    return l2 == 0 ? penalty : penalty + l2 * Exact.sum(squares, 0, w.length);
  }

  /** CRC-32 of the weights' little-endian bytes, then the bias's, each NaN as the canonical one. */
  public int crc32() {
    CRC32 crc = new CRC32();
    crc.update(bytes(weights));
    crc.update(bytes(bias));
    return (int) crc.getValue();
  }

  private ByteBuffer bytes(Array array) {
    double[] values = device.read(array);
    ByteBuffer bytes = ByteBuffer.allocate(values.length * array.type().bytes());
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      if (array.type() == ElementType.F32) {
        bytes.putInt(Exact.bits((float) value));
      } else {
        bytes.putLong(Exact.bits(value));
      }
    }
    return bytes.flip();
  }

  /**
   * Writes {@code weight} [features × classes] and {@code bias} [classes] in the safetensors
   * format.
   *
   * @throws java.nio.file.FileAlreadyExistsException if there is such a file
   */
  public void save(Path file) throws IOException {
    save(file, Map.of(), Map.of(), false);
  }

  /**
   * The same with what it takes to use the model.
   *
   * @param replace whether a file of that name makes room for it
   * @throws java.nio.file.FileAlreadyExistsException if there is such a file, and it is not to be
   *     replaced
   */
  public void save(Path file, Description description, boolean replace) throws IOException {
    save(file, description.metadata(), description.tensors(), replace);
  }

  private void save(
      Path file,
      Map<String, String> metadata,
      Map<String, Safetensors.Tensor> others,
      boolean replace)
      throws IOException {
    Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
    tensors.put("weight", tensor(weights, features, classes));
    tensors.put("bias", tensor(bias, classes));
    tensors.putAll(others);
    Safetensors.write(file, metadata, tensors, replace);
  }

  private Safetensors.Tensor tensor(Array array, long... shape) {
    ByteBuffer bytes = bytes(array);
    return new Safetensors.Tensor(
        array.type(),
        Arrays.stream(shape).boxed().toList(),
        (at, piece) -> piece.put(bytes.slice((int) at, piece.remaining())));
  }

  @Override
  public void close() {
    owned.close();
  }
}
