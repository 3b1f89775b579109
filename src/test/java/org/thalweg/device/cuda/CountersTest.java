package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.device.Device;
import org.thalweg.device.Norm;
import org.thalweg.device.Parameter;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Rounding;
import org.thalweg.sim.SimCounters;
import org.thalweg.sim.TestModule;

/** What the software driver counts, against figures worked out by hand. */
@Tag("driver")
class CountersTest {
  private static final int N = 65536;

  @BeforeAll
  static void onlyHere() {
    Assumptions.assumeFalse(TestDevices.GPU, "a GPU does not count");
  }

  static List<Optimizer> rules() {
    List<Optimizer> rules = new ArrayList<>(Optimizers.all());
    rules.add(Group.SHRINK);
    return rules;
  }

  /**
   * As src/docs/numerics.md, "The floor", says: each array is read and written once, the gradient
   * only read: 12 bytes for each parameter and 8 more for each state. The proximal step does not
   * read the gradient: 8 bytes. The states lie in one allocation.
   */
  @ParameterizedTest
  @MethodSource("rules")
  void anUpdateMovesEachArrayOnce(Optimizer rule) {
    try (CudaDevice device = TestDevices.openDriver();
        CudaArray w = device.context().array(ElementType.F32, N);
        CudaArray g = device.context().array(ElementType.F32, N);
        Tensors tensors = device.tensors(List.of(new Parameter(w, g, 0)), rule.states());
        Steps steps = new Steps(device, ElementType.F32, Group.columns(rule), 1, 1)) {
      steps.numbers(0, 0, Group.PLAIN.numbers(rule, steps.type(), rule.lr(), 1, 1));
      steps.start();
      device.update(
          rule, tensors, steps, 0); // the first time, it is launched once more, for nothing
      SimCounters.count(device.context().module("data", "advance"), true);
      device.update(rule, tensors, steps, 0);
      SimCounters counts = new SimCounters(device.context().module("data", "advance"));
      SimCounters.count(device.context().module("data", "advance"), false);

      String kernel = rule.definition().kernel() + "_f32";
      assertEquals(1, counts.get(kernel, "launches"), counts::toString);
      long bytes = moved(counts, kernel, w, 1, "read.") + moved(counts, kernel, w, 1, "written.");
      boolean shrinks = rule.equals(Group.SHRINK);
      bytes += moved(counts, kernel, g, shrinks ? 0 : 1, "read.");
      assertEquals(0, counts.get(kernel, g.address(), "written.bytes"));
      if (rule.states() > 0) {
        CudaArray states = (CudaArray) tensors.state(0, 0);
        bytes += moved(counts, kernel, states, rule.states(), "read.");
        bytes += moved(counts, kernel, states, rule.states(), "written.");
      }
      assertEquals((shrinks ? 8 : 12L + 8L * rule.states()) * N, bytes);
      if (rule.name().equals("adam")) {
        assertEquals(N, counts.get(kernel, "lanes.div"));
        assertEquals(N, counts.get(kernel, "lanes.sqrt"));
      }
    }
  }

  /**
   * With bf16 for parameter and gradient: the gradient's 2 bytes are read, but not by the proximal
   * step, the parameter's 2 written, and 8 for the master and each state.
   */
  @ParameterizedTest
  @MethodSource("rules")
  void anUpdateOfBf16MovesEachArrayOnce(Optimizer rule) {
    int columns = Rounding.COLUMNS + Group.columns(rule);
    for (Rounding rounding : List.of(Rounding.NEAREST, new Rounding(true, 1))) {
      try (CudaDevice device = TestDevices.openDriver();
          CudaArray w = device.context().array(ElementType.BF16, N);
          CudaArray g = device.context().array(ElementType.BF16, N);
          Tensors tensors = device.tensors(List.of(new Parameter(w, g, 0)), rule.states());
          Steps steps = new Steps(device, ElementType.F32, columns, 1, 1)) {
        steps.integer(0, 0, rounding.key(1));
        steps.numbers(
            0, Rounding.COLUMNS, Group.PLAIN.numbers(rule, steps.type(), rule.lr(), 1, 1));
        steps.start();
        device.update(rule, tensors, steps, 0);
        SimCounters.count(device.context().module("data", "advance"), true);
        device.update(rule, tensors, steps, 0);
        SimCounters counts = new SimCounters(device.context().module("data", "advance"));
        SimCounters.count(device.context().module("data", "advance"), false);

        String kernel = rule.definition().kernel() + "_bf16";
        int own = 1 + rule.states();
        CudaArray masters = (CudaArray) tensors.master(0);
        long bytes = moved(counts, kernel, masters, own, "read.");
        bytes += moved(counts, kernel, masters, own, "written.");
        assertEquals(8L * own * N, bytes);
        long read = rule.equals(Group.SHRINK) ? 0 : 2L * N;
        assertEquals(read, counts.get(kernel, g.address(), "read.bytes"));
        assertEquals(read / 32, counts.get(kernel, g.address(), "read.requests"));
        assertEquals(0, counts.get(kernel, g.address(), "written.bytes"));
        assertEquals(2L * N, counts.get(kernel, w.address(), "written.bytes"));
        assertEquals(2L * N / 32, counts.get(kernel, w.address(), "written.requests"));
        assertEquals(0, counts.get(kernel, w.address(), "read.bytes"));
      }
    }
  }

  /** Clipping reads each gradient once more; the sums of its chunks are 8 bytes for 4,096. */
  @Test
  void clippingReadsTheGradientOnce() {
    try (CudaDevice device = TestDevices.openDriver();
        CudaArray w = device.context().array(ElementType.F32, N);
        CudaArray g = device.context().array(ElementType.F32, N);
        Tensors tensors = device.tensors(List.of(new Parameter(w, g, 0)), 0);
        Steps steps = new Steps(device, ElementType.F32, 1, 1, 1)) {
      steps.start();
      device.clip(tensors, steps, 0, true);
      SimCounters.count(device.context().module("data", "advance"), true);
      device.clip(tensors, steps, 0, true);
      SimCounters counts = new SimCounters(device.context().module("data", "advance"));
      SimCounters.count(device.context().module("data", "advance"), false);
      assertEquals(4L * N, moved(counts, "chunk_squares_f32", g, 1, "read."));
      assertEquals(0, counts.get("chunk_squares_f32", w.address(), "read.bytes"));
      assertEquals(0, counts.get("chunk_squares_f32", g.address(), "written.bytes"));
    }
  }

  /** The bytes moved of an allocation with so many arrays of N, each sector once. */
  private static long moved(
      SimCounters counts, String kernel, CudaArray first, int arrays, String way) {
    long at = first.address();
    assertFalse(counts.isArgument(kernel, at), "it is reached by the table of tensors");
    assertEquals(4L * N * arrays / 32, counts.get(kernel, at, way + "sectors"));
    assertEquals(4L * N * arrays / 32, counts.get(kernel, at, way + "requests"));
    assertEquals(4L * N * arrays / 32, counts.get(kernel, at, way + "fewest"));
    return counts.get(kernel, at, way + "bytes");
  }

  /**
   * Reads and writes of an operation on vectors x and y, in arrays of N; off by an element or not.
   */
  @ParameterizedTest
  @CsvSource({
    "dot, 2, 0",
    "norm_one, 1, 0",
    "norm_two, 1, 0",
    "norm_max, 1, 0",
    "axpy, 2, 1",
    "scale, 1, 1",
    "copy, 1, 1"
  })
  void vectorsAreReadAndWrittenOnce(String operation, int reads, int writes) {
    for (int n : new int[] {N, 4 * N}) {
      for (int offset = 0; offset < 2; offset++) {
        try (CudaDevice device = TestDevices.openDriver();
            CudaArray x = device.context().array(ElementType.F32, n + 1);
            CudaArray y = device.context().array(ElementType.F32, n + 1);
            CudaArray out = device.context().array(ElementType.F64, Device.dotRoom(n))) {
          Runnable run = operation(device, operation, x.slice(offset, n), y.slice(0, n), out);
          run.run(); // the first time, it is launched once more, for nothing
          SimCounters.count(device.context().module("data", "advance"), true);
          run.run();
          SimCounters counts = new SimCounters(device.context().module("data", "advance"));
          SimCounters.count(device.context().module("data", "advance"), false);

          assertTraffic(counts, "read.", 4L * n * reads, offset, x, y, out);
          assertTraffic(counts, "written.", 4L * n * writes, offset, x, y, out);
        }
      }
    }
  }

  /** And of the factors a sector for each row that a warp's request has elements of, at most. */
  @Test
  void scaledRowsAreReadAndWrittenOnce() {
    for (int columns : new int[] {1, 10, 1024}) {
      int rows = N / columns;
      int n = rows * columns;
      try (CudaDevice device = TestDevices.openDriver();
          CudaArray factors = device.context().array(ElementType.F32, rows);
          CudaArray x = device.context().array(ElementType.F32, n)) {
        device.scaleRows(factors, x); // the first time, it is launched once more, for nothing
        SimCounters.count(device.context().module("data", "advance"), true);
        device.scaleRows(factors, x);
        SimCounters counts = new SimCounters(device.context().module("data", "advance"));
        SimCounters.count(device.context().module("data", "advance"), false);

        assertTraffic(counts, "read.", 4L * n, 0, x);
        assertTraffic(counts, "written.", 4L * n, 0, x);
        long sectors = counts.get(factors.address(), "read.sectors");
        int most = columns == 1 ? 4 : columns == 10 ? 2 : 1; // of a request for 32 elements
        assertTrue(sectors >= rows / 8 && sectors <= most * (n / 32 + 1L), sectors + " sectors");
      }
    }
  }

  private static Runnable operation(
      CudaDevice device, String operation, CudaArray x, CudaArray y, CudaArray out) {
    return switch (operation) {
      case "dot" -> () -> device.dot(x, y, out);
      case "norm_one" -> () -> device.norm(Norm.ONE, x, out);
      case "norm_two" -> () -> device.norm(Norm.TWO, x, out);
      case "norm_max" -> () -> device.norm(Norm.MAX, x, out);
      case "axpy" -> () -> device.axpy(2, x, y);
      case "scale" -> () -> device.scale(2, x);
      case "copy" -> () -> device.copy(x, y);
      default -> throw new IllegalArgumentException(operation);
    };
  }

  /**
   * The vectors' bytes and not 1 % more, which the chunks' results take; off alignment one more
   * sector.
   */
  private static void assertTraffic(
      SimCounters counts, String way, long floor, int offset, CudaArray... arrays) {
    long bytes = 0;
    long sectors = 0;
    for (CudaArray array : arrays) {
      bytes += counts.get(array.address(), way + "bytes");
      sectors += counts.get(array.address(), way + "sectors");
      if (offset == 0 && array.type() == ElementType.F32) {
        assertEquals(
            counts.get(array.address(), way + "fewest"),
            counts.get(array.address(), way + "requests"),
            counts::toString);
      }
    }
    long most = floor == 0 ? 4L * N / 100 : floor + floor / 100;
    assertTrue(bytes >= floor && bytes <= most, way + bytes + " of " + floor);
    assertTrue(32 * sectors >= floor && 32 * sectors <= most, way + sectors + " of " + floor);
  }

  private static SimCounters run(TestModule module, int threads, Object... arguments) {
    SimCounters.count(module.module(), true);
    module.run("k", TestModule.Shape.of(1, threads), 4096, arguments);
    SimCounters counts = new SimCounters(module.module());
    SimCounters.count(module.module(), false);
    return counts;
  }

  private static String kernel(String body) {
    return ".extern .shared .align 16 .b8 s[];\n"
        + ".visible .entry k(.param .u64 p) {\n"
        + " .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .f32 %f<9>; .reg .pred %p<3>;\n"
        + " mov.u32 %r0, %tid.x; ld.param.u64 %rd1, [p];\n"
        + body
        + " ret; }";
  }

  /**
   * Each of 64 lanes reads 4 bytes of a sector of its own: 8 times the sectors that the bytes need.
   */
  @Test
  void strided() {
    String body =
        "mul.wide.u32 %rd2, %r0, 32; add.s64 %rd2, %rd1, %rd2; ld.global.f32 %f1, [%rd2];"
            + " ld.global.f32 %f1, [%rd1];";
    try (TestModule module = TestModule.of(kernel(body))) {
      long buffer = module.upload(new int[1024]);
      SimCounters counts = run(module, 64, buffer);
      assertTrue(counts.isArgument("k", buffer));
      assertEquals(0, counts.get("k", buffer, "argument"));
      assertEquals(4096, counts.get("k", buffer, "size"));
      assertEquals(64 * 4 + 64 * 4, counts.get("k", buffer, "read.bytes"));
      assertEquals(64, counts.get("k", buffer, "read.sectors"));
      assertEquals(64 + 2, counts.get("k", buffer, "read.requests")); // one sector for each warp
      assertEquals(2 * 4 + 2, counts.get("k", buffer, "read.fewest"));
      assertEquals(64 * 3, counts.get("k", "lanes.memory")); // with ld.param
      assertEquals(0, counts.get("k", "divergent"));
    }
  }

  /** Lane l at word s*l: gcd(s, 32) lanes to a bank, so that many passes; one is no conflict. */
  @ParameterizedTest
  @CsvSource({"0, 0", "1, 0", "2, 1", "3, 0", "8, 7", "32, 31", "33, 0"})
  void bankConflicts(int stride, int conflicts) {
    String body =
        "mov.u32 %r1, s; mad.lo.s32 %r1, %r0, " + 4 * stride + ", %r1; st.shared.u32 [%r1], %r0;";
    if (stride == 0) {
      body =
          "mov.u32 %r1, s; setp.eq.s32 %p0, %r0, 0; @%p0 st.shared.u32 [%r1], %r0; bar.sync 0;"
              + " ld.shared.u32 %r2, [%r1];";
    }
    try (TestModule module = TestModule.of(kernel(body))) {
      SimCounters counts = run(module, 32, 0L);
      assertEquals(conflicts, counts.get("k", "conflicts"));
    }
  }

  /** 16 bytes a lane take four passes at the least; 16 bytes apart they take no more. */
  @ParameterizedTest
  @CsvSource({"16, 0", "32, 4", "128, 28"})
  void bankConflictsOfVectors(int stride, int conflicts) {
    String body =
        "mov.u32 %r1, s; mad.lo.s32 %r1, %r0, "
            + stride
            + ", %r1;"
            + " st.shared.v4.u32 [%r1], {%r0, %r0, %r0, %r0};";
    try (TestModule module = TestModule.of(kernel(body))) {
      assertEquals(conflicts, run(module, 32, 0L).get("k", "conflicts"));
    }
  }

  @Test
  void divergence() {
    String body =
        "setp.lt.u32 %p0, %r0, 40; @%p0 bra A; add.s32 %r1, %r0, 1; A: setp.lt.u32 %p1, %r0, 32;"
            + " @%p1 bra B; B:";
    try (TestModule module = TestModule.of(kernel(body))) {
      SimCounters counts = run(module, 64, 0L);
      assertEquals(1, counts.get("k", "divergent")); // only the second warp, only at A
      assertEquals(40 + 32 + 64, counts.get("k", "lanes.control")); // with ret
      assertEquals(64 + 64 + 24 + 64, counts.get("k", "lanes.integer")); // mov, setp, add, setp
    }
  }
}
