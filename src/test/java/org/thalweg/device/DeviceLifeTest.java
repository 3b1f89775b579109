package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Sgd;

/** Runs, halts, threads, and the ends of arrays, programs and devices. */
class DeviceLifeTest {
  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
    }
  }

  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  abstract static class Body extends OnDevice {
    private static final Optimizer ADAM = new Adam(0.1, 0.9, 0.999, 1e-8);
    private static final int ALL = SmallRun.BATCHES;

    private final TestDevices which;

    Body(TestDevices which) {
      super(which);
      this.which = which;
    }

    /** Two passes; the updates are counted on. */
    private static List<double[]> train(Device device, ElementType type, Optimizer rule) {
      try (SmallRun run = new SmallRun(device, type, rule)) {
        run.start(0.1, 1);
        run.program.run(ALL);
        run.start(0.05, 1 + ALL);
        run.program.run(ALL);
        return run.result();
      }
    }

    // ---- Runs.

    @Test
    void sameRunTwiceHasTheSameBits() {
      for (Optimizer rule : Optimizers.all()) {
        for (ElementType type : Values.TYPES) {
          List<double[]> first = train(device, type, rule);
          assertSameBits(rule + " " + type, first, train(device, type, rule));
          assertTwins(rule + " " + type, other -> train(other, type, rule));
        }
      }
    }

    @Test
    void replaySeesWhatTheTableWasRefilledWith() {
      try (SmallRun replayed = new SmallRun(device, ElementType.F32, ADAM);
          SmallRun recorded = new SmallRun(device, ElementType.F32, ADAM)) {
        replayed.start(0, 1);
        replayed.program.run(1);
        List<double[]> still = replayed.result();
        replayed.start(0.5, 1000);
        replayed.program.run(1);
        List<double[]> moved = replayed.result();
        assertFalse(Arrays.equals(still.get(0), moved.get(0)), "the learning rate was not seen");

        recorded.start(0, 1);
        recorded.program.run(1);
        recorded.start(0.5, 1000);
        try (Program again = recorded.record()) {
          again.run(1);
        }
        assertSameBits("recorded again after the refill", recorded.result(), moved);
      }
    }

    @Test
    void replaySeesAnotherT() {
      List<List<double[]>> results = new ArrayList<>();
      for (long t : new long[] {1, 1000}) {
        try (SmallRun run = new SmallRun(device, ElementType.F32, ADAM)) {
          run.start(0.1, 7);
          run.start(0.1, t);
          run.program.run(1);
          results.add(run.result());
        }
      }
      assertSameBits("state", results.get(0).subList(1, 3), results.get(1).subList(1, 3));
      double[] first = results.get(0).get(0);
      assertFalse(Arrays.equals(first, results.get(1).get(0)), "t was not seen");
    }

    @Test
    void programsShareTheCursor() {
      try (SmallRun whole = new SmallRun(device, ElementType.F32, ADAM);
          SmallRun parts = new SmallRun(device, ElementType.F32, ADAM);
          Program other = parts.record()) {
        whole.start(0.1, 1);
        whole.program.run(ALL);
        parts.start(0.1, 1);
        parts.program.run(0);
        parts.program.run(1);
        other.run(2);
        parts.program.run(ALL - 3);
        assertSameBits("in parts", whole.result(), parts.result());
        assertArrayEquals(whole.steps.account().losses(), parts.steps.account().losses());
        assertEquals(ALL, parts.steps.account().batches());
        assertEquals(ALL, parts.steps.account().updates());
        assertEquals(Steps.Halt.RUNNING, parts.steps.account().halt());
      }
    }

    // ---- Copies and memory.

    @Test
    void anyBufferWillDoAndIsFreeOnReturn() {
      for (ByteBuffer buffer : List.of(ByteBuffer.allocate(14), ByteBuffer.allocateDirect(14))) {
        try (Array array = device.allocate(ElementType.I32, 3)) {
          buffer.put(1, new byte[] {1, 0, 0, 0, 0, 2, 0, 0, -1, -1, -1, -1}).position(1);
          device.upload(array, buffer);
          buffer.put(1, new byte[12]);
          device.download(array.slice(1, 2), buffer.position(2));
          assertEquals(2, buffer.position());
          byte[] found = new byte[14];
          buffer.get(0, found);
          assertArrayEquals(new byte[] {0, 0, 0, 2, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0}, found);
        }
      }
    }

    @Test
    void moreMemoryThanThereIs() {
      long free = device.available();
      assertTrue(free > 0);
      try (Device small = which.open()) {
        for (ElementType type : Values.TYPES) {
          long count = small instanceof JavaDevice ? Integer.MAX_VALUE - 8 : 1L << 50;
          if (count * type.bytes() > small.available()) {
            refused(DeviceException.class, () -> small.allocate(type, count), "needs", "free");
          }
        }
      }
    }

    // ---- Halts.

    /**
     * Weights and losses after {@code steps} steps; after the second the weights are set to the
     * largest number.
     */
    private static List<double[]> overflow(Device device, ElementType type, int steps) {
      try (SmallRun run = new SmallRun(device, type, new Sgd(1))) {
        run.start(0.1, 1);
        run.program.run(2);
        double[] most = new double[(int) run.weights.count()];
        Arrays.fill(most, type == ElementType.F32 ? Float.MAX_VALUE : Double.MAX_VALUE);
        device.upload(run.weights, most);
        run.program.run(steps - 2);
        Steps.Account account = run.steps.account();
        boolean halts = steps > 2;
        assertEquals(
            halts ? Steps.Halt.LOSS_NOT_FINITE : Steps.Halt.RUNNING,
            account.halt(),
            () -> "" + type);
        assertEquals(2, account.batches());
        assertEquals(2, account.updates());
        assertEquals(halts ? 3 : 2, account.losses().length);
        assertTrue(Double.isFinite(account.losses()[1]));
        assertEquals(!halts, Double.isFinite(account.losses()[account.losses().length - 1]));
        assertArrayEquals(most, device.download(run.weights), "an update was not skipped");
        return List.of(device.download(run.weights), account.losses());
      }
    }

    @Test
    void lossThatIsNotFiniteHalts() {
      for (ElementType type : Values.TYPES) {
        List<double[]> halted = overflow(device, type, ALL);
        List<double[]> before = overflow(device, type, 2);
        assertSameBits("weights", before.subList(0, 1), halted.subList(0, 1));
        assertTwins("halted", other -> overflow(other, type, ALL));
      }
    }

    @Test
    void labelThatIsNoClassHalts() {
      assertTwins(
          "halted",
          any -> {
            try (SmallRun run = new SmallRun(any, ElementType.F32, ADAM)) {
              int[] labels = new int[(int) run.labels.count()];
              Arrays.fill(labels, SmallRun.CLASSES);
              any.upload(run.labels, labels);
              run.start(0.1, 1);
              List<double[]> before = run.result();
              run.program.run(ALL);
              Steps.Account account = run.steps.account();
              assertEquals(Steps.Halt.LABEL_OUT_OF_RANGE, account.halt());
              assertEquals(0, account.batches());
              assertEquals(0, account.updates());
              assertSameBits("weights", before, run.result());

              // A new start lifts the halt.
              any.upload(run.labels, new int[labels.length]);
              run.start(0.1, 1);
              run.program.run(ALL);
              assertEquals(Steps.Halt.RUNNING, run.steps.account().halt());
              assertEquals(ALL, run.steps.account().updates());
              return run.result();
            }
          });
    }

    // ---- Devices and threads.

    @Test
    void twoDevicesAtOnce() {
      List<double[]> expected = train(device, ElementType.F32, ADAM);
      try (Device second = which.open();
          SmallRun here = new SmallRun(device, ElementType.F32, ADAM);
          SmallRun there = new SmallRun(second, ElementType.F32, ADAM)) {
        for (int pass = 0; pass < 2; pass++) {
          for (SmallRun run : List.of(here, there)) {
            run.start(pass == 0 ? 0.1 : 0.05, 1 + pass * ALL);
          }
          for (int i = 0; i < ALL; i++) {
            here.program.run(1);
            there.program.run(1);
          }
        }
        assertSameBits("here", expected, here.result());
        assertSameBits("there", expected, there.result());
      }
      assertSameBits("after the other was closed", expected, train(device, ElementType.F32, ADAM));
    }

    @Test
    void otherThreads() throws Exception {
      List<double[]> expected = train(device, ElementType.F32, ADAM);
      ExecutorService threads = Executors.newFixedThreadPool(2);
      try (SmallRun run = new SmallRun(device, ElementType.F32, ADAM)) {
        for (int pass = 0; pass < 2; pass++) {
          int p = pass;
          // The two threads of the pool take turns with this one.
          CompletableFuture.runAsync(() -> run.start(p == 0 ? 0.1 : 0.05, 1 + p * ALL), threads)
              .get();
          CompletableFuture.runAsync(() -> run.program.run(1), threads).get();
          run.program.run(ALL - 1);
        }
        assertSameBits("threads", expected, run.result());

        Device made = CompletableFuture.supplyAsync(which::open, threads).get();
        assertSameBits("made elsewhere", expected, train(made, ElementType.F32, ADAM));
        CompletableFuture.runAsync(made::close, threads).get();
        refused(IllegalStateException.class, () -> made.allocate(ElementType.F32, 1), "close");
      } finally {
        threads.shutdown();
      }
    }

    // ---- Closing.

    /** The second time frees nothing: not what has been allocated since, perhaps in its place. */
    @Test
    void closingTwice() {
      List<double[]> expected = train(device, ElementType.F32, ADAM);
      Device own = which.open();
      SmallRun closed = new SmallRun(own, ElementType.F32, ADAM);
      closed.start(0.1, 1);
      closed.program.run(1);
      List<AutoCloseable> parts =
          List.of(closed.program, closed.weights, closed.weights.slice(0, 1), closed.steps, closed);
      closeAll(parts);
      try (SmallRun open = new SmallRun(own, ElementType.F32, ADAM)) {
        open.start(0.1, 1);
        open.program.run(ALL);
        closeAll(parts);
        open.start(0.05, 1 + ALL);
        open.program.run(ALL);
        assertSameBits("after a second close of another", expected, open.result());
      }
      own.close();
      own.close();
      refused(IllegalStateException.class, () -> own.allocate(ElementType.F32, 1), "close");
    }

    private static void closeAll(List<AutoCloseable> parts) {
      for (AutoCloseable part : parts) {
        assertDoesNotThrow(part::close);
      }
    }

    @Test
    void closingWhatAClosedDeviceHasFreed() {
      Device own = which.open();
      SmallRun run = new SmallRun(own, ElementType.F32, ADAM);
      own.close();
      run.close();
    }

    @Test
    void closingASliceDoesNothing() {
      try (Array array = device.of(ElementType.F32, 1, 2, 3)) {
        array.slice(1, 1).close();
        assertArrayEquals(new double[] {2, 3}, device.download(array.slice(1, 2)));
      }
    }

    @Test
    void arraysAfterClose() {
      Array array = device.of(ElementType.F32, 1, 2, 3);
      Array slice = array.slice(1, 2);
      array.close();
      for (Array closed : List.of(array, slice)) {
        String found = closed.count() + " F32";
        refused(IllegalStateException.class, () -> device.download(closed), found, "close");
        refused(
            IllegalStateException.class,
            () -> device.upload(closed, new double[(int) closed.count()]),
            found);
      }
      try (Array out = device.allocate(ElementType.F32, 9)) {
        Product size = Product.of(3, 3, 1);
        refused(
            IllegalStateException.class,
            () -> device.multiply(size, array, array, null, out),
            "3 F32");
      }
    }

    @Test
    void programsAfterClose() {
      try (SmallRun run = new SmallRun(device, ElementType.F32, ADAM)) {
        run.start(0.1, 1);
        run.program.close();
        refused(IllegalStateException.class, () -> run.program.run(1), "close");
      }
    }

    @Test
    void programsWhoseArraysAreClosed() {
      try (SmallRun run = new SmallRun(device, ElementType.F32, ADAM)) {
        run.start(0.1, 1);
        run.weights.close();
        refused(IllegalStateException.class, () -> run.program.run(1), "close");
      }
    }

    @Test
    void moreStepsThanTheTableHas() {
      try (SmallRun run = new SmallRun(device, ElementType.F32, ADAM)) {
        refused(IllegalStateException.class, () -> run.program.run(1), "1 steps", "0 rows");
        run.start(0.1, 1);
        int rows = run.steps.capacity();
        run.program.run(1);
        refused(
            IllegalStateException.class,
            () -> run.program.run(rows),
            rows + " steps",
            rows - 1 + " rows");
        refused(IllegalStateException.class, () -> run.program.run(-1), "-1 steps");
        run.program.run(rows - 1);
        assertEquals(rows, run.steps.account().updates());
      }
    }

    @Test
    void devicesAfterClose() {
      Device own = which.open();
      SmallRun run = new SmallRun(own, ElementType.F32, ADAM);
      Array array = own.of(ElementType.F32, 1);
      Array out = own.of(ElementType.F32, 1);
      own.close();
      List<Executable> uses =
          List.of(
              () -> own.allocate(ElementType.F32, 1),
              () -> own.download(array),
              () -> own.upload(array, 1.0),
              () -> own.tensors(List.of(), 0),
              () -> own.record(run.steps, () -> {}),
              () -> own.multiply(Product.of(1, 1, 1), array, array, null, out),
              () -> run.steps.start(),
              () -> run.program.run(1));
      for (Executable use : uses) {
        refused(IllegalStateException.class, use, "close");
      }
    }
  }
}
