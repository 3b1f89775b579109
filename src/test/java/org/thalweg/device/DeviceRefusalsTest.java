package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Sgd;

/** What a device refuses: arrays of another, sizes and types that do not fit, overlaps. */
class DeviceRefusalsTest {
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

    @Test
    void arraysOfAnotherDevice() {
      for (TestDevices other : new TestDevices[] {which, TestDevices.JAVA_1}) {
        try (Device second = other.open();
            Steps steps = new Steps(device, ElementType.F32, 5, 1, 1);
            Steps foreignSteps = new Steps(second, ElementType.F32, 5, 1, 1);
            Array one = device.of(ElementType.F32, 1);
            Array two = device.of(ElementType.F32, 1);
            Array out = device.of(ElementType.F32, 1);
            Array label = device.of(0);
            Array count = device.of(0);
            Array ofOne = device.of(0, 1);
            Array range = device.of(0, 0);
            Array foreignRange = second.of(0, 1);
            Array pixel = device.allocate(ElementType.U8, 1);
            Array foreign = second.of(ElementType.F32, 1);
            Array foreignOther = second.of(ElementType.F32, 1);
            Array foreignLabel = second.of(0);
            Array sum = device.allocate(ElementType.F64, Device.dotRoom(1));
            Array foreignSum = second.allocate(ElementType.F64, Device.dotRoom(1));
            Array foreignPixel = second.allocate(ElementType.U8, 1)) {
          Product size = Product.of(1, 1, 1);
          SparseMatrix sparse = new SparseMatrix(ofOne, label, one, 1);
          SparseMatrix foreignRanges = new SparseMatrix(foreignRange, label, one, 1);
          SparseMatrix foreignColumns = new SparseMatrix(ofOne, foreignLabel, one, 1);
          SparseMatrix foreignValues = new SparseMatrix(ofOne, label, foreign, 1);
          SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
          Rows rows = new Rows(pixel, label, 1, 1);
          Parameter parameter = new Parameter(one, two, 0);
          Sgd sgd = new Sgd(1);
          Tensors tensors = device.tensors(List.of(parameter), 0);
          Tensors foreignTensors =
              second.tensors(List.of(new Parameter(foreign, foreignOther, 0)), 0);
          List<Runnable> uses =
              List.of(
                  () -> device.multiply(size, foreign, two, null, out),
                  () -> device.multiply(size, one, foreign, null, out),
                  () -> device.multiply(size, one, two, foreign, out),
                  () -> device.multiply(size, one, two, null, foreign),
                  () -> device.multiplyTransposed(size, foreign, two, out, null),
                  () -> device.multiplyTransposed(size, one, two, out, foreign),
                  () -> device.multiplyByTransposed(size, foreign, two, out),
                  () -> device.multiplyByTransposed(size, one, foreign, out),
                  () -> device.multiplyByTransposed(size, one, two, foreign),
                  () -> device.loss(loss, foreign, label, 1, one, two, count),
                  () -> device.loss(loss, one, foreignLabel, 1, one, two, count),
                  () -> device.loss(loss, one, label, 1, foreign, two, count),
                  () -> device.loss(loss, one, label, 1, one, foreign, count),
                  () -> device.loss(loss, one, label, 1, one, two, foreignLabel),
                  () -> device.tally(foreign, count, steps),
                  () -> device.tally(one, foreignLabel, steps),
                  () -> device.tally(one, count, foreignSteps),
                  () -> device.gather(rows, foreignLabel, steps, 0, one, label),
                  () -> device.gather(rows, label, foreignSteps, 0, one, label),
                  () -> device.gather(rows, label, steps, 0, foreign, label),
                  () -> device.gather(rows, label, steps, 0, one, foreignLabel),
                  () ->
                      device.gather(
                          new Rows(foreignPixel, label, 1, 1), label, steps, 0, one, label),
                  () ->
                      device.gather(
                          new Rows(pixel, foreignLabel, 1, 1), label, steps, 0, one, label),
                  () -> device.multiply(size, sparse, foreign, null, out),
                  () -> device.multiply(size, sparse, two, foreign, out),
                  () -> device.multiply(size, sparse, two, null, foreign),
                  () -> device.multiply(size, foreignRanges, two, null, out),
                  () -> device.multiply(size, foreignColumns, two, null, out),
                  () -> device.multiply(size, foreignValues, two, null, out),
                  () -> device.multiplyTransposed(size, sparse, foreign, out, null),
                  () -> device.multiplyTransposed(size, sparse, two, foreign, null),
                  () -> device.multiplyTransposed(size, sparse, two, out, foreign),
                  () -> device.multiplyTransposed(size, foreignRanges, two, out, null),
                  () -> device.gather(foreignRanges, label, label, steps, 0, range, count),
                  () -> device.gather(sparse, foreignLabel, label, steps, 0, range, count),
                  () -> device.gather(sparse, label, foreignLabel, steps, 0, range, count),
                  () -> device.gather(sparse, label, label, foreignSteps, 0, range, count),
                  () -> device.gather(sparse, label, label, steps, 0, foreignRange, count),
                  () -> device.gather(sparse, label, label, steps, 0, range, foreignLabel),
                  () -> device.lossHessian(loss, foreign, label, 1, 1, one, two),
                  () -> device.lossHessian(loss, one, foreignLabel, 1, 1, two, out),
                  () -> device.lossHessian(loss, one, label, 1, 1, foreign, out),
                  () -> device.lossHessian(loss, one, label, 1, 1, two, foreign),
                  () -> device.dot(foreign, one, sum),
                  () -> device.dot(one, foreign, sum),
                  () -> device.dot(one, two, foreignSum),
                  () -> device.norm(Norm.TWO, foreign, sum),
                  () -> device.norm(Norm.ONE, one, foreignSum),
                  () -> device.axpy(1, foreign, one),
                  () -> device.axpy(1, one, foreign),
                  () -> device.axpySign(1, foreign, one),
                  () -> device.axpySign(1, one, foreign),
                  () -> device.scale(2, foreign),
                  () -> device.copy(foreign, one),
                  () -> device.copy(one, foreign),
                  () -> device.clip(foreignTensors, steps, 0, false),
                  () -> device.clip(tensors, foreignSteps, 0, false),
                  () -> device.update(sgd, foreignTensors, steps, 0),
                  () -> device.update(sgd, tensors, foreignSteps, 0));
          for (int i = 0; i < uses.size(); i++) {
            Runnable use = uses.get(i);
            String what = "use " + i;
            // At the door: when it is recorded, not when it is run.
            assertThrows(IllegalArgumentException.class, use::run, what);
            assertThrows(
                IllegalArgumentException.class, () -> device.record(steps, use).close(), what);
          }
          List<Executable> others =
              List.of(
                  () -> device.download(foreign),
                  () -> device.upload(foreign, 1.0),
                  () -> device.uploadBeside(foreign, ByteBuffer.allocate(4)),
                  () -> device.tensors(List.of(new Parameter(foreign, one, 0)), 0),
                  () -> device.tensors(List.of(new Parameter(one, foreign, 0)), 0),
                  () -> device.record(foreignSteps, () -> {}).close());
          for (Executable use : others) {
            refused(IllegalArgumentException.class, use, "another device");
          }
          tensors.close();
          foreignTensors.close();
        }
      }
    }

    @Test
    void sizesAndTypesThatDoNotFit() {
      try (Steps steps = new Steps(device, ElementType.F32, 4, 1, 2);
          Array three = device.of(ElementType.F32, 1, 2, 3);
          Array other = device.of(ElementType.F32, 1, 2, 3);
          Array four = device.of(ElementType.F32, 1, 2, 3, 4);
          Array wide = device.of(ElementType.F64, 1, 2, 3);
          Array ints = device.of(0, 1, 2);
          Array one = device.of(0);
          Array two = device.of(0, 1);
          Array none = device.of(new int[0]);
          Array bytes = device.allocate(ElementType.U8, 3)) {
        Product row = Product.of(1, 3, 1);
        SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
        Rows rows = new Rows(bytes, ints, 1, 1);
        Parameter parameter = new Parameter(three, other, 0);
        Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
        ByteBuffer small = ByteBuffer.allocateDirect(11);
        ByteBuffer heap = ByteBuffer.allocate(11);

        refused(wrong, () -> device.allocate(ElementType.F32, -1), "-1");
        refused(wrong, () -> device.upload(three, small), "12 bytes", "11");
        refused(wrong, () -> device.uploadBeside(three, small), "12 bytes", "11");
        refused(wrong, () -> device.download(three, heap), "12 bytes", "11");
        refused(wrong, () -> device.upload(three, 1.0, 2.0), "3", "2");
        refused(wrong, () -> device.upload(three, 1.0), "3", "1");
        refused(wrong, () -> device.upload(ints, 1), "3", "1");
        refused(wrong, () -> device.upload(wide, 1.0, 2.0, 3.0, 4.0), "3", "4");
        refused(wrong, () -> device.upload(four, new int[4]), "I32", "F32");
        assertThrows(IndexOutOfBoundsException.class, () -> three.slice(1, 3));
        assertThrows(IndexOutOfBoundsException.class, () -> three.slice(-1, 1));

        refused(wrong, () -> Product.of(-1, 1, 1), "-1");
        refused(wrong, () -> device.multiply(row, three, three, null, three), "left", "1", "3");
        refused(
            wrong,
            () -> device.multiply(row, three.slice(0, 1), four, null, three),
            "right",
            "3",
            "4");
        refused(
            wrong,
            () -> device.multiply(row, three.slice(0, 1), three, null, four),
            "product",
            "3",
            "4");
        refused(wrong, () -> device.multiply(row, three.slice(0, 1), three, four, three), "3", "4");
        refused(
            wrong, () -> device.multiply(row, three.slice(0, 1), wide, null, three), "F32", "F64");

        SparseMatrix sparse = new SparseMatrix(two, one, three.slice(0, 1), 3);
        Product of = Product.of(1, 1, 3);
        Array x = four.slice(0, 1);
        refused(wrong, () -> new SparseMatrix(ints, one, x, 3), "3", "pairs");
        refused(wrong, () -> new SparseMatrix(two, ints, x, 3), "1", "3");
        refused(wrong, () -> new SparseMatrix(three, one, x, 3), "I32", "F32");
        refused(wrong, () -> new SparseMatrix(two, x, x, 3), "I32", "F32");
        refused(wrong, () -> new SparseMatrix(two, one, one, 3), "I32");
        refused(wrong, () -> new SparseMatrix(two, one, x, -1), "-1");
        refused(
            wrong, () -> device.multiply(row, sparse, three, null, other), "[1 × 1]", "[1 × 3]");
        refused(wrong, () -> device.multiply(of, sparse, four, null, x), "right", "3", "4");
        refused(wrong, () -> device.multiply(of, sparse, other, null, four), "product", "1", "4");
        refused(wrong, () -> device.multiply(of, sparse, other, four, x), "row vector", "1", "4");
        refused(wrong, () -> device.multiply(of, sparse, wide, null, x), "F32", "F64");
        refused(wrong, () -> device.multiply(of, sparse, three, null, sparse.values()), "product");
        refused(
            wrong,
            () -> device.multiply(new Product(2, false, 1, 1, 3), sparse, three, null, x),
            "share");
        refused(
            wrong,
            () -> device.multiplyTransposed(of, sparse, other, x, null),
            "[3 × 1]",
            "[1 × 3]");
        refused(
            wrong, () -> device.gather(sparse, ints, ints, steps, 0, two, one), "labels", "1", "3");
        refused(
            wrong, () -> device.gather(sparse, one, ints, steps, 0, ints, one), "ranges", "2", "3");
        refused(
            wrong, () -> device.gather(sparse, one, ints, steps, 0, two, one), "ranges", "read");
        assertThrows(
            IndexOutOfBoundsException.class,
            () -> device.gather(sparse, one, ints, steps, 4, ints.slice(0, 2), one));

        refused(wrong, () -> device.loss(loss, four, ints, 1, four, three, ints), "4", "3");
        refused(wrong, () -> device.loss(loss, three, ints, 1, four, three, ints), "3", "4");
        refused(wrong, () -> device.loss(loss, three, none, 1, three, three, ints), "0", "3");
        refused(wrong, () -> device.loss(loss, three, ints, 1, wide, three, ints), "F32", "F64");
        refused(wrong, () -> device.loss(loss, three, three, 1, three, three, ints), "I32", "F32");
        refused(wrong, () -> device.loss(loss, ints, ints, 1, ints, ints, ints), "I32");

        refused(wrong, () -> device.tally(three, ints, steps), "3", "2");
        refused(wrong, () -> device.tally(wide, ints, steps), "F32", "F64");
        refused(wrong, () -> device.tally(four, ints, steps), "3", "4");

        refused(wrong, () -> new Rows(bytes, ints, 2, 1), "6", "3");
        refused(wrong, () -> device.gather(rows, ints, steps, 0, four, ints), "3", "4");
        refused(wrong, () -> device.gather(rows, ints, steps, 0, wide, ints), "F32", "F64");
        assertThrows(
            IndexOutOfBoundsException.class,
            () -> device.gather(rows, ints, steps, 4, three, ints));

        refused(wrong, () -> new Parameter(three, four, 0), "3", "4");
        refused(wrong, () -> new Parameter(three, wide, 0), "F32", "F64");
        refused(wrong, () -> new Parameter(three, three, -1), "-1");
        refused(wrong, () -> new Parameter(ints, ints, 0), "I32");
        try (Tensors tensors = device.tensors(List.of(parameter), 0);
            Tensors far = device.tensors(List.of(new Parameter(three, other, 1)), 0);
            Steps double64 = new Steps(device, ElementType.F64, 4, 1, 2)) {
          Sgd sgd = new Sgd(1);
          assertEquals(5, Group.columns(sgd));
          assertThrows(
              IndexOutOfBoundsException.class, () -> device.update(sgd, tensors, steps, 1));
          assertThrows(IndexOutOfBoundsException.class, () -> device.update(sgd, far, steps, 0));
          refused(wrong, () -> device.update(sgd, tensors, double64, 0), "F32", "F64");
          try (Steps broad = new Steps(device, ElementType.F32, 9, 1, 1)) {
            refused(wrong, () -> device.update(ADAM, tensors, broad, 0), "2", "0");
          }
        }
        refused(wrong, () -> new Steps(device, ElementType.F32, 0, 1, 1), "0");
        refused(wrong, () -> new Steps(device, ElementType.I32, 1, 1, 1), "I32");
        assertThrows(IndexOutOfBoundsException.class, () -> steps.number(1, 0, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> steps.integer(0, 4, 0));
      }
    }

    /** A product reads its operands while it writes; what only touches, or is empty, is apart. */
    @Test
    void productsThatOverlap() {
      for (ElementType type : Values.TYPES) {
        try (Array memory = device.allocate(type, 12);
            Array other = device.allocate(type, 4)) {
          Product size = Product.of(2, 2, 2);
          Array row = memory.slice(10, 2);
          for (int[] at : new int[][] {{1, 3}, {4, 5}, {7, 7}}) {
            Array operand = memory.slice(at[0], 4);
            Array vector = memory.slice(at[1], 2);
            Array out = memory.slice(4, 4);
            List<Executable> uses =
                List.of(
                    () -> device.multiply(size, operand, other, null, out),
                    () -> device.multiply(size, other, operand, null, out),
                    () -> device.multiply(size, other, other, vector, out),
                    () -> device.multiplyTransposed(size, operand, other, out, row),
                    () -> device.multiplyTransposed(size, other, operand, out, row),
                    () -> device.multiplyTransposed(size, other, other, out, vector),
                    () -> device.multiplyByTransposed(size, operand, other, out),
                    () -> device.multiplyByTransposed(size, other, operand, out),
                    () -> device.multiplyTransposed(size, operand, out, other, out.slice(1, 2)));
            for (Executable use : uses) {
              refused(IllegalArgumentException.class, use, "overlaps");
            }
          }
          Array four = memory.slice(4, 4);
          device.multiply(size, memory.slice(0, 4), memory.slice(8, 4), null, four);
          device.multiplyTransposed(size, other, memory.slice(0, 4), four, memory.slice(8, 2));
          device.multiply(Product.of(2, 2, 0), four.slice(2, 0), four.slice(2, 0), null, four);
        }
      }
    }

    @Test
    void whileAStepIsRecorded() {
      try (SmallRun run = new SmallRun(device, ElementType.F32, ADAM)) {
        List<Runnable> bodies =
            List.of(
                () -> device.allocate(ElementType.F32, 1),
                () -> device.tensors(List.of(new Parameter(run.weights, run.gradient, 0)), 1),
                () -> new Steps(device, ElementType.F32, 1, 1, 1),
                () -> device.record(run.steps, () -> {}));
        for (Runnable body : bodies) {
          refused(IllegalStateException.class, () -> device.record(run.steps, body), "recorded");
        }
        // The device has found its way back.
        run.start(0.1, 1);
        run.program.run(ALL);
        assertEquals(ALL, run.steps.account().updates());
      }
    }
  }
}
