package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.device.Array;
import org.thalweg.device.Product;
import org.thalweg.device.Rows;
import org.thalweg.device.SparseMatrix;
import org.thalweg.device.Steps;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.ElementType;
import org.thalweg.sim.SimCounters;

/**
 * What products, losses and gather move, as the software driver counts it: src/docs/numerics.md,
 * "The floor".
 */
@Tag("driver")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrafficTest {
  private static final int SECTOR = 32;

  private CudaDevice device;

  @BeforeAll
  void open() {
    Assumptions.assumeFalse(TestDevices.GPU, "a GPU does not count");
    device = TestDevices.openDriver();
  }

  @AfterAll
  void close() {
    if (device != null) {
      device.close();
    }
  }

  /**
   * The counts of an operation; before them it is run once, for a kernel's first launch is one of
   * nothing.
   */
  private SimCounters counts(Runnable operation) {
    operation.run();
    SimCounters.count(device.context().module("data", "advance"), true);
    operation.run();
    SimCounters counts = new SimCounters(device.context().module("data", "advance"));
    SimCounters.count(device.context().module("data", "advance"), false);
    return counts;
  }

  /**
   * Of a kernel's whole array: the bytes that lanes ask for, after a look that no sector is left
   * out or added.
   */
  private static long bytes(SimCounters counts, String kernel, Array array, String way) {
    long at = ((CudaArray) array).address();
    long bytes = counts.get(kernel, at, way + ".bytes");
    long sectors = (array.count() * array.type().bytes() + SECTOR - 1) / SECTOR;
    assertEquals(bytes == 0 ? 0 : sectors, counts.get(kernel, at, way + ".sectors"));
    return bytes;
  }

  @ParameterizedTest
  @CsvSource({
    "1, false, 128, 10, 784", // a linear classifier's scores
    "1, false, 784, 10, 128", // and its weights' gradient
    "1, false, 256, 256, 256",
    "1, false, 128, 256, 130",
    "1, false, 31, 512, 130",
    "1, false, 127, 31, 257",
    "1, false, 131, 137, 139",
    "1, false, 1, 1, 1",
    "3, true, 128, 10, 129",
    "3, false, 785, 10, 64",
    "16, true, 64, 32, 160",
    "8, false, 67, 37, 17",
    "1, false, 1088, 16, 300",
    "1, false, 1087, 10, 299",
  })
  void products(int models, boolean shared, int rows, int columns, int depth) {
    Product size = new Product(models, shared, rows, columns, depth);
    for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
      for (boolean row : new boolean[] {false, true}) {
        multiply(type, size, Way.PLAIN, row);
        multiply(type, size, Way.TRANSPOSED, row);
      }
      multiply(type, size, Way.BY_TRANSPOSED, false);
    }
  }

  private enum Way {
    PLAIN,
    TRANSPOSED,
    BY_TRANSPOSED
  }

  private void multiply(ElementType type, Product size, Way way, boolean row) {
    boolean transposed = way == Way.TRANSPOSED;
    long outputs = (long) size.models() * size.rows() * size.columns();
    long lefts = (size.leftShared() ? 1L : size.models()) * size.rows() * size.depth();
    long rights = (long) size.models() * size.depth() * size.columns();
    int rows = size.rows() + (transposed && row ? 1 : 0);
    int multiprocessors = device.context().multiprocessors();
    int room = ProductTile.TOTALS_BYTES;
    ProductTile tile = ProductTile.of(type, size, rows, multiprocessors, room);
    String kernel = (transposed ? "multiply_transposed_" : "multiply_") + tile.suffix;
    try (Array left = device.allocate(type, lefts);
        Array right = device.allocate(type, rights);
        Array out = device.allocate(type, outputs);
        Array vector = device.allocate(type, (long) size.models() * size.columns())) {
      @Nullable Array given = row ? vector : null;
      SimCounters counts =
          counts(
              () -> {
                switch (way) {
                  case PLAIN -> device.multiply(size, left, right, given, out);
                  case TRANSPOSED -> device.multiplyTransposed(size, left, right, out, given);
                  case BY_TRANSPOSED -> device.multiplyByTransposed(size, left, right, out);
                }
              });
      boolean split = tile.chunksAtOnce(size, rows, multiprocessors, room) > 0;
      String writer = split ? "add_totals_" + type.suffix() : kernel;
      int side = size.leftShared() ? size.models() * size.columns() : size.columns();
      int across = (side + tile.columns() - 1) / tile.columns();
      int down = (rows + tile.rows() - 1) / tile.rows();
      int each = type.bytes();
      assertEquals(each * lefts * across, bytes(counts, kernel, left, "read"));
      assertEquals(each * rights * down, bytes(counts, kernel, right, "read"));
      assertEquals(each * outputs, bytes(counts, writer, out, "written"));
      assertEquals(0, bytes(counts, writer, out, "read"));
      assertEquals(
          row && transposed ? each * vector.count() : 0, bytes(counts, writer, vector, "written"));
      // A thread reads the bias once for each column that its outputs are in.
      long threads = tile.tiles(size, rows) * tile.threads(size);
      long reads = split ? outputs : threads * (tile == ProductTile.WIDE ? 8 : 1);
      long bias = bytes(counts, writer, vector, "read");
      assertTrue(bias <= (row && !transposed ? each * reads : 0), () -> "bias: " + bias);
      if (side % tile.columns() == 0 && rows % tile.rows() == 0) {
        long fma = (long) size.models() * rows * size.columns() * size.depth();
        long most = fma / tile.columns() + fma / tile.rows();
        assertTrue(lefts * across + rights * down <= most, "more than src/docs/numerics.md allows");
      }
    }
  }

  /** In the part without a jump that has the most of them: the inner loop, unrolled. */
  @Test
  void fmaToEachLoadFromSharedMemory() throws IOException {
    Map<String, Double> few = new HashMap<>();
    int kernels = 0;
    for (String kernel : Files.readString(Path.of("kernels/ptx/matmul.ptx")).split("\\.entry ")) {
      double best = 0;
      long most = 0;
      for (String part : kernel.split("\\bbra\\b|\\n\\$\\w+:")) {
        long fma = count("fma\\.rn\\.f(32|64)", part);
        if (fma > most) {
          most = fma;
          best = (double) fma / count("ld\\.shared\\.", part);
        }
      }
      if (most > 0) {
        kernels++;
        boolean narrow = kernel.matches("(?s)multiply_(transposed_)?f32\\(.*");
        boolean tall = kernel.contains("_tall_");
        if (best < (narrow ? 4 : tall ? 10 : kernel.contains("_wide_") ? 16 : 8)) {
          few.put(kernel.substring(0, kernel.indexOf('(')), best);
        }
      }
    }
    assertEquals(2 * ProductTile.values().length, kernels);
    assertEquals(Map.of(), few);
  }

  private static long count(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    return matcher.results().count();
  }

  /**
   * Up to 16,384 classes one read and one write of the scores, above that two reads and one write.
   */
  @ParameterizedTest
  @CsvSource({"64, 1024", "4, 16384", "2, 50257", "6554, 10", "61, 1077", "4, 16385"})
  void losses(int rows, int classes) {
    Random random = new Random(3);
    for (Loss loss : Losses.examples()) {
      boolean few = classes <= LossKernels.FEW_CLASSES;
      String kernel = (few ? "few_" : "") + loss.kernel() + "_f32";
      int[] classOf = random.ints(rows, 0, classes).toArray();
      double[] numbers = random.doubles((long) rows * classes).toArray();
      try (Array scores = device.of(ElementType.F32, numbers);
          Array labels = device.of(classOf);
          Array gradient = device.allocate(ElementType.F32, scores.count());
          Array rowLoss = device.allocate(ElementType.F32, rows);
          Array right = device.allocate(ElementType.I32, rows)) {
        for (Array d : new Array[] {gradient, scores}) { // the gradient may take the scores' place
          SimCounters counts =
              counts(() -> device.loss(loss, scores, labels, 1, d, rowLoss, right));
          long once = 4L * rows * classes;
          long floor = classes > 16384 ? 2 * once : once;
          long read = bytes(counts, kernel, scores, "read");
          // A chunk that a warp has just read it has still: beyond 16,384 classes a few are.
          assertTrue(once <= read && read <= 1.01 * floor, () -> loss + " reads " + read);
          if (classes == 10) { // a warp takes 32 rows at a time
            long instructions = counts.lanes(kernel) / 32 / rows;
            assertTrue(instructions <= 40, () -> loss + ": " + instructions + " a row");
          }
          assertEquals(once, bytes(counts, kernel, d, "written"));
          assertEquals(0, bytes(counts, kernel, gradient, "read"));
          assertEquals(4L * rows, bytes(counts, kernel, labels, "read"));
          for (Array result : new Array[] {rowLoss, right}) {
            assertEquals(4L * rows, bytes(counts, kernel, result, "written"));
            assertEquals(0, bytes(counts, kernel, result, "read"));
          }
        }
      }
    }
  }

  /**
   * Softmax's instructions for each score, those of each row included: where most rows are wrong,
   * and where all are right, so that a score equal to the label's is looked for before it.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void instructionsOfSoftmax(boolean right) {
    int rows = 256;
    int classes = 1000;
    Random random = new Random(4);
    int[] classOf = random.ints(rows, 0, classes).toArray();
    double[] numbers = random.doubles((long) rows * classes).toArray();
    if (right) {
      for (int r = 0; r < rows; r++) {
        numbers[r * classes + classOf[r]] = 1;
      }
    }
    Loss softmax = Losses.parse("softmax");
    try (Array scores = device.of(ElementType.F32, numbers);
        Array labels = device.of(classOf);
        Array gradient = device.allocate(ElementType.F32, scores.count());
        Array rowLoss = device.allocate(ElementType.F32, rows);
        Array rowRight = device.allocate(ElementType.I32, rows)) {
      SimCounters counts =
          counts(() -> device.loss(softmax, scores, labels, 1, gradient, rowLoss, rowRight));
      double each = (double) counts.lanes("softmax_f32") / rows / classes;
      assertTrue(each <= 65, each + " instructions for each score");
    }
  }

  /**
   * What is stored, and a row of the other operand for each, is asked for once for each column;
   * what is not stored costs nothing. The result is written once.
   */
  @ParameterizedTest
  @CsvSource({"128, 300, 10, 7", "65, 1000, 1, 3", "33, 40, 70, 40", "129, 16, 32, 0"})
  void sparseProducts(int rows, int width, int columns, int each) {
    int stored = rows * each;
    int[] ranges = IntStream.range(0, 2 * rows).map(i -> (i + 1) / 2 * each).toArray();
    int[] places = IntStream.range(0, stored).map(i -> i % each * (width / each)).toArray();
    for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
      try (Array from = device.of(ranges);
          Array at = device.of(places);
          Array values = device.allocate(type, stored);
          Array weights = device.allocate(type, (long) width * columns);
          Array scores = device.allocate(type, (long) rows * columns)) {
        SparseMatrix left = new SparseMatrix(from, at, values, width);
        for (boolean transposed : new boolean[] {false, true}) {
          Array right = transposed ? scores : weights;
          Array out = transposed ? weights : scores;
          Product size =
              transposed ? Product.of(width, columns, rows) : Product.of(rows, columns, width);
          SimCounters counts =
              counts(
                  () -> {
                    if (transposed) {
                      device.multiplyTransposed(size, left, right, out, null);
                    } else {
                      device.multiply(size, left, right, null, out);
                    }
                  });
          String kernel = "sparse_multiply_" + (transposed ? "transposed_" : "") + type.suffix();
          assertEquals(out.count() * type.bytes(), bytes(counts, kernel, out, "written"));
          for (Array read : List.of(values, right)) {
            long address = ((CudaArray) read).address();
            long bytes = read.count() == 0 ? 0 : counts.get(kernel, address, "read.bytes");
            assertEquals((long) stored * columns * type.bytes(), bytes, kernel);
          }
        }
      }
    }
  }

  /**
   * The minibatch is written once; a request for each of its sectors where rows start at a sector's
   * beginning.
   */
  @ParameterizedTest
  @CsvSource({"128, 784", "128, 10", "65, 77", "3, 1024"})
  void gather(int batch, int features) {
    for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
      int[] order = IntStream.range(0, batch).map(i -> batch - 1 - i).toArray();
      try (Array pixels = device.allocate(ElementType.U8, (long) batch * features);
          Array labels = device.of(new int[batch]);
          Array positions = device.of(order);
          Array x = device.allocate(type, (long) batch * features);
          Array y = device.allocate(ElementType.I32, batch);
          Steps steps = new Steps(device, type, 1, 1, 1)) {
        steps.start();
        Rows rows = new Rows(pixels, labels, features, 1.0 / 255);
        String kernel = "gather_u8_" + type.suffix();
        SimCounters counts = counts(() -> device.gather(rows, positions, steps, 0, x, y));
        long size = (long) type.bytes() * batch * features;
        assertEquals(size, bytes(counts, kernel, x, "written"));
        assertEquals(0, bytes(counts, kernel, x, "read"));
        assertEquals((long) batch * features, bytes(counts, kernel, pixels, "read"));
        assertEquals(4L * batch, bytes(counts, kernel, labels, "read"));
        assertEquals(4L * batch, bytes(counts, kernel, y, "written"));
        if (type == ElementType.F32 && 4 * features % SECTOR == 0) {
          long at = ((CudaArray) x).address();
          assertEquals(size / SECTOR, counts.get(kernel, at, "written.requests"));
        }
      }
    }
  }
}
