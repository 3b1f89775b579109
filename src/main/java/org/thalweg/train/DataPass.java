package org.thalweg.train;

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
import org.thalweg.model.RowGather;
import org.thalweg.numeric.ElementType;

/**
 * Passes over a data set minibatch by minibatch, several minibatches (a piece) at a time. It has
 * one program for the full minibatches and one for the smaller last one. All rows lie on the
 * device; if they do not fit, the host sends those of each piece. The bits are the same.
 */
final class DataPass implements AutoCloseable {
  /** The column of the step table that holds a minibatch's first row. */
  static final int FIRST_ROW = 0;

  /** About how long a piece takes, so that nobody waits long for its end. */
  private static final long PIECE_NANOS = 100_000_000;

  /** Multiplications in a first piece, of which nobody knows yet how long it takes. */
  private static final long FIRST_PIECE = 4_000_000;

  private final Device device;
  private final Dataset data;
  private final MemoryPlan plan;
  private final Steps steps;
  private final Array values;
  private final Array labels;
  private final Array order;
  private final Owned owned;
  private final List<Program> programs = new ArrayList<>();
  private int[] permutation;
  private int piece;

  /**
   * Puts the rows on the device, where they are to lie there, and records the programs.
   *
   * @param scale what bytes are multiplied by
   * @param shift of each feature; null for none
   * @param step what is done with a minibatch once it is gathered
   */
  DataPass(
      Device device,
      Dataset data,
      double scale,
      LinearClassifier model,
      MemoryPlan plan,
      @Nullable Array shift,
      Step step) {
    this.device = device;
    this.data = data;
    this.plan = plan;
    permutation = IntStream.range(0, data.rows()).toArray();
    long products = Math.max(1, (long) plan.batch() * data.features() * data.classes());
    piece = (int) Math.max(1, Math.min(plan.piece(), FIRST_PIECE / products));
    int held = plan.held(data.rows());
    ElementType stored = RowGather.stored(data.values());
    try (Owned opening = new Owned()) {
      steps = opening.add(new Steps(device, model.type(), plan.columns(), plan.piece(), 1));
      order = opening.add(device.of(IntStream.range(0, held).toArray()));
      labels = opening.add(device.allocate(ElementType.I32, held));
      values = opening.add(device.allocate(stored, (long) held * data.features()));
      if (plan.resident()) {
        device.upload(labels, data.labels());
        RowGather.upload(device, data.values(), values);
      }
      Rows rows = new Rows(values, labels, data.features(), scale, shift);
      for (int size : plan.minibatchSizes(data.rows())) {
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

  /** What is done with a minibatch once it is gathered. */
  interface Step {
    void record(LinearClassifier.Minibatch minibatch, Steps steps);
  }

  /** Sets the other columns of a minibatch's row of the step table. */
  interface Fill {
    void fill(Steps steps, int row, int minibatch);
  }

  /** The number of rows. */
  int rows() {
    return data.rows();
  }

  /** How many minibatches a pass has. */
  int minibatches() {
    return plan.minibatches(data.rows());
  }

  /** The most minibatches of the next piece: as many as fit its time, as far as is known. */
  int piece() {
    return piece;
  }

  /** Sets the order of the rows for the passes that follow. */
  void order(int[] permutation) {
    this.permutation = permutation;
    if (plan.resident()) {
      device.upload(order, permutation);
    }
  }

  /**
   * Passes through {@code n} minibatches, at most a {@link #piece}, from minibatch {@code from} on.
   *
   * @param meanwhile what the host does while the device computes
   */
  Steps.Account run(int from, int n, Fill fill, Runnable meanwhile) {
    long start = System.nanoTime();
    if (!plan.resident()) {
      gather(from * plan.batch(), (int) Math.min((long) (from + n) * plan.batch(), data.rows()));
    }
    for (int i = 0; i < n; i++) {
      steps.integer(i, FIRST_ROW, (long) (plan.resident() ? from + i : i) * plan.batch());
      fill.fill(steps, i, from + i);
    }
    steps.start();
    int full = Math.min(n, data.rows() / plan.batch() - from);
    programs.get(0).run(full);
    if (full < n) {
      programs.get(1).run(1);
    }
    meanwhile.run();
    Steps.Account account = steps.account();
    adapt(n, Math.max(1, System.nanoTime() - start));
    return account;
  }

  /** Changes the size of the pieces, not for little, where this many minibatches took that long. */
  private void adapt(int n, long nanos) {
    long fitting = Math.min(n * PIECE_NANOS / nanos, Math.min(2L * piece, plan.piece()));
    if (fitting > piece || nanos > 3 * PIECE_NANOS) {
      piece = (int) Math.max(1, fitting);
    }
  }

  /** Sends the rows at these positions of the order. */
  private void gather(int from, int to) {
    int[] rows = Arrays.copyOfRange(permutation, from, to);
    int[] own = Arrays.stream(rows).map(row -> data.labels()[row]).toArray();
    device.upload(labels.slice(0, own.length), own);
    RowGather.upload(device, data.values().select(rows, data.features()), values);
  }

  @Override
  public void close() {
    owned.close();
  }
}
