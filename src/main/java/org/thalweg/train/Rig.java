package org.thalweg.train;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.ElementType;
import org.thalweg.device.Owned;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.model.LinearClassifier;

/**
 * A data set on the device with the programs that pass through it once, minibatch by minibatch: one program
 * for the full minibatches, one for the smaller last one.
 */
final class Rig implements AutoCloseable {
  /** The column of the step table that holds a minibatch's first row. */
  static final int FIRST_ROW = 0;

  private final Device device;
  private final int batch;
  private final int rows;
  private final Steps steps;
  private final Array order;
  private final Owned owned;
  private final List<Program> programs = new ArrayList<>();

  /**
   * @param columns of the step table, the first one included
   * @param step what is done with a minibatch once it is gathered
   */
  Rig(
      Device device,
      Dataset data,
      LinearClassifier model,
      ElementType type,
      int batch,
      int columns,
      Step step) {
    this.device = device;
    this.rows = data.rows();
    this.batch = fullBatch(data, batch);
    try (Owned opening = new Owned()) {
      steps = opening.add(new Steps(device, type, columns, minibatches(), 1));
      order = opening.add(device.of(IntStream.range(0, rows).toArray()));
      Array labels = opening.add(device.of(data.labels()));
      Rows source = new Rows(values(opening, data.values()), labels, data.features(), scale(data));
      for (int size : minibatchSizes(rows, this.batch)) {
        LinearClassifier.Minibatch minibatch = opening.add(model.minibatch(size));
        Runnable body =
            () -> {
              device.gather(source, order, steps, FIRST_ROW, minibatch.x(), minibatch.labels());
              step.record(minibatch, steps);
            };
        programs.add(opening.add(device.record(steps, body)));
      }
      owned = opening.keep();
    }
  }

  private Array values(Owned opening, Dataset.Values values) {
    boolean bytes = values instanceof Dataset.Bytes;
    Array array =
        opening.add(device.allocate(bytes ? ElementType.U8 : ElementType.F32, values.count()));
    if (values instanceof Dataset.Bytes own) {
      device.upload(array, ByteBuffer.wrap(own.pixels()));
    } else if (values instanceof Dataset.Floats own) {
      device.upload(array, own.numbers());
    }
    return array;
  }

  private static double scale(Dataset data) {
    return data.values() instanceof Dataset.Bytes bytes ? bytes.scale() : 1;
  }

  private static int fullBatch(Dataset data, int batch) {
    if (data.rows() == 0) {
      throw new IllegalArgumentException("there are no rows");
    }
    return Math.min(batch, data.rows());
  }

  /** The full one, and the smaller last one where there is one. */
  private static int[] minibatchSizes(int rows, int batch) {
    return rows % batch == 0 ? new int[] {batch} : new int[] {batch, rows % batch};
  }

  /** Bytes that all this takes on the device. */
  static long bytes(Dataset data, ElementType type, int batch, int columns) {
    int full = fullBatch(data, batch);
    boolean small = data.values() instanceof Dataset.Bytes;
    long bytes = (long) data.values().count() * (small ? 1 : ElementType.F32.bytes());
    bytes += 2L * ElementType.I32.bytes() * data.rows();
    bytes += Steps.bytes(columns, (data.rows() + full - 1) / full, 1);
    for (int size : minibatchSizes(data.rows(), full)) {
      bytes += LinearClassifier.minibatchBytes(type, data.features(), data.classes(), size);
    }
    return bytes;
  }

  /** What is done with a minibatch once it is gathered. */
  interface Step {
    void record(LinearClassifier.Minibatch minibatch, Steps steps);
  }

  /** How many minibatches a pass has. */
  int minibatches() {
    return (rows + batch - 1) / batch;
  }

  /** Shuffles: the rows are passed through in this order from now on. */
  void order(int[] permutation) {
    device.write(order, permutation);
  }

  /** Passes once through the rows; {@code fill} sets the other columns of each minibatch's row. */
  Steps.Account pass(Consumer<Steps> fill) {
    for (int i = 0; i < minibatches(); i++) {
      steps.integer(i, FIRST_ROW, (long) i * batch);
    }
    fill.accept(steps);
    steps.start();
    programs.get(0).run(rows / batch);
    if (rows % batch > 0) {
      programs.get(1).run(1);
    }
    return steps.account();
  }

  @Override
  public void close() {
    owned.close();
  }
}
