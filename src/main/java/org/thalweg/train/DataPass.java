package org.thalweg.train;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.model.LinearClassifier;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * A data set with the programs that pass through it minibatch by minibatch, a piece of some
 * minibatches at a time: one program for the full minibatches, one for the smaller last one. All
 * its rows lie on the device, or where they do not fit, those of a piece, which the host gathers:
 * the bits are the same.
 */
final class DataPass implements AutoCloseable {
  /** The column of the step table that holds a minibatch's first row. */
  static final int FIRST_ROW = 0;

  /** The most minibatches of a piece: whoever waits for its end does not wait long. */
  private static final int MOST = 256;

  private final Device device;
  private final Dataset data;
  private final Plan plan;
  private final Steps steps;
  private final Array values;
  private final Array labels;
  private final Array order;
  private final Owned owned;
  private final List<Program> programs = new ArrayList<>();
  private int[] permutation;

  /**
   * What a rig is made for.
   *
   * @param batch rows of a full minibatch
   * @param columns of the step table, the first one included
   * @param piece the most minibatches of a piece
   * @param resident whether all rows lie on the device
   * @param bytes that all this takes there
   */
  record Plan(int batch, int columns, int piece, boolean resident, long bytes) {}

  /**
   * Plans a rig: with all rows on the device where there is room for them, else with pieces that
   * fill half the room, so that others have some too; the smallest is one minibatch, whether there
   * is room or not.
   *
   * @param batch rows of a minibatch; 0 for all
   * @param room bytes
   */
  static Plan plan(Dataset data, ElementType type, int batch, int columns, long room) {
    Require.that(data.rows() != 0, "there are no rows");
    int full = batch == 0 ? data.rows() : Math.min(batch, data.rows());
    int piece = Math.min(MOST, count(data.rows(), full));
    long bytes = bytes(data, type, full, columns, piece, data.rows());
    if (bytes <= room) {
      return new Plan(full, columns, piece, true, bytes);
    }
    for (; ; piece = (piece + 1) / 2) {
      int held = (int) Math.min((long) piece * full, data.rows());
      bytes = bytes(data, type, full, columns, piece, held);
      if (bytes <= room / 2 || piece == 1) {
        return new Plan(full, columns, piece, false, bytes);
      }
    }
  }

  private static long bytes(
      Dataset data, ElementType type, int batch, int columns, int piece, int held) {
    boolean small = data.values() instanceof Dataset.Bytes;
    long bytes = (long) held * data.features() * (small ? 1 : ElementType.F32.bytes());
    bytes += 2L * ElementType.I32.bytes() * held;
    bytes += Steps.bytes(columns, piece, 1);
    for (int size : minibatchSizes(data.rows(), batch)) {
      bytes += LinearClassifier.minibatchBytes(type, data.features(), data.classes(), size);
    }
    return bytes;
  }

  private static int count(int rows, int batch) {
    return (int) (((long) rows + batch - 1) / batch);
  }

  /** The full one, and the smaller last one where there is one. */
  private static int[] minibatchSizes(int rows, int batch) {
    return rows % batch == 0 ? new int[] {batch} : new int[] {batch, rows % batch};
  }

  /**
   * Puts the rows on the device, where they are to lie there, and records the programs.
   *
   * @param shift of each feature; null for none
   * @param step what is done with a minibatch once it is gathered
   */
  DataPass(
      Device device,
      Dataset data,
      LinearClassifier model,
      ElementType type,
      Plan plan,
      @Nullable Array shift,
      Step step) {
    this.device = device;
    this.data = data;
    this.plan = plan;
    permutation = IntStream.range(0, data.rows()).toArray();
    int held =
        (int) Math.min(plan.resident ? data.rows() : (long) plan.piece * plan.batch, data.rows());
    boolean small = data.values() instanceof Dataset.Bytes;
    try (Owned opening = new Owned()) {
      steps = opening.add(new Steps(device, type, plan.columns, plan.piece, 1));
      order = opening.add(device.of(IntStream.range(0, held).toArray()));
      labels = opening.add(device.allocate(ElementType.I32, held));
      ElementType stored = small ? ElementType.U8 : ElementType.F32;
      values = opening.add(device.allocate(stored, (long) held * data.features()));
      if (plan.resident) {
        device.write(labels, data.labels());
        upload(data.values());
      }
      Rows rows = new Rows(values, labels, data.features(), data.scaleOr1(), shift);
      for (int size : minibatchSizes(data.rows(), plan.batch)) {
        LinearClassifier.Minibatch minibatch = opening.add(model.minibatch(size));
        Runnable body =
            () -> {
              device.gather(rows, order, steps, FIRST_ROW, minibatch.x(), minibatch.labels());
              step.record(minibatch, steps);
            };
        programs.add(opening.add(device.record(steps, body)));
      }
      owned = opening.keep();
    }
  }

  private void upload(Dataset.Values from) {
    Array to = values.slice(0, from.count());
    if (from instanceof Dataset.Bytes bytes) {
      device.upload(to, ByteBuffer.wrap(bytes.pixels()));
    } else if (from instanceof Dataset.Floats floats) {
      device.upload(to, floats.numbers());
    }
  }

  /** What is done with a minibatch once it is gathered. */
  interface Step {
    void record(LinearClassifier.Minibatch minibatch, Steps steps);
  }

  /** Sets the other columns of a minibatch's row of the step table. */
  interface Fill {
    void fill(Steps steps, int row, int minibatch);
  }

  /** How many there are to pass through. */
  int rows() {
    return data.rows();
  }

  /** How many minibatches a pass has. */
  int minibatches() {
    return count(data.rows(), plan.batch);
  }

  /** The most minibatches of a piece. */
  int piece() {
    return plan.piece;
  }

  /** Shuffles: the rows are passed through in this order from now on. */
  void order(int[] permutation) {
    this.permutation = permutation;
    if (plan.resident) {
      device.write(order, permutation);
    }
  }

  /**
   * Passes through {@code n} minibatches, at most a {@link #piece}, from minibatch {@code from} on.
   */
  Steps.Account run(int from, int n, Fill fill) {
    if (!plan.resident) {
      gather(from * plan.batch, (int) Math.min((long) (from + n) * plan.batch, data.rows()));
    }
    for (int i = 0; i < n; i++) {
      steps.integer(i, FIRST_ROW, (long) (plan.resident ? from + i : i) * plan.batch);
      fill.fill(steps, i, from + i);
    }
    steps.start();
    int full = Math.min(n, data.rows() / plan.batch - from);
    programs.get(0).run(full);
    if (full < n) {
      programs.get(1).run(1);
    }
    return steps.account();
  }

  /** Sends the rows of these places of the order. */
  private void gather(int from, int to) {
    int[] rows = Arrays.copyOfRange(permutation, from, to);
    int[] own = Arrays.stream(rows).map(row -> data.labels()[row]).toArray();
    device.write(labels.slice(0, own.length), own);
    upload(data.values().select(rows, data.features()));
  }

  @Override
  public void close() {
    owned.close();
  }
}
