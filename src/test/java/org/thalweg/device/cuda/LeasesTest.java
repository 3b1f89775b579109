package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
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

/** What nobody can reach any more is freed, and the log says so. */
@Tag("driver")
class LeasesTest {
  private static final Adam ADAM = new Adam(0.5, 0.9, 0.999, 1e-8);

  private static final Logger LOGGER = Logger.getLogger(Leases.class.getName());

  private final List<String> log = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord message) {
          log.add(MessageFormat.format(message.getMessage(), message.getParameters()));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private CudaDevice device;
  private long before;

  @BeforeAll
  static void onlyHere() {
    Assumptions.assumeFalse(TestDevices.GPU, "others may be using a GPU's memory");
  }

  @BeforeEach
  void open() {
    LOGGER.setUseParentHandlers(false);
    LOGGER.addHandler(handler);
    device = TestDevices.openDriver();
    before = device.available();
  }

  @AfterEach
  void close() {
    device.close();
    LOGGER.removeHandler(handler);
    LOGGER.setUseParentHandlers(true);
  }

  /** Waits until all is freed that has been allocated since the beginning. */
  private void assertFreed(String... lines) throws Exception {
    for (int i = 0; i < 500 && device.available() != before; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertEquals(before, device.available());
    assertEquals(List.of(lines).stream().sorted().toList(), log.stream().sorted().toList());
  }

  /** Long enough for the cleaner to find what there is. */
  private void collect() throws Exception {
    for (int i = 0; i < 5; i++) {
      System.gc();
      Thread.sleep(10);
    }
    device.allocate(ElementType.U8, 0).close();
  }

  @Test
  void whatIsClosedIsNotLogged() throws Exception {
    device.of(ElementType.F32, 1, 2, 3).close();
    collect();
    assertFreed();
  }

  @Test
  void anArray() throws Exception {
    device.allocate(ElementType.F32, 1000);
    device.of(1, 2, 3);
    assertFreed("an array of 1000 F32 was never closed", "an array of 3 I32 was never closed");
  }

  private Array slice() {
    return device.of(ElementType.F32, 1, 2, 3).slice(1, 2).slice(1, 1);
  }

  @Test
  void aSliceKeepsItsArray() throws Exception {
    Array slice = slice();
    collect();
    assertArrayEquals(new double[] {3}, device.download(slice));
    slice = null;
    assertFreed("an array of 3 F32 was never closed");
  }

  /** With a step table of its own, which is all that the caller keeps. */
  private record Recorded(Program program, Steps steps) {}

  private Recorded program() {
    Array w = device.of(ElementType.F32, 1, 2, 3, 4);
    Array g = device.allocate(ElementType.F32, 4);
    Tensors tensors = device.tensors(List.of(new Parameter(w, g, 0)), ADAM.states());
    Steps steps = new Steps(device, ElementType.F32, Group.columns(ADAM), 1, 1);
    Program program =
        device.record(
            steps,
            () -> {
              device.multiply(Product.of(2, 2, 2), w, w, null, g);
              device.update(ADAM, tensors, steps, 0);
            });
    return new Recorded(program, steps);
  }

  @Test
  void aProgramKeepsWhatItUses() throws Exception {
    Recorded recorded = program();
    collect();
    recorded.steps().numbers(0, 0, Group.PLAIN.numbers(ADAM, ElementType.F32, 0.1, 1, 1));
    recorded.steps().start();
    recorded.program().run(1); // the software driver would find memory that is freed
    assertEquals(1, recorded.steps().account().updates());
    recorded = null;
    assertFreed(
        "a program of multiply_f32(1), adam_f32(1) was never closed",
        "an array of 4 F32 was never closed",
        "an array of 4 F32 was never closed",
        "an array of 8 F32 was never closed",
        "an array of 10 CELL was never closed",
        "an array of 1 I32 was never closed",
        "an array of 1 I32 was never closed",
        "an array of 2 F64 was never closed",
        "an array of 10 CELL was never closed",
        "an array of 7 CELL was never closed",
        "an array of 2 F64 was never closed");
  }

  private Tensors tensors() {
    Array w = device.of(ElementType.F32, 1, 2, 3, 4);
    return device.tensors(List.of(new Parameter(w, device.of(ElementType.F32, 5, 6, 7, 8), 0)), 2);
  }

  @Test
  void tensorsKeepTheirParameters() throws Exception {
    Tensors tensors = tensors();
    collect();
    Parameter parameter = tensors.parameters().get(0);
    assertArrayEquals(new double[] {1, 2, 3, 4}, device.download(parameter.value()));
    assertArrayEquals(new double[] {5, 6, 7, 8}, device.download(parameter.gradient()));
    parameter = null;
    tensors.close();
    tensors = null;
    assertFreed("an array of 4 F32 was never closed", "an array of 4 F32 was never closed");
  }

  /** The device closes what is open without a word. */
  @Test
  void theDeviceClosesTheRest() throws Exception {
    Array array = device.of(ElementType.F32, 1);
    device.close();
    assertEquals(List.of(), log);
    array.close();
    assertTrue(array.count() == 1);
    device = TestDevices.openDriver();
    assertFreed();
  }
}
