package org.thalweg.device.java;

import org.thalweg.device.Steps;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/** The step table on {@link JavaDevice} with its account: the twin of {@code kernels/steps.cuh}. */
record JavaSteps(Steps table, JavaArray state, JavaArray cells, JavaArray results) {
  boolean halted() {
    return word(Steps.HALTED) != Steps.Halt.RUNNING.code();
  }

  long word(int index) {
    return state.cells()[index];
  }

  /** What this step's gradients are multiplied by, to clip them. */
  double factor() {
    return Double.longBitsToDouble(word(Steps.FACTOR));
  }

  /** The integer in a column of the current minibatch's row. */
  int ofBatch(int column) {
    return (int) cells.cells()[(int) word(Steps.BATCH) * table.columns() + column];
  }

  /** Where a column of the current update's row lies in the cells. */
  int ofUpdate(int column) {
    return (int) word(Steps.UPDATE) * table.columns() + column;
  }

  private void set(int index, double value) {
    state.cells()[index] = Double.doubleToRawLongBits(value);
  }

  /** The end of a step. */
  void advance() {
    if (!halted()) {
      long[] words = state.cells();
      words[Steps.BATCH]++;
      words[Steps.UPDATE] += 1 - words[Steps.SKIPPED];
      words[Steps.SKIPPED] = 0;
      set(Steps.FACTOR, 1);
    }
  }

  /** Adds up the losses and right rows of each model. */
  void tally(JavaArray rowLoss, JavaArray rowCorrect, int rows) {
    if (halted()) {
      return;
    }
    int[] correct = rowCorrect.ints();
    boolean outOfRange = false;
    boolean notFinite = false;
    for (int model = 0; model < table.models(); model++) {
      int from = rowLoss.at() + model * rows;
      double loss =
          rowLoss.type() == ElementType.F32
              ? Exact.sum(rowLoss.floats(), from, rows)
              : Exact.sum(rowLoss.doubles(), from, rows);
      notFinite |= !Double.isFinite(loss);
      int right = 0;
      for (int i = 0; i < rows; i++) {
        int one = correct[rowCorrect.at() + model * rows + i];
        right += one;
        outOfRange |= one < 0;
      }
      int result = Steps.RESULT * ((int) word(Steps.BATCH) * table.models() + model);
      results.doubles()[result] = loss;
      results.doubles()[result + 1] = right;
    }
    if (outOfRange) {
      state.cells()[Steps.HALTED] = Steps.Halt.LABEL_OUT_OF_RANGE.code();
    } else if (notFinite) {
      state.cells()[Steps.HALTED] = Steps.Halt.LOSS_NOT_FINITE.code();
    }
  }

  /**
   * Sets the factor that scales gradients of this norm down to the largest norm, which a column
   * holds.
   */
  void clip(double norm, int column, boolean skipNotFinite) {
    boolean finite = Double.isFinite(norm);
    double most = table.type().ofCell(cells.cells()[ofUpdate(column)]);
    set(Steps.NORM, norm);
    set(Steps.FACTOR, finite && norm > most ? most / norm : 1);
    state.cells()[Steps.SKIPPED] = skipNotFinite && !finite ? 1 : 0;
  }
}
