package org.thalweg.minimize;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.BiConsumer;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.model.Features;
import org.thalweg.model.RowGather;
import org.thalweg.model.Scaling;
import org.thalweg.model.StoredRows;
import org.thalweg.numeric.ElementType;

/**
 * Some rows of a data set that follow one another, on a device and in the type of a model: a window
 * that moves over the data. The rows come from those on the device, as they are stored; where not
 * all lie there, the host sends those of the window whenever it moves.
 */
final class RowWindow implements AutoCloseable {
  private final Device device;
  private final Dataset data;
  private final BatchPlan plan;
  private final StoredRows stored; // all rows, or those of two windows
  private final Array labels; // of the same rows
  private final RowGather gather; // of the rows of the window
  private final Owned owned;
  private Rows window = Rows.NONE;
  private Rows sent = Rows.NONE; // last, where not all rows lie on the device

  /** So many rows from one on, which lie from some place of {@link #stored} on. */
  private record Rows(int from, int n, int at) {
    static final Rows NONE = new Rows(0, 0, 0);

    boolean have(int first, int count) {
      return first >= from && first + count <= from + n;
    }
  }

  /**
   * Allocates its arrays and sends the rows, if all are to lie on the device.
   *
   * @param scaling of the features
   */
  RowWindow(Device device, Dataset data, ElementType type, BatchPlan plan, Scaling scaling) {
    this.device = device;
    this.data = data;
    this.plan = plan;
    int features = data.features();
    StoredRows.Room room = plan.room(data.rows());
    try (Owned opening = new Owned()) {
      stored = opening.add(StoredRows.open(device, data.values(), features, room, type, scaling));
      labels = opening.add(device.allocate(ElementType.I32, room.held()));
      gather = opening.add(new RowGather(device, stored, type, features, plan.most(), scaling));
      if (plan.resident()) {
        stored.send(0, data.rows(), 0, device::upload);
        device.upload(labels, data.labels());
      } else {
        device.download(labels.slice(0, 1)); // what is sent beside work was allocated before it
      }
      if (plan.resident() && stored.usable()) {
        window = new Rows(0, data.rows(), 0);
      }
      owned = opening.keep();
    }
  }

  /**
   * Moves to the n rows from one on, if they are not within it.
   *
   * @param n at most {@link BatchPlan#most}
   */
  void move(int from, int n) {
    if (window.have(from, n)) {
      return;
    }
    Rows rows = plan.resident() ? new Rows(from, n, from) : sent;
    if (!rows.have(from, n)) {
      rows = send(from, n, device::upload);
    }
    window = Rows.NONE;
    gather.move(rows.at, rows.n);
    window = rows;
  }

  /**
   * Sends rows ahead while the device works on those of the window, if they are to be sent. Then
   * waits for that work: nobody sends to where it reads.
   *
   * @param n at most {@link BatchPlan#most}; 0 for none
   */
  void sendAhead(int from, int n) {
    if (!plan.resident()) {
      if (n > 0 && !window.have(from, n)) {
        send(from, n, device::uploadBeside);
      }
      device.download(labels.slice(0, 1));
    }
  }

  /** Sends rows to where those of the window do not lie. */
  private Rows send(int from, int n, BiConsumer<Array, ByteBuffer> upload) {
    int at = plan.most() - window.at;
    sent = Rows.NONE;
    stored.send(from, n, at, upload);
    ByteBuffer own = ByteBuffer.allocateDirect(ElementType.I32.bytes() * n);
    own.order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(data.labels(), from, n);
    upload.accept(labels.slice(at, n), own);
    sent = new Rows(from, n, at);
    return sent;
  }

  /** The features of the n rows from one on, which the window has. */
  Features x(int from, int n) {
    return gather.at(window.at + from - window.from, n);
  }

  /** The labels of the n rows from one on, which the window has. */
  Array labels(int from, int n) {
    return labels.slice(window.at + from - window.from, n);
  }

  @Override
  public void close() {
    owned.close();
  }
}
