package org.thalweg.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.Owned;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.RowGather;
import org.thalweg.model.Scaling;
import org.thalweg.model.StoredRows;
import org.thalweg.numeric.ElementType;

/**
 * Passes over a data set minibatch by minibatch, several minibatches (a piece) at a time. It has
 * one program for the full minibatches and one for the smaller last one. All rows lie on the
 * device; if they do not fit, the host sends those of each piece. The bits are the same. While a
 * piece is computed the host {@linkplain #prepare prepares} the next one.
 */
final class DataPass implements AutoCloseable {
  /** The column of the step table that holds a minibatch's first row. */
  static final int FIRST_ROW = 0;

  /** About how long a piece takes, so that nobody waits long for its end. */
  private static final long PIECE_NANOS = 100_000_000;

  /** Multiplications in a first piece, of which nobody knows yet how long it takes. */
  private static final long FIRST_PIECE = 4_000_000;

  /** How many times larger a piece may be than the one before. */
  private static final long GROWTH = 16;

  private final Device device;
  private final Dataset data;
  private final double @Nullable [] weights; // of its rows, with mean 1
  private final MemoryPlan plan;
  private final Steps steps;
  private final StoredRows stored;
  private final Array labels;
  private final Array rowWeights; // empty where all rows count alike
  private final Array order;
  private final Owned owned;
  private final List<Program> programs = new ArrayList<>();
  private final boolean resident;

  /** Where the rows of every second piece begin; 0 where there is no room for two. */
  private final int half;

  private int[] permutation;
  private int piece; // minibatches that fit its time, as far as is known
  private @Nullable Piece prepared;

  /** Where the rows of the last piece that was run begin, if they were sent for it. */
  private int last;

  private boolean waited; // for the device, since the arrays were allocated

  /**
   * Puts the rows on the device, where they are to lie there, and records the programs.
   *
   * @param scaling of the features
   * @param affine what {@link Scaling#on} gives
   * @param step what is done with a minibatch once it is gathered
   */
  DataPass(
      Device device,
      Dataset data,
      Scaling scaling,
      LinearClassifier model,
      MemoryPlan plan,
      @Nullable Array affine,
      Step step) {
    this.device = device;
    this.data = data;
    this.plan = plan;
    permutation = IntStream.range(0, data.rows()).toArray();
    long products = Math.max(1, (long) plan.batch() * data.features() * data.classes());
    piece = (int) Math.max(1, Math.min(plan.piece(), FIRST_PIECE / products));
    resident = plan.resident(data.rows());
    StoredRows.Room room = plan.room(data.rows());
    half = room.half();
    try (Owned opening = new Owned()) {
      steps = opening.add(new Steps(device, model.type(), plan.columns(), plan.piece(), 1));
      order = opening.add(device.of(IntStream.range(0, plan.held()).toArray()));
      labels = opening.add(device.allocate(ElementType.I32, plan.held()));
      stored =
          opening.add(
              StoredRows.open(device, data.values(), data.features(), room, model.type(), scaling));
      weights = data.relativeWeights();
      rowWeights = opening.add(device.allocate(model.type(), weights == null ? 0 : plan.held()));
      if (resident) {
        if (weights != null) {
          device.upload(rowWeights, weights);
        }
        device.upload(labels, data.labels());
        stored.send(0, data.rows(), 0, device::upload);
      }
      for (int size : plan.minibatchSizes(data.rows())) {
        LinearClassifier.Minibatch minibatch =
            opening.add(stored.minibatch(model, size, weights != null));
        Array own = minibatch.rowWeights();
        Runnable body =
            () -> {
              stored.gather(labels, order, steps, FIRST_ROW, affine, minibatch);
              if (own != null) { // rows of one feature, in the same order
                Rows each = new Rows(rowWeights, labels, 1, 1);
                device.gather(each, order, steps, FIRST_ROW, own, minibatch.labels());
              }
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

  /**
   * Sets the order of the rows for the pieces that are prepared from now on. The device may still
   * be computing those before.
   */
  void order(int[] permutation) {
    this.permutation = permutation;
    prepared = null;
    if (resident) {
      device.upload(order, permutation);
    }
  }

  /** Minibatches of a pass: {@code n} of them, from minibatch {@code from} on. */
  record Piece(int from, int n) {}

  /** What comes from a minibatch on: the piece that was prepared, or one that takes its time. */
  Piece next(int from, long most) {
    if (prepared != null && prepared.from == from) {
      return prepared;
    }
    return new Piece(from, (int) Math.min(Math.min(piece, most), minibatches() - from));
  }

  /**
   * Sends what a piece needs, if that has not been done: its rows of the step table, and where the
   * data does not lie on the device the data.
   */
  void prepare(Piece next, Fill fill) {
    if (next.equals(prepared)) {
      return;
    }
    int first = resident ? next.from * plan.batch() : half - last;
    if (!resident) {
      gather(next, first);
    }
    for (int i = 0; i < next.n; i++) {
      steps.integer(i, FIRST_ROW, first + (long) i * plan.batch());
      fill.fill(steps, i, next.from + i);
    }
    steps.send();
    prepared = next;
  }

  /**
   * Passes through the minibatches of a piece.
   *
   * @param meanwhile what the host does while the device computes: it may prepare the next piece.
   *     Where the device fails in it, the account is returned nevertheless; whoever prepares that
   *     piece again learns why
   */
  Steps.Account run(Piece now, Fill fill, Runnable meanwhile) {
    long start = System.nanoTime();
    prepare(now, fill);
    prepared = null;
    last = half - last;
    steps.start();
    int full = Math.min(now.n, data.rows() / plan.batch() - now.from);
    programs.get(0).run(full);
    if (full < now.n) {
      programs.get(1).run(1);
    }
    try {
      meanwhile.run();
    } catch (DeviceException e) {
      prepared = null;
    }
    Steps.Account account = steps.account();
    waited = true;
    piece = adapted(piece, now.n, Math.max(1, System.nanoTime() - start), plan.piece());
    return account;
  }

  /**
   * How many minibatches the next piece has, not changed for little.
   *
   * @param piece how many the last one could have
   * @param n how many it had
   * @param nanos that they took
   * @param most that there is room for
   */
  static int adapted(int piece, int n, long nanos, int most) {
    long fitting = Math.min(n * PIECE_NANOS / nanos, Math.min(GROWTH * piece, most));
    return fitting > piece || nanos > 3 * PIECE_NANOS ? (int) Math.max(1, fitting) : piece;
  }

  /** Sends the rows of a piece to where those of the piece before the last one lay. */
  private void gather(Piece next, int first) {
    int from = next.from * plan.batch();
    int end = (int) Math.min((long) (next.from + next.n) * plan.batch(), data.rows());
    int[] rows = Arrays.copyOfRange(permutation, from, end);
    ByteBuffer ownLabels = ByteBuffer.allocateDirect(ElementType.I32.bytes() * rows.length);
    ownLabels.order(ByteOrder.LITTLE_ENDIAN);
    Arrays.stream(rows).forEach(row -> ownLabels.putInt(data.labels()[row]));
    send(labels.slice(first, rows.length), ownLabels.flip());
    stored.send(rows, first, this::send);
    double[] all = weights;
    if (all != null) {
      double[] some = Arrays.stream(rows).mapToDouble(row -> all[row]).toArray();
      Dataset.Values rounded = Dataset.Values.of(rowWeights.type(), some);
      send(rowWeights.slice(first, rows.length), RowGather.bytes(rounded));
    }
  }

  /** The device may be computing the last piece, but no longer the one before. */
  private void send(Array to, ByteBuffer from) {
    if (half > 0 && waited) {
      device.uploadBeside(to, from);
    } else {
      device.upload(to, from);
    }
  }

  @Override
  public void close() {
    owned.close();
  }
}
