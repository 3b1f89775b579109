package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.device.TestDevices;
import org.thalweg.sim.TestModule.Shape;

/**
 * {@code src/test/kernels/defects.cu}: what the software driver says of kernels with one mistake
 * each. It says so under every order of blocks and warps, and it says nothing of the same kernels
 * without the mistake.
 */
@Tag("driver")
class PlantedDefectsTest {
  private static final Path SOURCE = Path.of("src/test/kernels/defects.cu");
  private static final Path PTX = Path.of("src/test/resources/kernels/defects.ptx");
  private static final int SEEDS = 100;
  private static final int N = 100;
  private static final long BUDGET = 1_000_000;

  /** How x and y are made, and how the kernel is launched. */
  private record Call(
      Shape shape, int sharedBytes, Function<TestModule, Long> x, Function<TestModule, Long> y) {
    private static final Call PLAIN =
        new Call(
            Shape.of(2, 64),
            0,
            m -> m.upload(IntStream.range(0, N).toArray()),
            m -> m.upload(new int[N]));

    Call shape(int blocks, int threads) {
      return new Call(Shape.of(blocks, threads), sharedBytes, x, y);
    }

    Call shape(Shape other) {
      return new Call(other, sharedBytes, x, y);
    }

    Call shared(int bytes) {
      return new Call(shape, bytes, x, y);
    }

    Call x(Function<TestModule, Long> make) {
      return new Call(shape, sharedBytes, make, y);
    }

    Call y(Function<TestModule, Long> make) {
      return new Call(shape, sharedBytes, x, make);
    }
  }

  /**
   * A kernel with a mistake, or called by mistake.
   *
   * @param wrong the kernel, and how it is called
   * @param right the same without the mistake
   * @param threads a pattern for "block (0,0,0), thread (1,0,0)"; several may be the first to err
   * @param fragments what else the message says
   */
  private record Defect(
      String title,
      String kernel,
      Call wrong,
      String rightKernel,
      Call right,
      int code,
      String threads,
      List<String> fragments) {
    @Override
    public String toString() {
      return title;
    }
  }

  private static Defect kernel(
      String name, UnaryOperator<Call> call, int code, String threads, String... fragments) {
    Call both = call.apply(Call.PLAIN);
    return new Defect(name, name, both, name + "_right", both, code, threads, List.of(fragments));
  }

  private static Defect caller(
      String title,
      String kernel,
      UnaryOperator<Call> wrong,
      UnaryOperator<Call> right,
      int code,
      String threads,
      String... fragments) {
    return new Defect(
        title,
        kernel,
        wrong.apply(Call.PLAIN),
        kernel,
        right.apply(Call.PLAIN),
        code,
        threads,
        List.of(fragments));
  }

  private static final int ILLEGAL = CUresult.CUDA_ERROR_ILLEGAL_ADDRESS;
  private static final int MISALIGNED = CUresult.CUDA_ERROR_MISALIGNED_ADDRESS;
  private static final int FAILED =
      CUresult.CUDA_ERROR_LAUNCH_FAILED; // a GPU would be silent, or hang
  private static final int TIMEOUT = CUresult.CUDA_ERROR_LAUNCH_TIMEOUT;
  private static final int REFUSED = CUresult.CUDA_ERROR_INVALID_VALUE;

  private static final String ANY = "block \\(\\d+,0,0\\), thread \\(\\d+,0,0\\)";

  private static String at(int block, int thread) {
    return "block \\(%d,0,0\\), thread \\(%d,0,0\\)".formatted(block, thread);
  }

  static Stream<Defect> defects() {
    UnaryOperator<Call> plain = UnaryOperator.identity();
    UnaryOperator<Call> oneWarp = c -> c.shape(1, 32);
    return Stream.of(
        // Where memory ends. 2 blocks of 64: the 101st element is thread 36 of block 1.
        kernel(
            "end_write",
            plain,
            ILLEGAL,
            at(1, 36),
            "illegal write of 4 bytes of global memory at 0x",
            "0 bytes past the end of the 400-byte allocation at 0x"),
        kernel(
            "end_read",
            plain,
            ILLEGAL,
            at(1, 35),
            "illegal read of 4 bytes of global memory at 0x",
            "0 bytes past the end of the 400-byte allocation at 0x"),
        kernel(
            "negative_index",
            plain,
            ILLEGAL,
            at(0, 0),
            "illegal read of 4 bytes of global memory at 0x",
            "4 bytes before the 400-byte allocation at 0x"),
        caller(
            "freed",
            "copy",
            c -> c.x(PlantedDefectsTest::freed),
            plain,
            ILLEGAL,
            ANY,
            "illegal read of 4 bytes of global memory at 0x",
            "bytes into the freed 400-byte allocation at 0x"),
        caller(
            "null",
            "copy",
            c -> c.x(m -> 0L),
            plain,
            ILLEGAL,
            ANY,
            "illegal read of 4 bytes of global memory at 0x"),
        kernel(
            "vector_offset",
            plain,
            MISALIGNED,
            ANY,
            "misaligned read of 16 bytes of global memory at 0x",
            "no multiple of 16"),
        kernel(
            "shared_end",
            plain,
            ILLEGAL,
            at(0, 63),
            "illegal read of 4 bytes of shared memory at 0x100",
            "the block has 256 bytes"),
        caller(
            "dynamic_shared",
            "dynamic_shared",
            c -> c.shared(4 * 32),
            c -> c.shared(4 * 64),
            ILLEGAL,
            "block \\([01],0,0\\), thread \\(32,0,0\\)",
            "illegal write of 4 bytes of shared memory at 0x80",
            "the block has 128 bytes"),
        kernel(
            "shared_misaligned",
            plain,
            MISALIGNED,
            ANY,
            "misaligned write of 8 bytes of shared memory at 0x",
            "no multiple of 8"),
        kernel(
            "stack_end",
            plain,
            ILLEGAL,
            ANY,
            "illegal read of 4 bytes of local memory at 0x28",
            "the thread has 40 bytes"),

        // What was never written.
        kernel(
            "stack_unwritten",
            plain,
            FAILED,
            ANY,
            "read of 4 bytes of local memory at 0x",
            "which nothing has written",
            "the thread has 32 bytes"),
        kernel(
            "shared_unwritten",
            plain,
            FAILED,
            ANY,
            "atomic update of 4 bytes of shared memory at 0x0",
            "which nothing has written"),
        kernel(
            "global_unwritten",
            c -> c.y(m -> m.allocate(4 * N)),
            FAILED,
            ANY,
            "read of 4 bytes of global memory at 0x",
            "which nothing has written",
            "the 400-byte allocation at 0x"),

        // Barriers.
        kernel("barrier_missing", plain, FAILED, ANY, "race", "shared memory"),
        kernel(
            "barrier_in_branch",
            plain,
            FAILED,
            ANY,
            "divergent barrier: other threads of the block wait at PTX line "),
        kernel(
            "barrier_skipped",
            plain,
            FAILED,
            at(1, 0),
            "missed barrier: the warp of thread (32,0,0) has exited"),
        kernel(
            "barrier_in_loop",
            plain,
            FAILED,
            ANY,
            "missed barrier: the warp of thread (0,0,0) has exited"),

        // Races in a block, then between blocks.
        kernel("histogram_shared", plain, FAILED, ANY, "race", "4 bytes of shared memory at 0x"),
        kernel("warp_unsynchronised", oneWarp, FAILED, ANY, "race", "shared memory at 0x"),
        kernel("write_after_read", plain, FAILED, ANY, "race", "shared memory at 0x"),
        kernel("double_buffer", plain, FAILED, ANY, "race", "shared memory at 0x"),
        kernel("atomic_and_plain", plain, FAILED, ANY, "race", "shared memory at 0x"),
        kernel(
            "histogram_global",
            plain,
            FAILED,
            ANY,
            "race",
            "4 bytes of global memory at 0x",
            "the 400-byte allocation at 0x"),
        kernel(
            "same_place",
            plain,
            FAILED,
            ANY,
            "race",
            "global memory",
            "the 400-byte allocation at"),
        kernel("fence_missing", plain, FAILED, ANY, "race", "the 400-byte allocation at 0x"),
        kernel("block_before", plain, FAILED, ANY, "race", "the 400-byte allocation at 0x"),

        // Masks of warps.
        kernel("mask_exited", plain, FAILED, ANY, "names lane 16, which has exited"),
        kernel("mask_without_self", plain, FAILED, ANY, "the member mask lacks the lane itself"),
        kernel(
            "mask_without_source",
            plain,
            FAILED,
            ANY,
            "reads from lane 16, which the member mask does not name"),
        kernel("mask_at_barrier", plain, FAILED, ANY, "names lane 16, which waits at a barrier"),

        // Too much.
        kernel("endless", plain, TIMEOUT, ANY, "1000000 instructions"),
        caller(
            "threads",
            "bounded",
            c -> c.shape(2, 65),
            plain,
            REFUSED,
            "",
            "a block of (65,1,1) threads; it may have 64"),
        caller(
            "no threads",
            "bounded",
            c -> c.shape(2, 0),
            plain,
            REFUSED,
            "",
            "a block of (0,1,1) threads"),
        caller(
            "grid",
            "bounded",
            c -> c.shape(new Shape(1, 65_536, 64, 1)),
            plain,
            REFUSED,
            "",
            "a grid of (1,65536,1) blocks"),
        caller(
            "shared memory",
            "bounded",
            c -> c.shared(48 * 1024 - 252), // and 256 bytes that are declared
            c -> c.shared(48 * 1024 - 256),
            REFUSED,
            "",
            "49156 bytes of shared memory; a block may have 49152"));
  }

  private static long freed(TestModule module) {
    long x = Call.PLAIN.x.apply(module);
    module.free(x);
    return x;
  }

  @BeforeAll
  static void software() {
    Assumptions.assumeFalse(TestDevices.GPU, "a GPU does not say what is wrong");
  }

  @ParameterizedTest
  @MethodSource("defects")
  void isCaught(Defect defect) throws IOException {
    for (long seed : new long[] {0, 1, 2, 3}) {
      try (TestModule module = module(seed)) {
        int code = run(module, defect.kernel, defect.wrong);
        String message = module.message();
        List<org.junit.jupiter.api.function.Executable> claims = new ArrayList<>();
        claims.add(() -> assertEquals(CUresult.stringFor(defect.code), CUresult.stringFor(code)));
        claims.add(() -> assertFound("kernel " + defect.kernel + "\\b", message));
        claims.add(() -> assertFound(defect.threads, message));
        for (String fragment : defect.fragments) {
          claims.add(() -> assertTrue(message.contains(fragment), fragment));
        }
        if (code != REFUSED) {
          claims.add(() -> assertNamesTheLines(defect.kernel, message));
        }
        assertAll("seed " + seed + ": " + message, claims);
      }
    }
  }

  private static void assertFound(String pattern, String message) {
    assertTrue(Pattern.compile(pattern).matcher(message).find(), pattern);
  }

  /**
   * The first line named is one that is marked in the source, and a line of the PTX of this kernel.
   */
  private static void assertNamesTheLines(String kernel, String message) throws IOException {
    Matcher lines =
        Pattern.compile("PTX line (\\d+) \\((?:[^()]* inlined at )?defects.cu:(\\d+)\\)")
            .matcher(message);
    assertTrue(lines.find(), "no line is named");
    int ptx = Integer.parseInt(lines.group(1));
    int source = Integer.parseInt(lines.group(2));
    List<Integer> body = body(PTX, kernel);
    assertTrue(body.contains(ptx), "PTX line " + ptx + " is not in " + body);
    List<Integer> marked = marked(kernel);
    assertTrue(marked.contains(source), "line " + source + " is not in " + marked);
  }

  /**
   * The numbers of the lines of a kernel, from the one that names it to the brace that closes it.
   */
  private static List<Integer> body(Path file, String kernel) throws IOException {
    List<String> lines = Files.readAllLines(file);
    Pattern head = Pattern.compile("(void|\\.entry) (?:.* )?" + kernel + "\\(.*");
    int first = 0;
    while (!head.matcher(lines.get(first)).find()) {
      first++;
    }
    int last = first;
    while (!lines.get(last).equals("}")) {
      last++;
    }
    return IntStream.rangeClosed(first + 1, last + 1).boxed().toList();
  }

  private static List<Integer> marked(String kernel) throws IOException {
    List<String> lines = Files.readAllLines(SOURCE);
    return body(SOURCE, kernel).stream()
        .filter(l -> lines.get(l - 1).endsWith("// DEFECT"))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("defects")
  void withoutItIsNoAlarm(Defect defect) {
    try (TestModule module = module(0)) {
      int[] first = null;
      for (long seed = 0; seed < SEEDS; seed++) {
        module.seed(seed);
        long x = defect.right.x.apply(module);
        long y = defect.right.y.apply(module);
        int code =
            module.tryRun(
                defect.rightKernel, defect.right.shape, defect.right.sharedBytes, x, y, N);
        assertEquals(0, code, "seed %d: %s".formatted(seed, module.message()));
        int[] result = module.ints(y, N);
        first = first == null ? result : first;
        assertTrue(Arrays.equals(first, result), "seed " + seed + " gives another result");
        module.free(x);
        module.free(y);
      }
    }
  }

  private static int run(TestModule module, String kernel, Call call) {
    long x = call.x.apply(module);
    long y = call.y.apply(module);
    return module.tryRun(kernel, call.shape, call.sharedBytes, x, y, N);
  }

  private static TestModule module(long seed) {
    TestModule module = new TestModule("defects");
    module.seed(seed);
    module.budget(BUDGET);
    return module;
  }

  @Test
  void everyKernelIsInTheTable() throws IOException {
    Set<String> kernels = new TreeSet<>();
    Matcher names =
        Pattern.compile("__global__ void (?:__launch_bounds__\\(64\\) )?(\\w+)")
            .matcher(Files.readString(SOURCE));
    while (names.find()) {
      kernels.add(names.group(1));
    }
    Set<String> used = new TreeSet<>();
    defects().forEach(d -> used.addAll(List.of(d.kernel, d.rightKernel)));
    assertEquals(kernels, used);
    assertFalse(defects().count() < 20);
  }
}
