package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import jcuda.driver.CUmodule;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.device.DeviceException;
import org.thalweg.device.TestDevices;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.DriverAccess;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.LinearClassifier;
import org.thalweg.numeric.ElementType;
import org.thalweg.sim.SimCounters;

/** How often the host waits for the device: each wait leaves the GPU without work. */
@Tag("driver")
class SynchronisationsTest {
  private static final int MINIBATCHES = 469; // 60,000 rows in minibatches of 128
  private static final int BATCH = 4;

  /** Every call of the driver that waits, or may: copies that are not of page-locked memory do. */
  private static final List<String> OTHERS =
      List.of("cuStreamSynchronize", "cuCtxSynchronize", "cuMemcpyHtoD", "cuMemcpyDtoH");

  /** For a block that is in use, for the state, and for the results. */
  @Test
  void anEpochWaitsThreeTimes() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver fails when asked to");
    int rows = MINIBATCHES * BATCH;
    float[] x = new float[3 * rows];
    Random random = new Random(1);
    IntStream.range(0, x.length).forEach(i -> x[i] = random.nextFloat());
    int[] labels = IntStream.range(0, rows).map(i -> i % 2).toArray();
    Dataset data = new Dataset(new Dataset.Floats(x), labels, 3, 2);
    MemoryPlan plan = new MemoryPlan(BATCH, DataPass.FIRST_ROW + 1, MINIBATCHES, true, 0);
    try (CudaDevice device = TestDevices.openDriver();
        LinearClassifier model = new LinearClassifier(device, ElementType.F32, 3, 2);
        DataPass pass =
            new DataPass(
                device,
                data,
                1,
                model,
                plan,
                null,
                (minibatch, steps) -> {
                  minibatch.forward(new SoftmaxCrossEntropy());
                  device.tally(minibatch.rowLoss(), minibatch.rowCorrect(), steps);
                })) {
      Runnable epoch =
          () -> {
            pass.order(IntStream.range(0, rows).toArray());
            long done = pass.run(0, MINIBATCHES, (steps, row, minibatch) -> {}, () -> {}).batches();
            assertEquals(MINIBATCHES, done);
          };
      epoch.run(); // the first one allocates and makes graphs
      CUmodule module = DriverAccess.module(device);
      for (String name : OTHERS) {
        SimCounters.fail(module, name + ":1:2");
        epoch.run();
      }
      SimCounters.fail(module, "cuEventSynchronize:4:2");
      epoch.run();
      SimCounters.fail(module, "cuEventSynchronize:3:2");
      assertThrows(DeviceException.class, epoch::run);
      SimCounters.fail(module, "");
    }
  }
}
