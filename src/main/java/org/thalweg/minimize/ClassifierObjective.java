package org.thalweg.minimize;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.Device;
import org.thalweg.device.MemoryException;
import org.thalweg.device.Norm;
import org.thalweg.device.Owned;
import org.thalweg.device.Product;
import org.thalweg.loss.Loss;
import org.thalweg.model.Features;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.numeric.Require;

/**
 * The objective of a linear classifier over all rows of a data set: {@code f(w) = mean of the rows'
 * losses + l2 * sum of W^2 + l1 * sum of |W|}. The vector w is W, [features × classes], and after
 * it the bias, [classes], which is not regularised. Where an element of W is 0, the gradient takes
 * 0 as the slope of its magnitude.
 *
 * <p>The rows lie on the device as the data set keeps them, and become numbers of the type in
 * blocks of {@link #BLOCK} rows. Where they do not fit, each block is sent when it is needed, and
 * where a block does not fit, a piece of it; nothing else is as long as the data. Order: the loss
 * is one canonical sum over all rows in binary64; gradient and Hessian product are added up block
 * by block. A piece is a product's chunk, {@link Exact#PRODUCT_CHUNK} rows, and has the same bits:
 * within a product too the chunks' totals are added one by one. Pieces are also what a block is
 * worked on in where someone watches and it takes long.
 */
public final class ClassifierObjective implements Objective, AutoCloseable {
  /** Rows that are worked on at once. The same on every device, for a sum's bits depend on it. */
  static final int BLOCK = 8192;

  /** Nanoseconds that a block may take in one piece. */
  private static final long SLOW = 200_000_000;

  /** How many scores {@link #values} keeps at once, unless one model has more. */
  private static final int MOST_SCORES = 1 << 20;

  /** Vectors for which a constructor leaves room that is not told how many there will be. */
  private static final int VECTORS = new LBfgs().vectors() + 1;

  private final Device device;
  private final ElementType type;
  private final Loss loss;
  private final double l1;
  private double l2;
  private final int rows;
  private final int features;
  private final int classes;
  private final long weights;
  private final Owned owned;
  private final int most; // rows that are worked on at once
  private final RowWindow window;
  private final Array scores;
  private final Array direction;
  private final Array rowLoss; // of a block
  private final @Nullable Array rowWeights; // of all rows; null where they count alike
  private final Array ones;
  private final Array rowCorrect;
  private final Array part; // of gradients: the sum of a block
  private final Array chunk; // and that of a piece of it
  private final Array lossSums; // of each block: the sum of its row losses, and of each chunk
  private final Array sums;
  private Watcher watcher = Watcher.NONE;
  private int piece = BLOCK;

  /** For rows that are used as they are. */
  public ClassifierObjective(
      Device device, Dataset data, Loss loss, ElementType type, double l1, double l2) {
    this(device, data, loss, type, l1, l2, Scaling.of(data.scaleOr1()));
  }

  /** Leaves room for the vectors of {@link LBfgs}. */
  public ClassifierObjective(
      Device device,
      Dataset data,
      Loss loss,
      ElementType type,
      double l1,
      double l2,
      Scaling scaling) {
    this(device, data, loss, type, l1, l2, scaling, VECTORS);
  }

  /**
   * Puts the data on the device, where it fits.
   *
   * @param data at least one row
   * @param type F32 or F64
   * @param l1 finite and at least 0
   * @param l2 finite and at least 0
   * @param scaling of the features
   * @param vectors for how many as long as w to leave room on the device
   * @throws MemoryException if the device has not enough memory even for a piece of the data,
   *     before any is taken
   */
  public ClassifierObjective(
      Device device,
      Dataset data,
      Loss loss,
      ElementType type,
      double l1,
      double l2,
      Scaling scaling,
      int vectors) {
    this(
        device, data, loss, type, l1, l2, scaling, BatchPlan.of(device, data, loss, type, vectors));
  }

  /** With a plan of one's own. */
  ClassifierObjective(
      Device device,
      Dataset data,
      Loss loss,
      ElementType type,
      double l1,
      double l2,
      Scaling scaling,
      BatchPlan plan) {
    Require.that(data.rows() != 0, "there are no rows");
    if (!(l1 >= 0 && l1 < Double.POSITIVE_INFINITY && l2 >= 0 && l2 < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "l1 and l2 must be finite and at least 0: %s, %s".formatted(l1, l2));
    }
    this.device = device;
    this.type = type;
    this.loss = loss;
    this.l1 = l1;
    this.l2 = l2;
    rows = data.rows();
    features = data.features();
    classes = data.classes();
    weights = (long) features * classes;
    int block = Math.min(rows, BLOCK);
    most = plan.most();
    piece = most;
    try (Owned opening = new Owned()) {
      window = opening.add(new RowWindow(device, data, type, plan, scaling));
      scores = opening.add(device.allocate(type, (long) most * classes));
      boolean twice = loss.twiceDifferentiable();
      direction = opening.add(device.allocate(type, twice ? scores.count() : 0));
      rowLoss = opening.add(device.allocate(type, block));
      double[] own = data.relativeWeights();
      rowWeights = own == null ? null : opening.add(device.of(type, own));
      ones = opening.add(device.allocate(type, block));
      rowCorrect = opening.add(device.allocate(ElementType.I32, most));
      part = opening.add(device.allocate(type, rows > BLOCK ? size() : 0));
      chunk = opening.add(device.allocate(type, rows > Exact.PRODUCT_CHUNK ? size() : 0));
      long each = Device.dotRoom(block);
      lossSums = opening.add(device.allocate(ElementType.F64, BatchPlan.blocks(rows) * each));
      sums = opening.add(device.allocate(ElementType.F64, Device.dotRoom(weights)));
      double[] one = new double[block];
      Arrays.fill(one, 1);
      device.upload(ones, one);
      owned = opening.keep();
    }
  }

  /**
   * Checks that the device has enough memory for a piece of the data at least.
   *
   * @param vectors how many as long as w are to lie beside the objective
   * @throws MemoryException which says how much there is
   */
  public static void checkMemory(
      Device device, Dataset data, Loss loss, ElementType type, int vectors) {
    BatchPlan unused = BatchPlan.of(device, data, loss, type, vectors);
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public ElementType type() {
    return type;
  }

  @Override
  public long size() {
    return weights + classes;
  }

  @Override
  public double l1(long i) {
    return i < weights ? l1 : 0;
  }

  @Override
  public boolean twiceDifferentiable() {
    return loss.twiceDifferentiable();
  }

  /**
   * Changes the penalty from now on.
   *
   * @param l2 finite and at least 0
   */
  public void penalise(double l2) {
    if (!(l2 >= 0 && l2 < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("l2 must be finite and at least 0: " + l2);
    }
    this.l2 = l2;
  }

  private Array weights(Array w) {
    return w.slice(0, weights);
  }

  private Array bias(Array w) {
    return w.slice(weights, classes);
  }

  /** The features of the n rows from one on. */
  private Features x(int from, int n) {
    window.move(from, n);
    return window.x(from, n);
  }

  @Override
  public void watch(Watcher watcher) {
    this.watcher = watcher;
    piece = watcher == Watcher.NONE ? most : Exact.PRODUCT_CHUNK; // until its speed is known
  }

  /** Work on the n rows from one on, whose features are x. */
  private interface Work {
    void rows(int from, int n, Features x);
  }

  private void forEachPiece(Work work) {
    boolean watched = watcher != Watcher.NONE;
    for (int block = 0; block < rows; block += BLOCK) {
      long start = System.nanoTime();
      int end = Math.min(rows, block + BLOCK);
      for (int from = block, n; from < end; from += n) {
        n = Math.min(piece, end - from);
        work.rows(from, n, x(from, n));
        window.sendAhead(from + n, Math.min(piece, rows - from - n));
        if (watched) {
          first(ones); // waits for the device
          watcher.piece(from + n, rows);
        }
      }
      boolean slow = watched && System.nanoTime() - start > SLOW;
      piece = slow ? Exact.PRODUCT_CHUNK : most;
    }
  }

  private Array scores(Features x, int n, Array w, Array to) {
    Array out = to.slice(0, (long) n * classes);
    x.multiply(device, Product.of(n, classes, features), weights(w), bias(w), out);
    return out;
  }

  /** Adds {@code xᵀ · d} of a piece to its block's sum, and after its last piece that to out. */
  private void backward(int from, int n, Features x, Array d, Array out) {
    boolean firstBlock = from < BLOCK;
    boolean firstPiece = from % BLOCK == 0;
    Array block = firstBlock ? out : part;
    Array product = firstPiece ? block : chunk;
    x.multiplyTransposed(
        device, Product.of(features, classes, n), d, weights(product), bias(product));
    if (!firstPiece) {
      device.axpy(1, chunk, block);
    }
    int end = from + n;
    if (!firstBlock && (end % BLOCK == 0 || end == rows)) {
      device.axpy(1, part, out);
    }
  }

  @Override
  public double value(Array w) {
    return evaluate(w, null);
  }

  @Override
  public double gradient(Array w, Array gradient) {
    check("gradient", gradient);
    Checks.apart("gradient", gradient, w);
    return evaluate(w, gradient);
  }

  private void check(String what, Array vector) {
    Checks.type(what, vector, type);
    Checks.count(what, vector, size());
  }

  private double evaluate(Array w, @Nullable Array gradient) {
    check("w", w);
    forEachPiece(
        (from, n, x) -> {
          Array d = forward(from, n, x, w);
          sumLosses(from, n);
          if (gradient != null) {
            backward(from, n, x, d, gradient);
          }
        });
    if (gradient != null && l2 != 0) {
      device.axpy(2 * l2, weights(w), weights(gradient));
    }
    if (gradient != null && l1 != 0) {
      device.axpySign(l1, weights(w), weights(gradient));
    }
    double value = sumOfLosses() / rows;
    if (l2 != 0) {
      device.dot(weights(w), weights(w), sums);
      value += l2 * first(sums);
    }
    if (l1 != 0) {
      device.norm(Norm.ONE, weights(w), sums);
      value += l1 * first(sums);
    }
    return value;
  }

  /**
   * The losses of n rows from one on, and whether they are right. Returns the gradient of the
   * scores.
   */
  private Array forward(int from, int n, Features x, Array w) {
    Array d = scores(x, n, w, scores);
    Array row = rowLoss.slice(from % BLOCK, n);
    device.loss(loss, d, window.labels(from, n), 1.0 / rows, d, row, rowCorrect.slice(0, n));
    weigh(from, n, d);
    weigh(from, n, row);
    return d;
  }

  /** Multiplies what belongs to n rows from one on by their weights. */
  private void weigh(int from, int n, Array of) {
    if (rowWeights != null) {
      device.scaleRows(rowWeights.slice(from, n), of);
    }
  }

  /** Sums a block's row losses after its last piece. */
  private void sumLosses(int from, int n) {
    int end = from + n;
    if (end % BLOCK == 0 || end == rows) {
      int first = (end - 1) / BLOCK * BLOCK;
      long room = Device.dotRoom(rowLoss.count());
      long at = first / BLOCK * room;
      int count = end - first;
      device.dot(
          rowLoss.slice(0, count), ones.slice(0, count), lossSums.slice(at, Device.dotRoom(count)));
    }
  }

  /** The canonical sum of all row losses: blocks are whole chunks, and this sums the chunks'. */
  private double sumOfLosses() {
    double[] read = device.download(lossSums);
    int room = (int) Device.dotRoom(rowLoss.count());
    double[] chunks = new double[(int) Exact.chunks(rows)];
    for (int c = 0; c < chunks.length; c++) {
      int each = room - 1;
      chunks[c] = read[c / each * room + 1 + c % each];
    }
    return Exact.sum(chunks, 0, chunks.length);
  }

  /** The share of the rows whose largest score is that of their label. */
  public double accuracy(Array w) {
    check("w", w);
    long right = 0;
    for (int from = 0; from < rows; from += most) {
      int n = Math.min(most, rows - from);
      forward(from, n, x(from, n), w);
      right += (long) DoubleStream.of(device.download(rowCorrect.slice(0, n))).sum();
    }
    return (double) right / rows;
  }

  private double first(Array array) {
    return device.download(array.slice(0, 1))[0];
  }

  @Override
  public void hessianTimes(Array w, Array v, Array out) {
    if (!twiceDifferentiable()) {
      throw new UnsupportedOperationException(loss + " has no second derivative");
    }
    check("w", w);
    check("vector", v);
    check("product", out);
    Checks.apart("product", out, w);
    Checks.apart("product", out, v);
    forEachPiece(
        (from, n, x) -> {
          Array at = scores(x, n, w, scores);
          Array u = scores(x, n, v, direction);
          device.lossHessian(loss, at, window.labels(from, n), n, 1.0 / rows, u, u);
          weigh(from, n, u);
          backward(from, n, x, u, out);
        });
    if (l2 != 0) {
      device.axpy(2 * l2, weights(v), weights(out));
    }
  }

  /**
   * All points are models that share the rows: one product and one loss for a block of rows and of
   * models, where there is room for several.
   */
  @Override
  public double[] values(double[][] points) {
    int block = Math.min(rows, BLOCK);
    long scores = (long) block * classes;
    long bytes = type.bytes() * (size() + scores + block) + (long) ElementType.I32.bytes() * block;
    long room = most == block ? device.available() / 2 / bytes : 0;
    int together = (int) Math.min(room, Math.max(1, MOST_SCORES / scores));
    if (together < 2) {
      return Objective.super.values(points);
    }
    double[] values = new double[points.length];
    for (int from = 0; from < points.length; from += together) {
      double[][] some = Arrays.copyOfRange(points, from, Math.min(from + together, points.length));
      System.arraycopy(valuesAtOnce(some, block), 0, values, from, some.length);
    }
    return values;
  }

  private double[] valuesAtOnce(double[][] points, int block) {
    int models = points.length;
    double[][] chunks = new double[models][(int) Exact.chunks(rows)];
    try (Array ws = device.allocate(type, models * weights);
        Array biases = device.allocate(type, (long) models * classes);
        Array room = device.allocate(type, (long) models * block * classes);
        Array lossRoom = device.allocate(type, (long) models * block);
        Array correctRoom = device.allocate(ElementType.I32, (long) models * block)) {
      device.upload(ws, columns(points, 0, (int) weights));
      device.upload(biases, columns(points, (int) weights, (int) size()));
      for (int from = 0; from < rows; from += BLOCK) {
        int n = Math.min(BLOCK, rows - from);
        Array d = room.slice(0, (long) models * n * classes);
        Array rowLosses = lossRoom.slice(0, (long) models * n);
        Array corrects = correctRoom.slice(0, (long) models * n);
        Product size = new Product(models, true, n, classes, features);
        x(from, n).multiply(device, size, ws, biases, d);
        device.loss(loss, d, window.labels(from, n), 1, d, rowLosses, corrects);
        for (int m = 0; m < models; m++) {
          weigh(from, n, rowLosses.slice((long) m * n, n));
        }
        double[] read = device.download(rowLosses);
        for (int m = 0; m < models; m++) {
          for (int at = 0; at < n; at += Exact.CHUNK) {
            int count = Math.min(Exact.CHUNK, n - at);
            chunks[m][(from + at) / Exact.CHUNK] = Exact.sum(read, m * n + at, count);
          }
        }
      }
    }
    double[] values = new double[models];
    for (int m = 0; m < models; m++) {
      values[m] = Exact.sum(chunks[m], 0, chunks[m].length) / rows;
      double[] terms = new double[(int) weights];
      if (l2 != 0) {
        for (int i = 0; i < terms.length; i++) {
          double w = type.round(points[m][i]);
          terms[i] = w * w;
        }
        values[m] += l2 * Exact.sum(terms, 0, terms.length);
      }
      if (l1 != 0) {
        for (int i = 0; i < terms.length; i++) {
          terms[i] = Math.abs(type.round(points[m][i]));
        }
        values[m] += l1 * Exact.sum(terms, 0, terms.length);
      }
    }
    return values;
  }

  private static double[] columns(double[][] rows, int from, int to) {
    double[] columns = new double[rows.length * (to - from)];
    for (int row = 0; row < rows.length; row++) {
      System.arraycopy(rows[row], from, columns, row * (to - from), to - from);
    }
    return columns;
  }

  @Override
  public void close() {
    owned.close();
  }
}
