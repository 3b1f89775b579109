package org.thalweg.train;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.model.Safetensors;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Rounding;

/**
 * What an optimizer does in a recorded step: a rule, the parameters it updates with their state,
 * and its columns of a step table. {@link Updater} is a whole step of its own made of one.
 */
public final class OptimizerStep implements AutoCloseable {
  private static final String FORMAT = "thalweg.optimizer";
  private static final String VERSION = "1";

  private final Device device;
  private final Optimizer rule;
  private final List<Group> groups;
  private final UpdateOptions options;
  private final ElementType type;
  private final Tensors tensors;

  /** Allocates the state, as it is before the first update. */
  public OptimizerStep(
      Device device,
      Optimizer rule,
      List<Parameter> parameters,
      List<Group> groups,
      UpdateOptions options) {
    for (Parameter parameter : parameters) {
      if (parameter.group() >= groups.size()) {
        throw new IllegalArgumentException(
            "a parameter is of group %d, and there are %d groups"
                .formatted(parameter.group(), groups.size()));
      }
    }
    this.device = device;
    this.rule = rule;
    this.groups = List.copyOf(groups);
    this.options = options;
    type = parameters.isEmpty() ? ElementType.F32 : parameters.get(0).value().type();
    tensors = device.tensors(parameters, rule);
  }

  /** The type of its step table: what the parameters are computed in. */
  public ElementType type() {
    return type.computed();
  }

  /** Cells that it takes of a row of the step table. */
  public int columns() {
    return first() + groups.size() * Group.columns(rule);
  }

  /** Cells before those of the first group: the largest norm, the rounding. */
  private int first() {
    return rounding() + (type == ElementType.BF16 ? Rounding.COLUMNS : 0);
  }

  private int rounding() {
    return options.clips() ? 1 : 0;
  }

  /**
   * Fills its columns with the numbers of one update.
   *
   * @param column where they begin
   * @param lr the learning rate, before a group's factor
   * @param t the number of the update, from 1
   */
  public void fill(Steps steps, int row, int column, double lr, long t) {
    if (options.clips()) {
      // The device takes the norm of the gradients as they come.
      steps.number(row, column, options.largestNorm() / Math.abs(options.gradientScale()));
    }
    if (type == ElementType.BF16) {
      steps.integer(row, column + rounding(), options.rounding().key(t));
    }
    int at = column + first();
    for (Group group : groups) {
      steps.numbers(row, at, group.numbers(rule, steps.type(), lr, t, options.gradientScale()));
      at += Group.columns(rule);
    }
  }

  /** Whether {@link #lookAhead} does anything. */
  public boolean looksAhead() {
    return rule.lookAhead() != null;
  }

  /** Moves the parameters to where the rule takes their gradients. */
  public void lookAhead(Steps steps, int column) {
    Optimizer move = rule.lookAhead();
    if (move != null) {
      device.update(move, tensors, steps, column + rounding());
    }
  }

  /** Clips where that is asked for, and updates. */
  public void apply(Steps steps, int column) {
    if (options.clips()) {
      device.clip(tensors, steps, column, options.skipNotFinite());
    }
    device.update(rule, tensors, steps, column + rounding());
  }

  /**
   * Writes state and F32 masters of BF16 parameters as safetensors, {@code state.k.i} and {@code
   * master.i} for the i-th parameter, with the rule and the number of updates. The parameters
   * themselves are the caller's to save.
   *
   * @param updates how many have been applied
   * @param replace whether a file of that name makes room for it
   * @throws java.nio.file.FileAlreadyExistsException if there is such a file, and it is not to be
   *     replaced
   */
  public void save(Path file, long updates, boolean replace) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(FORMAT, VERSION);
    metadata.put("rule", rule.name());
    metadata.put("hyperparameters", hyperparameters().toString());
    metadata.put("updates", Long.toString(updates));
    Map<String, Safetensors.Tensor> contents = new LinkedHashMap<>();
    arrays().forEach((name, array) -> contents.put(name, tensor(device, array)));
    Safetensors.write(file, metadata, contents, replace);
  }

  /**
   * Reads what {@link #save} has written, for the same rule, parameters of the same type and counts
   * in the same order, on any device. A file that does not fit is refused before anything is
   * changed.
   *
   * @return how many updates had been applied
   * @throws IOException if the file is no such file, or does not fit; the message names the file
   *     and the place
   */
  public long load(Path file) throws IOException {
    try (Safetensors saved = new Safetensors(file)) {
      Map<String, String> metadata = saved.metadata();
      expect(file, "metadata " + FORMAT, VERSION, metadata.get(FORMAT));
      expect(file, "metadata rule", rule.name(), metadata.get("rule"));
      expect(
          file,
          "metadata hyperparameters",
          hyperparameters(),
          json(metadata.getOrDefault("hyperparameters", "")));
      String updates = metadata.getOrDefault("updates", "");
      if (!updates.matches("0|[1-9][0-9]{0,17}")) {
        throw wrong(file, "metadata updates", "a number of updates", updates);
      }
      Map<String, Array> arrays = arrays();
      expect(file, "tensors", arrays.keySet(), saved.tensors().keySet());
      expectShapes(file, arrays, saved.tensors());
      for (Map.Entry<String, Array> array : arrays.entrySet()) {
        read(saved, array.getKey(), device, array.getValue());
      }
      return Long.parseLong(updates);
    }
  }

  /** Each array's type and count, for those of the tensors that have its name. */
  static void expectShapes(
      Path file, Map<String, Array> arrays, Map<String, Safetensors.Entry> tensors)
      throws IOException {
    for (Map.Entry<String, Array> array : arrays.entrySet()) {
      Safetensors.Entry entry = tensors.get(array.getKey());
      String dtype = array.getValue().type().name();
      expect(file, "tensor " + array.getKey(), dtype, entry == null ? null : entry.dtype());
      List<Long> shape = List.of(array.getValue().count());
      expect(file, "tensor " + array.getKey(), shape, entry == null ? null : entry.shape());
    }
  }

  /** An array as it is saved: its elements in a row, each NaN as the canonical one. */
  static Safetensors.Tensor tensor(Device device, Array array) {
    return new Safetensors.Tensor(
        array.type(),
        List.of(array.count()),
        (at, piece) -> {
          device.download(piece(array, at, piece), piece);
          oneNaN(array.type(), piece);
        });
  }

  /** The other way round. */
  static void read(Safetensors saved, String name, Device device, Array array) throws IOException {
    saved.read(name, (at, piece) -> device.upload(piece(array, at, piece), piece));
  }

  static void expect(Path file, String what, Object expected, @Nullable Object found)
      throws IOException {
    if (!expected.equals(found)) {
      throw wrong(file, what, expected, found);
    }
  }

  static IOException wrong(Path file, String what, Object expected, @Nullable Object found) {
    String message = "%s: %s: %s is needed, not %s".formatted(file, what, expected, found);
    return new IOException(message.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?"));
  }

  private JsonElement hyperparameters() {
    return new Gson().toJsonTree(rule);
  }

  /**
   * Null where it is no JSON. Numbers are compared by value: how a double is written has changed in
   * Java 19.
   */
  private static @Nullable JsonElement json(String text) {
    try {
      return JsonParser.parseString(text);
    } catch (JsonParseException e) {
      return null;
    }
  }

  /** What is saved, by name. */
  Map<String, Array> arrays() {
    Map<String, Array> arrays = new LinkedHashMap<>();
    for (int i = 0; i < tensors.parameters().size(); i++) {
      if (type == ElementType.BF16) {
        arrays.put("master." + i, tensors.master(i));
      }
      for (int k = 0; k < tensors.states(); k++) {
        arrays.put("state." + k + "." + i, tensors.state(i, k));
      }
    }
    return arrays;
  }

  private static Array piece(Array array, long at, ByteBuffer bytes) {
    int size = array.type().bytes();
    return array.slice(at / size, bytes.remaining() / size);
  }

  /** So that each device writes the same file. */
  private static void oneNaN(ElementType type, ByteBuffer bytes) {
    ByteBuffer numbers = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < numbers.limit(); i += type.bytes()) {
      if (type == ElementType.F32 && Float.isNaN(numbers.getFloat(i))) {
        numbers.putFloat(i, Float.NaN);
      } else if (type == ElementType.F64 && Double.isNaN(numbers.getDouble(i))) {
        numbers.putDouble(i, Double.NaN);
      }
    }
  }

  @Override
  public void close() {
    tensors.close();
  }
}
