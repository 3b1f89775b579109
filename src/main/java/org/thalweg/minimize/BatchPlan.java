package org.thalweg.minimize;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.thalweg.data.Dataset;
import org.thalweg.device.Device;
import org.thalweg.device.MemoryException;
import org.thalweg.loss.Loss;
import org.thalweg.model.RowGather;
import org.thalweg.model.StoredRows;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * The layout of a full batch that fits a device's memory. All rows lie on the device as they are
 * stored, if there is room, and are worked on in blocks of {@link ClassifierObjective#BLOCK} rows,
 * or, with less room, of a product's chunk, {@link Exact#PRODUCT_CHUNK} rows. Otherwise those of
 * two blocks, or two chunks, have room there, of which one is sent while the other is worked on.
 *
 * @param resident whether all rows lie on the device
 * @param most rows that are worked on at once
 * @param bytes that the objective takes on the device, at most: with rows that are shifted
 */
record BatchPlan(boolean resident, int most, long bytes) {
  /**
   * The fastest plan that fits.
   *
   * @param vectors how many as long as the objective's argument are to lie beside it
   * @throws MemoryException if no plan fits
   */
  static BatchPlan of(Device device, Dataset data, Loss loss, ElementType type, int vectors) {
    long free = device.available() - beside(data, type, vectors);
    for (BatchPlan plan : all(data, loss, type)) {
      if (plan.bytes <= free
          && plan.room(data.rows()).most(data.values(), data.features()) <= Dataset.MOST_VALUES
          && (long) plan.most * data.classes() <= Dataset.MOST_VALUES) {
        return plan;
      }
    }
    BatchPlan least = least(data, loss, type);
    MemoryException.check(
        least.resident
            ? "a full batch"
            : "a full batch, sent %d rows at a time,".formatted(least.most),
        least.bytes + beside(data, type, vectors),
        device.available(),
        device,
        MemoryException.Remedy.MINIBATCHES);
    return least;
  }

  /** All plans, from the fastest on. */
  static List<BatchPlan> all(Dataset data, Loss loss, ElementType type) {
    int block = Math.min(data.rows(), ClassifierObjective.BLOCK);
    int chunk = Math.min(data.rows(), Exact.PRODUCT_CHUNK);
    return List.of(
        of(true, block, data, loss, type),
        of(true, chunk, data, loss, type),
        of(false, block, data, loss, type),
        of(false, chunk, data, loss, type));
  }

  /** The plan that takes least. */
  static BatchPlan least(Dataset data, Loss loss, ElementType type) {
    return Collections.min(all(data, loss, type), Comparator.comparingLong(BatchPlan::bytes));
  }

  private static BatchPlan of(
      boolean resident, int most, Dataset data, Loss loss, ElementType type) {
    int rows = data.rows();
    int features = data.features();
    int classes = data.classes();
    int block = Math.min(rows, ClassifierObjective.BLOCK);
    long weights = (long) features * classes;
    long numbers = (long) most * classes * (loss.twiceDifferentiable() ? 2 : 1);
    numbers += 2L * block + (rows > block ? weights + classes : 0);
    numbers += rows > Exact.PRODUCT_CHUNK ? weights + classes : 0;
    numbers += data.weights() == null ? 0 : rows;
    long sums = Device.dotRoom(weights) + blocks(rows) * Device.dotRoom(block);
    BatchPlan plan = new BatchPlan(resident, most, 0);
    StoredRows.Room room = plan.room(rows);
    return new BatchPlan(
        resident,
        most,
        numbers * type.bytes()
            + sums * ElementType.F64.bytes()
            + ((long) room.held() + most) * ElementType.I32.bytes()
            + StoredRows.bytes(data.values(), features, room, type)
            + RowGather.bytes(data.values(), type, features, most));
  }

  /** Bytes of vectors and of what their sums need. */
  static long beside(Dataset data, ElementType type, int vectors) {
    long size = (data.features() + 1L) * data.classes();
    return vectors * size * type.bytes() + Device.dotRoom(size) * ElementType.F64.bytes();
  }

  /** The room on the device for rows as they are stored, of so many. */
  StoredRows.Room room(int rows) {
    return resident ? new StoredRows.Room(rows, 0) : new StoredRows.Room(2 * most, most);
  }

  /** Blocks of so many rows. */
  static int blocks(int rows) {
    return (rows - 1) / ClassifierObjective.BLOCK + 1;
  }
}
