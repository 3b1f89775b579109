package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.Child;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.MemorySize;
import org.thalweg.device.TestDevices;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.Driver;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/** What a training needs is known before any of it is taken. */
@Tag("driver")
class MemoryPlanTest {
  private static final Dataset DIGITS = Digits.load().train();

  private static Settings settings(Optimizer rule, ElementType type, int batch) {
    return Settings.DEFAULT
        .withOptimizer(rule)
        .withType(type)
        .withBatch(batch)
        .withEpochs(1)
        .withL1(1e-3)
        .withProximal(batch == 32);
  }

  /**
   * Exact but for the gaps between states and the room in the kernels' tables, which a bound stands
   * for.
   */
  @Test
  void theDeviceHandsOutWhatWasPlanned() {
    Assumptions.assumeFalse(TestDevices.GPU, "others may be using a GPU's memory");
    try (Device device = TestDevices.DRIVER.open()) {
      long before = device.available();
      for (Optimizer rule : Optimizers.all()) {
        for (ElementType type : List.of(ElementType.F32, ElementType.F64)) {
          for (int batch : new int[] {1, 32, 1437, 5000}) {
            Settings settings = settings(rule, type, batch);
            long planned =
                MemoryPlan.training(
                        device, DIGITS, settings, Trainer.columns(settings), 0, Long.MAX_VALUE)
                    .bytes();
            try (Trainer trainer = new Trainer(device, DIGITS, settings)) {
              assertEquals(2, trainer.model().parameters().size());
              long taken = before - device.available();
              assertTrue(
                  taken <= planned && planned <= taken + 512,
                  () -> settings + ": " + planned + " bytes planned, " + taken + " taken");
            }
            assertEquals(before, device.available());
          }
        }
      }
    }
  }

  @Test
  void bytesForPeople() {
    Map<Long, String> texts =
        Map.of(
            0L,
            "0 bytes",
            999L,
            "999 bytes",
            1000L,
            "1.0 kB",
            999_949L,
            "999.9 kB",
            999_950L,
            "1.0 MB",
            9_120_000_000L,
            "9.1 GB",
            Long.MAX_VALUE,
            "9.2 EB");
    texts.forEach((bytes, text) -> assertEquals(text, MemorySize.text(bytes)));
  }

  /** What {@link #whatDoesNotFit} starts. */
  static final class Small {
    private Small() {}

    private static void refused(Device device, Runnable use) {
      long free = device.available();
      try {
        use.run();
      } catch (DeviceException e) {
        String message = String.valueOf(e.getMessage());
        System.out.println(message.replaceAll(", [^,]* free", ", N free"));
      }
      if (device instanceof CudaDevice && free != device.available()) {
        System.out.println("something was left behind");
      }
    }

    private static int trained(Device device, Settings settings) {
      try (Trainer trainer = new Trainer(device, DIGITS, settings)) {
        trainer.train(epoch -> {});
        return trainer.model().crc32();
      }
    }

    /** What a plan of pieces says, and whether the device hands out that much. */
    private static void streamed(Device device, Settings settings) {
      long before = device.available();
      int columns = Trainer.columns(settings);
      MemoryPlan plan = MemoryPlan.training(device, DIGITS, settings, columns, 0, before);
      try (Trainer trainer = new Trainer(device, DIGITS, settings)) {
        trainer.train(epoch -> {});
        long taken = before - device.available();
        System.out.printf(
            "%d of %d rows, %d minibatches at once: %s%n",
            plan.held(),
            DIGITS.rows(),
            plan.piece(),
            taken <= plan.bytes() && plan.bytes() <= taken + 512 ? "as planned" : taken);
      }
    }

    public static void main(String[] arguments) {
      Optimizer adam = new Adam(0.1, 0.9, 0.999, 1e-8);
      try (Device java = new JavaDevice(1);
          Device sim = new CudaDevice(Driver.SOFTWARE, 0)) {
        for (int i = 0; i < 20; i++) {
          java.allocate(
              ElementType.F64, 1_000_000); // the device does not keep what nobody else does
        }
        refused(java, () -> java.allocate(ElementType.F64, 10_000_000));
        refused(sim, () -> sim.allocate(ElementType.F32, 1_000_000));
        Settings large = settings(adam, ElementType.F32, 1000);
        refused(sim, () -> new Trainer(sim, DIGITS, large).close());
        Settings small = settings(adam, ElementType.F32, 32);
        System.out.println(
            trained(sim, small) == trained(java, small)
                ? "the same, piece by piece"
                : "not the same");
        for (long room : new long[] {100_000, 70_000, 40_000}) {
          try (Array rest = sim.allocate(ElementType.U8, sim.available() - room)) {
            streamed(sim, small);
            assertEquals(100_000 - room, rest.count(), "a streamed training left something");
          }
        }
        System.out.println(sim.available());
        byte[] wide = new byte[3_000_000];
        Dataset data = new Dataset(wide, new int[1], wide.length, 2, 1);
        refused(java, () -> new Trainer(java, data, settings(adam, ElementType.F64, 32)).close());
      }
    }
  }

  @Test
  void whatDoesNotFit() throws Exception {
    String out = Child.run(Small.class, Map.of("THALWEG_SIM_MEMORY", "100000"), "-Xmx40m");
    assertEquals(
        """
        allocating 10,000,000 F64: needs 80.0 MB, N free (java -Xmx sets how much Java may take)
        allocating 1,000,000 F32: needs 4.0 MB, N free: CUDA_ERROR_OUT_OF_MEMORY (out of memory)
        training needs 525.5 kB, N free on sim, Thalweg software driver, compute \
        capability 7.5, 100.0 kB, driver for CUDA 12.0; a smaller batch needs less
        the same, piece by piece
        192 of 1437 rows, 3 minibatches at once: as planned
        128 of 1437 rows, 2 minibatches at once: as planned
        64 of 1437 rows, 1 minibatches at once: as planned
        100000
        training needs 219.0 MB, N free on java, 1 thread; a smaller batch needs less\
        """,
        out);
  }
}
