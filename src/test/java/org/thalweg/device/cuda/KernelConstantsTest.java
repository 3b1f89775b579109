package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.Parameter;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Group;

/** What Java and the kernels must agree on: read from the sources of the kernels. */
class KernelConstantsTest {
  /** A number of the kernels, the sources that may define it, and Java's. */
  private record Shared(String name, List<String> sources, long java) {}

  private static final List<String> UPDATE = List.of("optimizers.cu", "rules.cuh", "tensors.cuh");
  private static final List<String> LOSS =
      List.of("losses.cu", "hessians.cu", "rows.cuh", "few.cuh");

  private static final List<Shared> NUMBERS =
      List.of(
          new Shared("kChunk", List.of("exact.cuh"), Exact.CHUNK),
          new Shared("kProductChunk", List.of("exact.cuh"), Exact.PRODUCT_CHUNK),
          new Shared("kGroupColumns", UPDATE, Group.COLUMNS),
          new Shared("kThreads", UPDATE, CudaTensors.THREADS),
          new Shared("kStrides", UPDATE, CudaTensors.STRIDES),
          new Shared("kMaxWarps", LOSS, LossKernels.WARPS),
          new Shared("kChunkResults", LOSS, LossKernels.RESULTS),
          new Shared("kFewRows", LOSS, LossKernels.FEW_ROWS),
          new Shared("kLanes", List.of("exact.cuh"), LossKernels.FEW_CLASSES),
          new Shared("kResult", List.of("data.cuh"), Steps.RESULT),
          new Shared("kThreads", List.of("vectors.cu"), CudaDevice.VECTOR_THREADS),
          new Shared("kStrides", List.of("vectors.cu"), CudaDevice.VECTOR_STRIDES),
          new Shared("kLanesM", List.of("product_f64.cuh"), ProductTile.DOUBLE.rows() / 8),
          new Shared("kLanesN", List.of("product_f64.cuh"), ProductTile.DOUBLE.columns() / 8),
          new Shared("kWideM", List.of("product_f32.cuh"), ProductTile.WIDE.rows()),
          new Shared("kWideN", List.of("product_f32.cuh"), ProductTile.WIDE.columns()),
          new Shared("kWideThreads", List.of("product_f32.cuh"), ProductTile.WIDE_THREADS),
          new Shared("kWideDepth", List.of("product_f32.cuh"), ProductTile.WIDE_DEPTH),
          new Shared("kNarrowM", List.of("product_f32.cuh"), ProductTile.NARROW.rows()),
          new Shared("kNarrowN", List.of("product_f32.cuh"), ProductTile.NARROW.columns()),
          new Shared("kNarrowWarps", List.of("product_f32.cuh"), ProductTile.NARROW_WARPS),
          new Shared("kTallM", List.of("product_f32.cuh"), ProductTile.TALL.rows()),
          new Shared("kTallWarps", List.of("product_f32.cuh"), ProductTile.TALL_WARPS),
          new Shared("kNarrowDepth", List.of("product_f32.cuh"), ProductTile.NARROW_DEPTH),
          new Shared("kWarps", List.of("sparse.cu"), SparseKernels.WARPS),
          new Shared("kWarpTile", List.of("sparse.cu"), SparseKernels.WARP_TILE),
          new Shared("kMostColumns", List.of("sparse.cu"), SparseKernels.MOST_COLUMNS),
          new Shared("kRunning", List.of("steps.cuh"), Steps.Halt.RUNNING.code()),
          new Shared("kLossNotFinite", List.of("steps.cuh"), Steps.Halt.LOSS_NOT_FINITE.code()),
          new Shared(
              "kLabelOutOfRange", List.of("steps.cuh"), Steps.Halt.LABEL_OUT_OF_RANGE.code()));

  private static String source(String name) throws IOException {
    Path file = Path.of("kernels", name);
    return Files.exists(file) ? Files.readString(file).replaceAll("//.*", "") : "";
  }

  @Test
  void theNumbersAreTheSame() throws IOException {
    for (Shared number : NUMBERS) {
      List<Long> found = new ArrayList<>();
      for (String name : number.sources) {
        Pattern definition = Pattern.compile("\\b" + number.name + " = ([^;,}]+)");
        String source = source(name);
        definition.matcher(source).results().forEach(m -> found.add(product(source, m.group(1))));
      }
      assertFalse(found.isEmpty(), number + " stands in none of its sources");
      found.forEach(value -> assertEquals(number.java, value, number.toString()));
    }
  }

  /** Of numbers, or of names that the source defines as numbers. */
  private static long product(String source, String expression) {
    return Arrays.stream(expression.strip().split(" \\* "))
        .mapToLong(
            factor -> {
              Matcher other = Pattern.compile("\\b" + factor + " = (\\d+)").matcher(source);
              return Long.parseLong(other.find() ? other.group(1) : factor);
            })
        .reduce(1, Math::multiplyExact);
  }

  /** The fields of a structure of 8-byte words, in order; an array's once for each element. */
  private static List<String> fields(String file, String structure) throws IOException {
    String body = source(file).split("struct " + structure + " \\{", 2)[1].split("\\};", 2)[0];
    List<String> fields = new ArrayList<>();
    Pattern field = Pattern.compile("(\\w+)(?:\\[(\\d+)\\])?;");
    for (MatchResult m : field.matcher(body.replaceAll("using .*", "")).results().toList()) {
      int times = m.group(2) == null ? 1 : Integer.parseInt(m.group(2));
      Stream.generate(() -> m.group(1)).limit(times).forEach(fields::add);
    }
    return fields;
  }

  @Test
  void theStepStateHasTheSameWords() throws IOException {
    String[] words = new String[7];
    Map.of(
            "batch", Steps.BATCH,
            "update", Steps.UPDATE,
            "halted", Steps.HALTED,
            "skipped", Steps.SKIPPED,
            "factor", Steps.FACTOR,
            "norm", Steps.NORM,
            "arrived", Steps.ARRIVED)
        .forEach((name, index) -> words[index] = name);
    assertEquals(List.of(words), fields("steps.cuh", "StepState"));
  }

  @Test
  @Tag("driver")
  void theStepStateHasAWordForEachField() throws IOException {
    try (CudaDevice device = TestDevices.openDriver();
        Steps steps = new Steps(device, ElementType.F32, 1, 1, 1)) {
      assertEquals(fields("steps.cuh", "StepState").size(), steps.state().count());
    }
  }

  /**
   * Two tensors with masters and states: each word of the table is what the kernel's field says.
   */
  @Test
  @Tag("driver")
  void theTableHasTheSameRows() throws IOException {
    List<String> fields = fields("tensors.cuh", "Tensor");
    assertEquals(CudaTensors.ROW, fields.size());
    // Elements: five blocks of one vector a thread, because four vectors would make few blocks.
    long first = 4L * 4 * CudaTensors.THREADS + 100;
    try (CudaDevice device = TestDevices.openDriver();
        Array w = device.allocate(ElementType.BF16, first);
        Array g = device.allocate(ElementType.BF16, first);
        Array v = device.allocate(ElementType.BF16, 3);
        Array h = device.allocate(ElementType.BF16, 3);
        Tensors made = device.tensors(List.of(new Parameter(w, g, 1), new Parameter(v, h, 2)), 3)) {
      CudaTensors tensors = (CudaTensors) made;
      ByteBuffer table =
          ByteBuffer.allocateDirect(16 * CudaTensors.ROW).order(ByteOrder.LITTLE_ENDIAN);
      device.download(tensors.table(), table);
      long[] starts = {0, 0, 5, Exact.chunks(first)};
      for (int tensor = 0; tensor < 2; tensor++) {
        Parameter parameter = tensors.parameters().get(tensor);
        int state = 0;
        for (int word = 0; word < fields.size(); word++) {
          long expected =
              switch (fields.get(word)) {
                case "parameter" -> address(tensors.master(tensor));
                case "gradient" -> address(parameter.gradient());
                case "copy" -> address(parameter.value());
                case "state" -> address(tensors.state(tensor, state++));
                case "count" -> parameter.value().count();
                case "first_block" -> starts[2 * tensor];
                case "first_chunk" -> starts[2 * tensor + 1];
                case "group" -> parameter.group();
                default -> throw new AssertionError("Java writes no " + fields.get(word));
              };
          long found = table.getLong(8 * (tensor * CudaTensors.ROW + word));
          assertEquals(expected, found, "tensor " + tensor + ", " + fields.get(word));
        }
        assertEquals(Tensors.MAX_STATES, state);
      }
    }
  }

  private static long address(Array array) {
    return ((CudaArray) array).address();
  }
}
