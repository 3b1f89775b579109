package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.thalweg.device.DeviceException;
import org.thalweg.device.TestDevices;
import org.thalweg.sim.SimCounters;

/** Drivers and GPUs that are too old are refused, and those that are not are not. */
@Tag("driver")
class OldDriversTest {
  @ParameterizedTest
  @CsvSource({
    "version, 11080, supports CUDA 11.8",
    "version, 11999, '12.0 (R525) or newer is needed'",
    "version, 12000, ''",
    "version, 13020, ''",
    "capability, 61, compute capability 6.1",
    "capability, 70, 'too old: the kernels need 7.5 (Turing) or newer'",
    "capability, 75, ''",
    "capability, 90, ''",
    "capability, 120, ''"
  })
  void sayWhatIsNeeded(String what, long value, String message) {
    Assumptions.assumeFalse(TestDevices.GPU, "a GPU is as old as it is");
    try (CudaDevice keeper = TestDevices.openDriver()) {
      SimCounters.set(keeper.context().module("data", "advance"), "thalweg_sim_" + what, value);
      long before =
          SimCounters.get(keeper.context().module("data", "advance"), "thalweg_sim_objects");
      if (message.isEmpty()) {
        TestDevices.openDriver().close();
      } else {
        DeviceException e = assertThrows(DeviceException.class, TestDevices::openDriver);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
      }
      assertEquals(
          before,
          SimCounters.get(keeper.context().module("data", "advance"), "thalweg_sim_objects"));
    }
  }
}
