package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.thalweg.Child;
import org.thalweg.data.Digits;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/**
 * Two of the driver's devices at once, in a process of its own, since a driver counts its devices
 * once.
 */
@Tag("driver")
class TwoDevicesTest {
  /** Trains on both at the same time. */
  static final class Both {
    private Both() {}

    private static int train(Device device) {
      Settings settings = Settings.DEFAULT.withEpochs(2);
      try (Trainer trainer = new Trainer(device, Digits.load().train(), settings)) {
        trainer.train(epoch -> {});
        return trainer.model().crc32();
      }
    }

    public static void main(String[] arguments) {
      System.out.println(CudaDevice.count(Driver.SOFTWARE) + " devices");
      try (Device java = new JavaDevice(1);
          CudaDevice first = new CudaDevice(Driver.SOFTWARE, 0);
          CudaDevice second = new CudaDevice(Driver.SOFTWARE, 1);
          Array array = first.allocate(ElementType.F32, 1)) {
        CompletableFuture<Integer> other = CompletableFuture.supplyAsync(() -> train(second));
        System.out.println(train(first) == train(java) ? "same weights" : "other weights");
        System.out.println(other.join() == train(java) ? "same weights" : "other weights");
        second.download(array);
      } catch (IllegalArgumentException e) {
        System.out.println(e.getMessage());
      }
      try (CudaDevice third = new CudaDevice(Driver.SOFTWARE, 2)) {
        System.out.println(third.description());
      } catch (DeviceException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  /** As they are, with the streams' work done late, and without memory pools. */
  @ParameterizedTest
  @CsvSource({"UNUSED, 0", "THALWEG_SIM_LATE, 1", "THALWEG_SIM_POOLS, 0"})
  void trainAtTheSameTime(String variable, String value) throws Exception {
    assertEquals(
        """
        2 devices
        same weights
        same weights
        an array of another device
        there is no device 2: the driver has 2\
        """,
        Child.run(Both.class, Map.of("THALWEG_SIM_DEVICES", "2", variable, value)));
  }
}
