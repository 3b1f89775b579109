package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.List;
import jcuda.driver.CUmodule;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;
import org.thalweg.optim.Group;
import org.thalweg.sim.SimCounters;

/** What a replayed step costs the host. */
@Tag("driver")
class ReplayTest {
  /** The software driver's count of the calls into it. */
  private static final String CALLS = "thalweg_sim_calls";

  @Test
  void replayedStepsAreOneDriverCall() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver counts");
    Adam adam = new Adam(0.1, 0.9, 0.999, 1e-8);
    int capacity = 100;
    try (CudaDevice device = TestDevices.openDriver();
        Array w = device.of(ElementType.F32, 1, 2, 3, 4);
        Array g = device.allocate(ElementType.F32, 4);
        Tensors tensors = device.tensors(List.of(new Parameter(w, g, 0)), adam.states());
        Steps steps = new Steps(device, ElementType.F32, Group.columns(adam), capacity, 1);
        Program program =
            device.record(
                steps,
                () -> {
                  device.multiply(Product.of(2, 2, 2), w, w, null, g);
                  device.multiplyTransposed(Product.of(2, 2, 2), w, w, g, null);
                  device.update(adam, tensors, steps, 0);
                })) {
      for (int i = 0; i < capacity; i++) {
        steps.numbers(i, 0, Group.PLAIN.numbers(adam, steps.type(), 0.1, 1 + i, 1));
      }
      steps.start();
      CUmodule module = device.context().module("data", "advance");
      program.run(CudaProgram.SEVERAL); // the first time, a graph of so many steps is made
      int taken = CudaProgram.SEVERAL;
      for (int n : new int[] {0, 1, 10, CudaProgram.SEVERAL, 2 * CudaProgram.SEVERAL + 3}) {
        long before = SimCounters.get(module, CALLS);
        program.run(n);
        // One more makes the context current, once for them all.
        int launches = n / CudaProgram.SEVERAL + n % CudaProgram.SEVERAL;
        assertEquals(launches + 1, SimCounters.get(module, CALLS) - before, n + " replayed steps");
        taken += n;
      }
      assertEquals(taken, steps.account().updates());
      assertFalse(Arrays.equals(new double[] {1, 2, 3, 4}, device.download(w)));
    }
  }
}
