package org.thalweg.train;

import org.thalweg.data.Dataset;
import org.thalweg.device.Device;
import org.thalweg.device.MemoryException;
import org.thalweg.device.Steps;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.Normalisation;
import org.thalweg.model.Scaling;
import org.thalweg.model.StoredRows;
import org.thalweg.numeric.ElementType;

/**
 * The layout of a pass over the rows that fits a device's memory: all rows on the device if there
 * is room, otherwise two pieces of at least one minibatch, of which one is sent while the other is
 * computed, and which take at most half of the room, so that others have some too. Where there is
 * hardly any, one minibatch lies there.
 *
 * @param batch rows of a full minibatch
 * @param columns of the step table, the first one included
 * @param piece the most minibatches of a piece
 * @param held rows that lie on the device at once
 * @param bytes that all this takes there
 */
record MemoryPlan(int batch, int columns, int piece, int held, long bytes) {
  /**
   * The most minibatches of a piece: an epoch of most data sets, so that the host seldom waits for
   * the device, in a step table that is still small.
   */
  private static final int MOST = 1024;

  /** Rows of a minibatch when a model is scored. */
  private static final int SCORE_BATCH = 512;

  private static final int SCORE_COLUMNS = DataPass.FIRST_ROW + 1;

  /**
   * The plan of a training.
   *
   * @param columns of the step table
   * @param scoring bytes that it leaves for scoring
   * @param free bytes
   * @throws MemoryException if there is not enough even for pieces of one minibatch
   */
  static MemoryPlan training(
      Device device, Dataset data, Settings settings, int columns, long scoring, long free) {
    ElementType type = settings.type();
    long weights = (long) data.features() * data.classes();
    long own = LinearClassifier.bytes(type, data.features(), data.classes());
    own += device.tensorBytes(type, settings.optimizer().states(), weights, data.classes());
    boolean scaled = settings.normalisation() != Normalisation.NONE;
    own += scaled ? Scaling.bytes(type, data.features()) : 0;
    MemoryPlan plan = of(data, type, settings.batch(), columns, free - own - scoring);
    MemoryPlan all = new MemoryPlan(plan.batch, columns, plan.piece, plan.held, own + plan.bytes);
    MemoryException.check(
        "training", all.bytes, free, device, MemoryException.Remedy.SMALLER_BATCH);
    MemoryException.check(
        "training and scoring", all.bytes + scoring, free, device, MemoryException.Remedy.NONE);
    return all;
  }

  /** The plan of a pass that scores rows. */
  static MemoryPlan scoring(Device device, Dataset data, ElementType type, long free) {
    MemoryPlan plan = of(data, type, SCORE_BATCH, SCORE_COLUMNS, free);
    MemoryException.check("scoring", plan.bytes, free, device, MemoryException.Remedy.NONE);
    return plan;
  }

  /** The fewest bytes in which rows can be scored. */
  static long leastScoring(Dataset data, ElementType type) {
    int batch = Math.min(SCORE_BATCH, data.rows());
    return Scaling.bytes(type, data.features())
        + bytes(data.weighted(null), type, batch, SCORE_COLUMNS, 1, batch);
  }

  private static MemoryPlan of(Dataset data, ElementType type, int batch, int columns, long room) {
    if (data.rows() == 0) {
      throw new IllegalArgumentException("there are no rows");
    }
    int full = batch == 0 ? data.rows() : Math.min(batch, data.rows());
    int piece = Math.min(MOST, minibatches(data.rows(), full));
    long bytes = bytes(data, type, full, columns, piece, data.rows());
    if (bytes <= room && indexed(data, full, piece, data.rows())) {
      return new MemoryPlan(full, columns, piece, data.rows(), bytes);
    }
    for (; ; piece = (piece + 1) / 2) {
      int held = (int) Math.min(2L * piece * full, data.rows());
      bytes = bytes(data, type, full, columns, piece, held);
      boolean fits = bytes <= room / 2 || (piece == 1 && bytes <= room);
      if (fits && indexed(data, full, piece, held)) {
        return new MemoryPlan(full, columns, piece, held, bytes);
      }
      if (piece == 1) {
        return new MemoryPlan(full, columns, 1, full, bytes(data, type, full, columns, 1, full));
      }
    }
  }

  private static long bytes(
      Dataset data, ElementType type, int batch, int columns, int piece, int held) {
    long weight = data.weights() == null ? 0 : type.bytes();
    StoredRows.Room room = room(data.rows(), batch, piece, held);
    long bytes = StoredRows.bytes(data.values(), data.features(), room, type);
    bytes += held * (weight + 2L * ElementType.I32.bytes()) + Steps.bytes(columns, piece, 1);
    long gathered = StoredRows.gatheredBytes(data.values(), data.features(), type);
    for (int size : minibatchSizes(data.rows(), batch)) {
      bytes += LinearClassifier.minibatchBytes(type, data.classes(), size);
      bytes += size * (gathered + weight);
    }
    return bytes;
  }

  /** Whether an array can hold what is stored for so many rows. */
  private static boolean indexed(Dataset data, int batch, int piece, int held) {
    StoredRows.Room room = room(data.rows(), batch, piece, held);
    return room.most(data.values(), data.features()) <= Dataset.MOST_VALUES;
  }

  /** The room on the device for rows, of so many. */
  StoredRows.Room room(int rows) {
    return room(rows, batch, piece, held);
  }

  private static StoredRows.Room room(int rows, int batch, int piece, int held) {
    boolean halves = held < rows && held >= 2L * piece * batch;
    return new StoredRows.Room(held, halves ? held / 2 : 0);
  }

  /** Whether all rows lie on the device, of so many. */
  boolean resident(int rows) {
    return held >= rows;
  }

  /** How many minibatches a pass over so many rows has. */
  int minibatches(int rows) {
    return minibatches(rows, batch);
  }

  private static int minibatches(int rows, int batch) {
    return (int) (((long) rows + batch - 1) / batch);
  }

  /** Rows of the full minibatch, and of the smaller last one where there is one. */
  int[] minibatchSizes(int rows) {
    return minibatchSizes(rows, batch);
  }

  private static int[] minibatchSizes(int rows, int batch) {
    return rows % batch == 0 ? new int[] {batch} : new int[] {batch, rows % batch};
  }
}
