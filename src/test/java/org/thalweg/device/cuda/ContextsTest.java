package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;

/** A context is current on a thread, and comes to an end with the last device that uses it. */
@Tag("driver")
class ContextsTest {
  @Test
  void aThreadGoesOnToTheNextDevice() throws Exception {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      for (int i = 0; i < 3; i++) {
        double value = i;
        CudaDevice device = TestDevices.openDriver();
        try (Array array = device.allocate(ElementType.F64, 1)) {
          CompletableFuture.runAsync(() -> device.upload(array, value), thread).get();
          assertArrayEquals(new double[] {value}, device.download(array));
        }
        device.close();
      }
    } finally {
      thread.shutdown();
    }
  }

  @Test
  void oneOfTwoIsClosed() {
    CudaDevice first = TestDevices.openDriver();
    try (CudaDevice second = TestDevices.openDriver();
        Array array = second.of(ElementType.F64, 5.0)) {
      first.close();
      assertArrayEquals(new double[] {5}, second.download(array));
    }
  }
}
