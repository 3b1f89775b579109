package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.thalweg.device.TestDevices;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.DriverAccess;

/**
 * Each instruction that the PTX in the tree contains, by itself in a kernel written for it, against
 * what the PTX ISA says, computed in Java without the driver's help. An instruction that no check
 * knows is a failure.
 */
@Tag("driver")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InstructionsTest {
  private CudaDevice device;

  @BeforeAll
  void open() {
    device = TestDevices.openDriver();
  }

  @AfterAll
  void close() {
    device.close();
  }

  @TestFactory
  Stream<DynamicTest> instructions() throws IOException {
    SortedMap<Instruction, String> found = PtxFiles.instructions();
    assertTrue(found.size() > 100, "the PTX was not found, or not understood");
    return found.entrySet().stream()
        .map(
            e ->
                DynamicTest.dynamicTest(
                    e.getKey().toString(), () -> check(e.getKey(), e.getValue())));
  }

  private void check(Instruction instruction, String place) {
    Runnable check = find(instruction);
    if (check == null)
      fail("no check for instruction " + instruction + ", which stands in " + place);
    DriverAccess.makeCurrent(device);
    check.run();
  }

  private static @Nullable Runnable find(Instruction instruction) {
    Runnable check = Elementwise.find(instruction);
    if (check == null) check = MemoryChecks.find(instruction);
    if (check == null) check = AtomicChecks.find(instruction);
    if (check == null) check = WarpChecks.find(instruction);
    if (check == null) check = ControlChecks.find(instruction);
    return check;
  }
}
