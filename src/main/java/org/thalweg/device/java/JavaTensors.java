package org.thalweg.device.java;

import java.util.List;
import org.thalweg.device.Array;
import org.thalweg.device.Parameter;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Rounding;

/** The tensors of {@link JavaDevice} that are updated together. */
record JavaTensors(
    JavaDevice device, List<Parameter> parameters, int states, List<JavaTensor> tensors)
    implements Tensors {
  @Override
  public Array state(int tensor, int k) {
    return tensors.get(tensor).states().get(k);
  }

  @Override
  public Array master(int tensor) {
    return tensors.get(tensor).master();
  }

  /** The joint norm of all gradients. */
  double gradientNorm(Workers workers) {
    double[] sums = new double[tensors.size()];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = JavaVectors.squares(workers, tensors.get(i).gradient());
    }
    return Math.sqrt(Exact.sum(sums, 0, sums.length));
  }

  /**
   * An update with the numbers of the current row from a column on.
   *
   * @param vectorsFrom the number of fma from which on the Vector API is worth it
   */
  Runnable update(Optimizer rule, Workers workers, long vectorsFrom, JavaSteps steps, int column) {
    List<JavaUpdate> updates =
        tensors.stream().map(tensor -> JavaUpdate.of(rule, tensor, vectorsFrom)).toList();
    boolean looksAhead = rule.lookAhead() != null;
    return () -> {
      boolean idle = steps.halted() || steps.word(Steps.SKIPPED) != 0;
      if (idle && !looksAhead) {
        return;
      }
      long[] cells = steps.cells().cells();
      int at = steps.ofUpdate(column);
      for (int i = 0; i < updates.size(); i++) {
        JavaTensor tensor = tensors.get(i);
        boolean rounded = tensor.value().type() == ElementType.BF16;
        if (idle) {
          tensor.goBack();
        } else {
          int first = at + (rounded ? Rounding.COLUMNS : 0);
          updates.get(i).run(workers, cells, first, steps.factor());
        }
        if (rounded) {
          tensor.round(workers, cells[at], i);
        }
      }
    };
  }

  @Override
  public void close() {
    tensors.forEach(JavaTensor::close);
  }
}
