package org.thalweg.tools;

import static org.thalweg.tools.Vectors.hex;
import static org.thalweg.tools.Vectors.integers;
import static org.thalweg.tools.Vectors.numbers;
import static org.thalweg.tools.Vectors.words;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Norm;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.Rows;
import org.thalweg.device.SparseMatrix;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.numeric.Philox;
import org.thalweg.optim.Rounding;
import org.thalweg.train.Schedule;

/** What the vectors are of: each operation takes JSON and gives JSON, on any device. */
public final class VectorOperations {
  private static final Map<String, Operation> ALL = new LinkedHashMap<>();

  static {
    ALL.put("exp", (device, in, with) -> function(in, Exact::exp, Exact::exp));
    ALL.put("log", (device, in, with) -> function(in, Exact::log, Exact::log));
    ALL.put("bf16", (device, in, with) -> bf16(in));
    ALL.put("rounding_key", (device, in, with) -> roundingKey(in));
    ALL.put("philox", (device, in, with) -> philox(in));
    ALL.put("bounded", (device, in, with) -> bounded(in, with));
    ALL.put("permutation", (device, in, with) -> permutation(in, with));
    ALL.put("uniform", (device, in, with) -> uniform(in, with));
    ALL.put("normal", (device, in, with) -> normal(in, with));
    ALL.put("initialisation", VectorTrainings::initialisation);
    ALL.put("schedule", (device, in, with) -> schedule(in, with));
    ALL.put("sum", VectorOperations::sum);
    ALL.put("tally", VectorOperations::tally);
    ALL.put("dot_and_norms", VectorOperations::dotAndNorms);
    ALL.put("elementwise", VectorOperations::elementwise);
    ALL.put("multiply", VectorOperations::multiply);
    ALL.put("multiply_transposed", VectorOperations::multiplyTransposed);
    ALL.put("multiply_by_transposed", VectorOperations::multiplyByTransposed);
    ALL.put("sparse_multiply", (device, in, with) -> sparse(device, in, false));
    ALL.put("sparse_multiply_transposed", (device, in, with) -> sparse(device, in, true));
    ALL.put("loss", VectorOperations::loss);
    ALL.put("clip", VectorOperations::clip);
    ALL.put("update", VectorUpdates::run);
    ALL.put("gather", VectorOperations::gather);
    ALL.put("objective", VectorTrainings::objective);
    ALL.put("training", VectorTrainings::training);
  }

  private VectorOperations() {}

  private interface Operation {
    JsonObject run(Device device, JsonObject in, JsonObject with);
  }

  private interface FloatFunction {
    float apply(float x);
  }

  private interface DoubleFunction {
    double apply(double x);
  }

  /**
   * Runs an operation.
   *
   * @param in the shared input
   * @param with the case's own arguments
   */
  public static JsonObject run(Device device, String operation, JsonObject in, JsonObject with) {
    Operation one = ALL.get(operation);
    if (one == null) {
      throw new IllegalArgumentException("no operation is called " + operation);
    }
    return one.run(device, in, with);
  }

  // ---- What JSON holds.

  static ElementType type(JsonObject in) {
    return ElementType.valueOf(in.get("type").getAsString());
  }

  static double number(JsonObject in, String name) {
    return Double.parseDouble(in.get(name).getAsString());
  }

  static int integer(JsonObject in, String name) {
    return in.get(name).getAsInt();
  }

  /** Null where it is missing. */
  static JsonObject object(String name, JsonElement value) {
    JsonObject object = new JsonObject();
    object.add(name, value);
    return object;
  }

  private static Philox stream(JsonObject in) {
    return new Philox(
        Long.parseUnsignedLong(in.get("seed").getAsString(), 16),
        Long.parseUnsignedLong(in.get("stream").getAsString(), 16));
  }

  // ---- On the host.

  private static JsonObject function(JsonObject in, FloatFunction f, DoubleFunction d) {
    boolean single = type(in) == ElementType.F32;
    double[] y =
        Arrays.stream(numbers(in.get("x")))
            .map(x -> single ? f.apply((float) x) : d.apply(x))
            .toArray();
    return object("y", hex(y));
  }

  private static JsonObject bf16(JsonObject in) {
    double[] x = numbers(in.get("x"));
    int[] random = words(in.get("random"));
    JsonArray nearest = new JsonArray();
    JsonArray stochastic = new JsonArray();
    for (int i = 0; i < x.length; i++) {
      nearest.add("%04x".formatted(Exact.bf16((float) x[i])));
      stochastic.add("%04x".formatted(Exact.bf16Stochastic((float) x[i], random[i])));
    }
    JsonObject out = object("nearest", nearest);
    out.add("stochastic", stochastic);
    return out;
  }

  private static JsonObject roundingKey(JsonObject in) {
    long seed = Long.parseUnsignedLong(in.get("seed").getAsString(), 16);
    JsonArray keys = new JsonArray();
    for (int t : integers(in.get("updates"))) {
      keys.add("%016x".formatted(new Rounding(true, seed).key(t)));
    }
    return object("keys", keys);
  }

  private static JsonObject philox(JsonObject in) {
    int[] key = words(in.get("key"));
    int[] counter = words(in.get("counter"));
    int[] block = new int[4];
    Philox.block(
        join(key[0], key[1]), join(counter[2], counter[3]), join(counter[0], counter[1]), block);
    return object("block", words(block));
  }

  private static long join(int low, int high) {
    return (long) high << 32 | (low & 0xffffffffL);
  }

  private static JsonObject bounded(JsonObject in, JsonObject with) {
    Philox random = stream(in);
    int[] bounds = integers(with.get("bounds"));
    JsonObject out =
        object("drawn", integers(Arrays.stream(bounds).map(random::nextBounded).toArray()));
    out.addProperty("index", random.index());
    return out;
  }

  private static JsonObject permutation(JsonObject in, JsonObject with) {
    return object("order", integers(stream(in).permutation(integer(with, "n"))));
  }

  private static JsonObject uniform(JsonObject in, JsonObject with) {
    Philox random = stream(in);
    return object("drawn", hex(draw(integer(with, "n"), random::nextUniform)));
  }

  private static JsonObject normal(JsonObject in, JsonObject with) {
    Philox random = stream(in);
    return object("drawn", hex(draw(integer(with, "n"), random::nextNormal)));
  }

  private static double[] draw(int n, DoubleSupplier drawn) {
    return IntStream.range(0, n).mapToDouble(i -> drawn.getAsDouble()).toArray();
  }

  private static JsonObject schedule(JsonObject in, JsonObject with) {
    Schedule schedule =
        Schedule.parse(with.get("schedule").getAsString()).withWarmup(integer(with, "warmup"));
    long steps = integer(in, "steps");
    double[] factors =
        LongStream.rangeClosed(1, steps)
            .mapToDouble(step -> schedule.factor(step, integer(in, "epoch_steps"), steps))
            .toArray();
    return object("factors", hex(factors));
  }

  // ---- On a device.

  private static JsonObject sum(Device device, JsonObject in, JsonObject with) {
    ElementType type = type(in);
    double[] x = Arrays.copyOf(numbers(in.get("x")), integer(with, "n"));
    try (Array losses = device.of(type, x);
        Array correct = device.allocate(ElementType.I32, x.length);
        Steps steps = new Steps(device, type, 1, 1, 1)) {
      steps.start();
      device.tally(losses, correct, steps);
      return object("sum", hex(device.download(steps.results().slice(0, 1))));
    }
  }

  private static JsonObject tally(Device device, JsonObject in, JsonObject with) {
    ElementType type = type(in);
    try (Array losses = device.of(type, numbers(in.get("row_loss")));
        Array correct = device.of(integers(in.get("row_correct")));
        Steps steps = new Steps(device, type, 1, 1, integer(in, "models"))) {
      steps.start();
      device.tally(losses, correct, steps);
      JsonObject out = object("results", hex(device.download(steps.results())));
      out.addProperty("halted", state(device, steps)[Steps.HALTED]);
      return out;
    }
  }

  /** The words of a step's state. */
  private static long[] state(Device device, Steps steps) {
    ByteBuffer words =
        ByteBuffer.allocateDirect(8 * (int) steps.state().count()).order(ByteOrder.LITTLE_ENDIAN);
    device.download(steps.state(), words);
    long[] state = new long[words.limit() / 8];
    words.asLongBuffer().get(state);
    return state;
  }

  private static JsonObject dotAndNorms(Device device, JsonObject in, JsonObject with) {
    int n = integer(with, "n");
    try (Array x = device.of(type(in), Arrays.copyOf(numbers(in.get("x")), n));
        Array y = device.of(type(in), Arrays.copyOf(numbers(in.get("y")), n))) {
      JsonObject out = object("dot", hex(device.dot(x, y)));
      out.add("norm_one", hex(device.norm(Norm.ONE, x)));
      out.add("norm_two", hex(device.norm(Norm.TWO, x)));
      out.add("norm_max", hex(device.norm(Norm.MAX, x)));
      return out;
    }
  }

  private static JsonObject elementwise(Device device, JsonObject in, JsonObject with) {
    double a = number(with, "a");
    try (Array x = device.of(type(in), numbers(in.get("x")));
        Array y = device.of(type(in), numbers(in.get("y")));
        Array z = device.of(type(in), numbers(in.get("y")));
        Array factors = device.of(type(in), numbers(in.get("y")));
        Array rows = device.of(type(in), numbers(in.get("x")))) {
      device.axpy(a, x, y);
      device.axpySign(a, x, z);
      device.scale(a, x);
      device.scaleRows(factors, rows);
      JsonObject out = object("axpy", hex(device.download(y)));
      out.add("axpy_sign", hex(device.download(z)));
      out.add("scale", hex(device.download(x)));
      out.add("scale_rows", hex(device.download(rows)));
      return out;
    }
  }

  private static Product product(JsonObject in) {
    return new Product(
        integer(in, "models"),
        in.get("left_shared").getAsBoolean(),
        integer(in, "rows"),
        integer(in, "columns"),
        integer(in, "depth"));
  }

  private static JsonObject multiply(Device device, JsonObject in, JsonObject with) {
    Product size = product(in);
    boolean biased = with.get("biased").getAsBoolean();
    try (Array left = device.of(type(in), numbers(in.get("left")));
        Array right = device.of(type(in), numbers(in.get("right")));
        Array bias = device.of(type(in), numbers(in.get("bias")));
        Array out =
            device.allocate(type(in), (long) size.models() * size.rows() * size.columns())) {
      device.multiply(size, left, right, biased ? bias : null, out);
      return object("out", hex(device.download(out)));
    }
  }

  private static JsonObject multiplyTransposed(Device device, JsonObject in, JsonObject with) {
    Product size = product(in);
    try (Array left = device.of(type(in), numbers(in.get("left")));
        Array right = device.of(type(in), numbers(in.get("right")));
        Array out = device.allocate(type(in), (long) size.models() * size.rows() * size.columns());
        Array ones = device.allocate(type(in), (long) size.models() * size.columns())) {
      device.multiplyTransposed(size, left, right, out, ones);
      JsonObject result = object("out", hex(device.download(out)));
      result.add("ones", hex(device.download(ones)));
      return result;
    }
  }

  private static JsonObject multiplyByTransposed(Device device, JsonObject in, JsonObject with) {
    Product size = product(in);
    try (Array left = device.of(type(in), numbers(in.get("left")));
        Array right = device.of(type(in), numbers(in.get("right")));
        Array out =
            device.allocate(type(in), (long) size.models() * size.rows() * size.columns())) {
      device.multiplyByTransposed(size, left, right, out);
      return object("out", hex(device.download(out)));
    }
  }

  /** Either product of sparse rows; right has as many numbers as the larger takes. */
  private static JsonObject sparse(Device device, JsonObject in, boolean transposed) {
    int rows = integer(in, "rows");
    int columns = integer(in, "columns");
    int depth = integer(in, "depth");
    int[] starts = integers(in.get("row_starts"));
    int[] ranges = IntStream.range(0, 2 * rows).map(i -> starts[(i + 1) / 2]).toArray();
    Product size = transposed ? Product.of(depth, columns, rows) : Product.of(rows, columns, depth);
    try (Array from = device.of(ranges);
        Array places = device.of(integers(in.get("left_columns")));
        Array values = device.of(type(in), numbers(in.get("left")));
        Array all = device.of(type(in), numbers(in.get("right")));
        Array bias = device.of(type(in), numbers(in.get("bias")));
        Array out = device.allocate(type(in), (long) size.rows() * columns);
        Array ones = device.allocate(type(in), columns)) {
      SparseMatrix left = new SparseMatrix(from, places, values, depth);
      Array right = all.slice(0, (long) size.depth() * columns);
      if (transposed) {
        device.multiplyTransposed(size, left, right, out, ones);
      } else {
        device.multiply(size, left, right, bias, out);
      }
      JsonObject result = object("out", hex(device.download(out)));
      if (transposed) {
        result.add("ones", hex(device.download(ones)));
      }
      return result;
    }
  }

  private static JsonObject loss(Device device, JsonObject in, JsonObject with) {
    Loss loss = Losses.parse(with.get("loss").getAsString());
    ElementType type = type(in);
    double scale = number(in, "scale");
    double[] numbers = numbers(in.get("scores"));
    int rows = numbers.length / integer(in, "classes");
    try (Array scores = device.of(type, numbers);
        Array labels = device.of(integers(in.get("labels")));
        Array direction = device.of(type, numbers(in.get("direction")));
        Array gradient = device.allocate(type, numbers.length);
        Array product = device.allocate(type, numbers.length);
        Array rowLoss = device.allocate(type, rows);
        Array correct = device.allocate(ElementType.I32, rows)) {
      device.loss(loss, scores, labels, scale, gradient, rowLoss, correct);
      JsonObject out = object("loss", hex(device.download(rowLoss)));
      out.add(
          "correct",
          integers(Arrays.stream(device.download(correct)).mapToInt(x -> (int) x).toArray()));
      out.add("gradient", hex(device.download(gradient)));
      if (loss.twiceDifferentiable()) {
        device.lossHessian(loss, scores, labels, rows, scale, direction, product);
        out.add("hessian_product", hex(device.download(product)));
      }
      return out;
    }
  }

  private static JsonObject clip(Device device, JsonObject in, JsonObject with) {
    ElementType type = type(in);
    List<JsonElement> gradients = in.getAsJsonArray("gradients").asList();
    List<Parameter> parameters =
        gradients.stream()
            .map(g -> new Parameter(zeros(device, type, g), device.of(type, numbers(g)), 0))
            .toList();
    try (Tensors tensors = device.tensors(parameters, 0);
        Steps steps = new Steps(device, type.computed(), 1, 1, 1)) {
      steps.number(0, 0, number(with, "largest_norm"));
      steps.start();
      device.clip(tensors, steps, 0, with.get("skip_not_finite").getAsBoolean());
      long[] state = state(device, steps);
      JsonObject out = object("norm", hex(Double.longBitsToDouble(state[Steps.NORM])));
      out.add("factor", hex(Double.longBitsToDouble(state[Steps.FACTOR])));
      out.addProperty("skipped", state[Steps.SKIPPED]);
      return out;
    } finally {
      close(parameters);
    }
  }

  private static Array zeros(Device device, ElementType type, JsonElement like) {
    return device.allocate(type, like.getAsJsonArray().size());
  }

  static void close(List<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      parameter.value().close();
      parameter.gradient().close();
    }
  }

  private static JsonObject gather(Device device, JsonObject in, JsonObject with) {
    ElementType type = type(with);
    int features = integer(in, "features");
    int rows = integer(with, "rows");
    ElementType stored = ElementType.valueOf(in.get("stored").getAsString());
    try (Array values = stored(device, stored, numbers(in.get("values")));
        Array labels = device.of(integers(in.get("labels")));
        Array order = device.of(integers(in.get("order")));
        Array x = device.allocate(type, (long) rows * features);
        Array y = device.allocate(ElementType.I32, rows);
        Steps steps = new Steps(device, type, 1, 1, 1)) {
      steps.integer(0, 0, integer(with, "first"));
      steps.start();
      double scale = number(in, "scale");
      Array affine = null;
      if (with.has("shift")) {
        double[] shift = numbers(with.get("shift"));
        double[] both = Arrays.copyOf(shift, 2 * features);
        System.arraycopy(shift, 0, both, features, features);
        Arrays.fill(both, 0, features, scale);
        affine = device.of(type, both);
      }
      Rows from = new Rows(values, labels, features, scale, affine);
      device.gather(from, order, steps, 0, x, y);
      JsonObject out = object("x", hex(device.download(x)));
      out.add(
          "y",
          integers(Arrays.stream(device.download(y)).mapToInt(label -> (int) label).toArray()));
      if (affine != null) {
        affine.close();
      }
      return out;
    }
  }

  private static Array stored(Device device, ElementType type, double[] values) {
    if (type != ElementType.U8) {
      return device.of(type, values);
    }
    Array array = device.allocate(type, values.length);
    device.upload(array, ByteBuffer.wrap(bytes(values)));
    return array;
  }

  static byte[] bytes(double[] values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
