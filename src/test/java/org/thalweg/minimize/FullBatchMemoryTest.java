package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.Normalisation;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/** What a full batch needs is known before any of it is taken. */
@Tag("driver")
class FullBatchMemoryTest {
  /** Four bytes a row: the driver hands out no fewer. */
  private static Dataset rows(int rows, boolean floats) {
    return floats
        ? new Dataset(new Dataset.Floats(new float[rows * 4]), new int[rows], 4, 2)
        : new Dataset(new byte[rows * 4], new int[rows], 4, 2, 1);
  }

  /** To the byte, but that an array without elements takes one. */
  @Test
  void theDeviceHandsOutWhatWasPlanned() {
    Assumptions.assumeFalse(TestDevices.GPU, "others may be using a GPU's memory");
    try (Device device = TestDevices.DRIVER.open()) {
      long before = device.available();
      for (Loss loss : Losses.all()) {
        for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
          for (int rows : new int[] {1, 33, 300, ClassifierObjective.BLOCK + 5}) {
            for (boolean floats : new boolean[] {false, true}) {
              Dataset data = rows(rows, floats);
              for (BatchPlan plan : BatchPlan.all(data, loss, type)) {
                try (ClassifierObjective f =
                    new ClassifierObjective(
                        device, data, loss, type, 0, 0, Normalisation.CENTRE.of(data), plan)) {
                  assertEquals(10, f.size());
                  long taken = before - device.available();
                  int empty =
                      (rows > ClassifierObjective.BLOCK ? 0 : 1) // for the sum of a block
                          + (rows > Exact.PRODUCT_CHUNK ? 0 : 1) // and that of a chunk
                          + (loss.twiceDifferentiable() ? 0 : 1);
                  assertEquals(plan.bytes() + empty, taken, rows + " " + loss + plan);
                }
                assertEquals(before, device.available());
              }
            }
          }
        }
      }
    }
  }

  /**
   * The plans from the fastest to the one that takes least. A device on which just that much is
   * free gets each; with a byte less the next one, and with less than the last, or a vector more,
   * nothing is allocated.
   */
  @Test
  void whatFitsIsTaken() {
    Dataset data = rows(5 * ClassifierObjective.BLOCK, false);
    SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
    ElementType type = ElementType.F64;
    List<BatchPlan> plans = BatchPlan.all(data, loss, type);
    assertEquals(4, plans.size());
    try (Device device = TestDevices.JAVA_1.open()) {
      for (int vectors : new int[] {0, 3}) {
        for (BatchPlan plan : plans) {
          long needed = plan.bytes() + BatchPlan.beside(data, type, vectors);
          Device exact = withFree(device, needed, true);
          BatchPlan fastest =
              plans.stream().filter(other -> other.bytes() <= plan.bytes()).findFirst().get();
          assertEquals(fastest, BatchPlan.of(exact, data, loss, type, vectors));
          new ClassifierObjective(exact, data, loss, type, 0, 0, Scaling.of(1), vectors).close();
        }
        long least = plans.stream().mapToLong(BatchPlan::bytes).min().getAsLong();
        long needed = least + BatchPlan.beside(data, type, vectors);
        Device small = withFree(device, needed - 1, false);
        assertRefused(
            () ->
                new ClassifierObjective(small, data, loss, type, 0, 0, Scaling.of(1), vectors)
                    .close());
        Device exact = withFree(device, needed, false);
        assertRefused(() -> ClassifierObjective.checkMemory(exact, data, loss, type, vectors + 1));
      }
    }
  }

  private static void assertRefused(Runnable use) {
    String message = String.valueOf(assertThrows(DeviceException.class, use::run).getMessage());
    assertTrue(
        message.matches(
            "a full batch, sent 128 rows at a time, needs .* kB, .* kB are free on java, 1 thread(,"
                + " Vector API)?; a training by minibatches needs less"),
        message);
  }

  private static Device withFree(Device device, long bytes, boolean allocates) {
    return (Device)
        Proxy.newProxyInstance(
            Device.class.getClassLoader(),
            new Class<?>[] {Device.class},
            (proxy, method, arguments) -> {
              assertTrue(allocates || !method.getName().equals("allocate"));
              return method.getName().equals("available")
                  ? bytes
                  : method.invoke(device, arguments);
            });
  }
}
