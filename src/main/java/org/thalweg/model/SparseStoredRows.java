package org.thalweg.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.SparseRows;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.device.SparseMatrix;
import org.thalweg.device.Steps;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/** Rows of which only some features are stored; they are scaled when sent. */
final class SparseStoredRows extends StoredRows {
  /** Bytes of a row's range. */
  static final long ROW = 2L * ElementType.I32.bytes();

  private final Device device;
  private final SparseRows rows;
  private final double scale;
  private final SparseMatrix matrix;
  private final Owned owned;

  SparseStoredRows(Device device, SparseRows rows, Room room, ElementType type, Scaling scaling) {
    Require.that(
        scaling.means() == null,
        "sparse rows cannot be centred: what is not stored would no longer be 0");
    Require.that(
        rows.type() == ElementType.F32 || type == ElementType.F64,
        "sparse rows of F64 are for models of F64");
    this.device = device;
    this.rows = rows;
    scale = type.round(scaling.scale());
    long most = room.most(rows, rows.features());
    try (Owned opening = new Owned()) {
      matrix =
          new SparseMatrix(
              opening.add(device.allocate(ElementType.I32, 2L * room.held())),
              opening.add(device.allocate(ElementType.I32, most)),
              opening.add(device.allocate(type, most)),
              rows.features());
      owned = opening.keep();
    }
  }

  @Override
  public void send(int[] some, int at, BiConsumer<Array, ByteBuffer> upload) {
    int place = at == 0 ? 0 : Math.toIntExact(matrix.values().count() / 2);
    for (int from = 0, to; from < some.length; from = to) {
      int stored = 0;
      for (to = from; to < some.length; to++) {
        int more = rows.stored(some[to]);
        if (to > from && stored + more > UPLOAD) {
          break;
        }
        stored += more;
      }
      send(some, from, to, at, place, stored, upload);
      place += stored;
    }
  }

  /** Sends {@code some[from .. to - 1]}, whose features lie from a place on. */
  private void send(
      int[] some,
      int from,
      int to,
      int at,
      int place,
      int stored,
      BiConsumer<Array, ByteBuffer> upload) {
    ElementType type = matrix.values().type();
    ByteBuffer ranges = buffer((to - from) * ROW);
    ByteBuffer columns = buffer((long) stored * ElementType.I32.bytes());
    ByteBuffer values = buffer((long) stored * type.bytes());
    int next = place;
    for (int i = from; i < to; i++) {
      ranges.putInt(next);
      next += rows.stored(some[i]);
      ranges.putInt(next);
      for (int k = rows.starts()[some[i]]; k < rows.starts()[some[i] + 1]; k++) {
        columns.putInt(rows.columns()[k]);
        double scaled = scale * rows.numbers().value(k); // exact in binary64 for binary32
        if (type == ElementType.F32) {
          values.putFloat((float) scaled);
        } else {
          values.putDouble(scaled);
        }
      }
    }
    upload.accept(matrix.ranges().slice(2L * (at + from), 2L * (to - from)), ranges.flip());
    upload.accept(matrix.columns().slice(place, stored), columns.flip());
    upload.accept(matrix.values().slice(place, stored), values.flip());
  }

  private static ByteBuffer buffer(long bytes) {
    return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public boolean usable() {
    return true;
  }

  @Override
  public Features at(int place, int n) {
    return new Features.Sparse(matrix.slice(place, n));
  }

  @Override
  public LinearClassifier.Minibatch minibatch(LinearClassifier model, int size, boolean weighted) {
    return model.minibatch(size, weighted, matrix);
  }

  @Override
  public void gather(
      Array labels,
      Array order,
      Steps steps,
      int firstColumn,
      @Nullable Array affine,
      LinearClassifier.Minibatch to) {
    device.gather(matrix, labels, order, steps, firstColumn, to.x(), to.labels());
  }

  @Override
  public void close() {
    owned.close();
  }
}
