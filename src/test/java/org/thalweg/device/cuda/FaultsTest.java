package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Random;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.data.Dataset;
import org.thalweg.device.DeviceException;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;
import org.thalweg.sim.SimCounters;
import org.thalweg.sim.TestModule;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/**
 * A whole training, again and again, and each time another one of its driver calls fails: an
 * exception says what was being done, and nothing is left behind.
 */
@Tag("driver")
class FaultsTest {
  private static final String NOTHING = ".visible .entry nothing() { ret; }\n";
  private static final String CALLS = "thalweg_sim_calls";
  private static final String OBJECTS = "thalweg_sim_objects";
  private static final String MESSAGE = "[a-z].*: CUDA_ERROR_[A-Z_]+ \\(.+\\)";

  private static final Dataset DATA = data();
  private static final Settings SETTINGS =
      Settings.DEFAULT.withOptimizer(new Adam(0.1, 0.9, 0.999, 1e-8)).withBatch(2).withEpochs(1);

  private static Dataset data() {
    byte[] pixels = new byte[4 * 2];
    new Random(1).nextBytes(pixels);
    return new Dataset(pixels, new int[] {0, 1, 2, 0}, 2, 3, 1.0 / 255);
  }

  @BeforeAll
  static void onlyHere() {
    Assumptions.assumeFalse(TestDevices.GPU, "a GPU cannot be told to fail");
  }

  /** Returns the checksum of the weights. */
  private static int train(CudaDevice device) {
    try (Trainer trainer = new Trainer(device, DATA, SETTINGS)) {
      trainer.train(epoch -> {});
      return trainer.model().crc32();
    }
  }

  private static int trainOnItsOwnDevice() {
    try (CudaDevice device = TestDevices.openDriver()) {
      return train(device);
    }
  }

  /** A call that fails is told by what was being done; returns the message. */
  private static String fails(String what, Runnable body) {
    try {
      body.run();
    } catch (DeviceException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.matches(MESSAGE), () -> what + ": " + message);
      return message;
    } catch (RuntimeException e) {
      fail(what, e);
    }
    return fail(what + ": nobody has noticed");
  }

  /** The context lives on, so that what is left behind is seen in it. */
  @ParameterizedTest
  @ValueSource(ints = {CUresult.CUDA_ERROR_OUT_OF_MEMORY, CUresult.CUDA_ERROR_UNKNOWN})
  void eachCallOfADevicesLife(int code) {
    try (TestModule keeper = TestModule.of(NOTHING)) {
      trainOnItsOwnDevice();
      long calls = SimCounters.get(keeper.module(), CALLS);
      int expected = trainOnItsOwnDevice();
      calls = SimCounters.get(keeper.module(), CALLS) - calls;
      assertTrue(calls > 100, calls + " calls");
      for (int n = 1; n <= calls; n++) {
        String what = "call " + n + " of " + calls + ", code " + code;
        long before = SimCounters.get(keeper.module(), OBJECTS);
        SimCounters.fail(keeper.module(), "*:" + n + ":" + code);
        String message = fails(what, FaultsTest::trainOnItsOwnDevice);
        SimCounters.fail(keeper.module(), "");
        long left = SimCounters.get(keeper.module(), OBJECTS) - before;
        // What the driver does not take back when the device is closed stays with it.
        int most = message.startsWith("freeing") || message.startsWith("unloading") ? 1 : 0;
        assertTrue(left <= most, () -> what + ", " + message + ": left behind: " + left);
      }
      assertEquals(expected, trainOnItsOwnDevice());
    }
  }

  /** The device is none the worse. */
  @ParameterizedTest
  @ValueSource(ints = {CUresult.CUDA_ERROR_OUT_OF_MEMORY, CUresult.CUDA_ERROR_UNKNOWN})
  void eachCallOfATraining(int code) {
    try (TestModule keeper = TestModule.of(NOTHING)) {
      long before = SimCounters.get(keeper.module(), OBJECTS);
      try (CudaDevice device = TestDevices.openDriver()) {
        int expected = train(device);
        long calls = SimCounters.get(keeper.module(), CALLS);
        train(device);
        calls = SimCounters.get(keeper.module(), CALLS) - calls;
        for (int n = 1; n <= calls; n++) {
          String what = "call " + n + " of " + calls + ", code " + code;
          long free = device.available();
          SimCounters.fail(keeper.module(), "*:" + n + ":" + code);
          String message = fails(what, () -> train(device));
          SimCounters.fail(keeper.module(), "");
          if (!message.startsWith("freeing")) { // or it is kept until the device is closed
            assertEquals(free, device.available(), () -> what + ", " + message);
          }
          if (n % 10 == 0) {
            assertEquals(expected, train(device), what);
          }
        }
      }
      assertEquals(before, SimCounters.get(keeper.module(), OBJECTS));
    }
  }

  /**
   * A context that is lost: everything is refused until it has ended, and the next one is sound.
   */
  @Test
  void eachCallThatLosesTheContext() {
    int expected = trainOnItsOwnDevice();
    long calls;
    try (TestModule keeper = TestModule.of(NOTHING)) {
      calls = SimCounters.get(keeper.module(), CALLS);
      trainOnItsOwnDevice();
      calls = SimCounters.get(keeper.module(), CALLS) - calls;
    }
    for (int n = 1; n <= calls; n++) {
      String what = "call " + n + " of " + calls;
      TestModule keeper = TestModule.of(NOTHING);
      SimCounters.fail(keeper.module(), "*:" + n + ":" + CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
      fails(what, FaultsTest::trainOnItsOwnDevice);
      // Also where it was the call that was to end the context.
      assertEquals(0, JCudaDriver.cuDevicePrimaryCtxReset(new CUdevice()), what);
      try (CudaDevice device = TestDevices.openDriver()) {
        device.upload(device.allocate(ElementType.F32, 1), 1.0);
      }
    }
    assertEquals(expected, trainOnItsOwnDevice());
  }
}
