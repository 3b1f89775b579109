package org.thalweg.tools;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;

/**
 * Writes the vectors: for each operation of {@code src/docs/numerics.md}, inputs and the outputs
 * that any implementation must compute from them, bit for bit. The page says how a file is read.
 *
 * <pre>
 *   mvn -q -DskipTests package
 *   java -cp 'target/test-classes:target/classes:target/lib/*' org.thalweg.tools.Vectors
 * </pre>
 *
 * <p>Rules and losses are taken from their registries: a new one has vectors once this has run
 * again. {@code VectorsTest} fails until it has.
 */
public final class Vectors {
  /** Where the files are. */
  public static final Path FOLDER = Path.of("src/test/resources/vectors");

  private final Map<String, JsonObject> inputs = new LinkedHashMap<>();
  private final List<Case> cases = new ArrayList<>();

  /**
   * One call of an operation.
   *
   * @param operation see {@link VectorOperations}
   * @param input the name of its input in the file
   * @param arguments what else it takes
   */
  private record Case(String operation, String input, JsonObject arguments) {}

  /** Writes all files, computed by one thread of Java. */
  public static void main(String[] arguments) throws IOException {
    Files.createDirectories(FOLDER);
    try (Device device = new JavaDevice(1)) {
      for (Map.Entry<String, Vectors> file : VectorInputs.all().entrySet()) {
        Files.writeString(FOLDER.resolve(file.getKey()), file.getValue().text(device));
      }
    }
  }

  /** Adds an input that several cases share. */
  void input(String name, JsonObject input) {
    if (inputs.put(name, input) != null) {
      throw new IllegalArgumentException("two inputs are called " + name);
    }
  }

  /** Adds a case, computed from a shared input. */
  void add(String operation, String input, JsonObject arguments) {
    cases.add(new Case(operation, input, arguments));
  }

  /** The file: a line for each input, a line for each case. */
  public String text(Device device) {
    List<String> lines = new ArrayList<>();
    for (Case one : cases) {
      JsonObject line = new JsonObject();
      line.addProperty("operation", one.operation);
      line.addProperty("input", one.input);
      one.arguments.entrySet().forEach(entry -> line.add(entry.getKey(), entry.getValue()));
      JsonObject input = inputs.get(one.input);
      if (input == null) {
        throw new IllegalArgumentException("no input is called " + one.input);
      }
      line.add("output", VectorOperations.run(device, one.operation, input, one.arguments));
      lines.add(line.toString());
    }
    String shared =
        inputs.entrySet().stream()
            .map(entry -> "\"%s\": %s".formatted(entry.getKey(), entry.getValue()))
            .collect(Collectors.joining(",\n"));
    return "{\"inputs\": {\n%s\n},\n\"cases\": [\n%s\n]}\n"
        .formatted(shared, String.join(",\n", lines));
  }

  // ---- Files as they are read.

  /** The cases of a file. */
  public static List<JsonObject> cases(Path file) throws IOException {
    JsonArray cases = parse(file).getAsJsonArray("cases");
    return cases.asList().stream().map(JsonElement::getAsJsonObject).toList();
  }

  /** Its inputs, by name. */
  public static Map<String, JsonElement> inputs(Path file) throws IOException {
    return parse(file).getAsJsonObject("inputs").asMap();
  }

  private static JsonObject parse(Path file) throws IOException {
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }

  // ---- Numbers as they are written.

  /**
   * Numbers in hexadecimal, which is exact: {@code "0x1.8p3"}, {@code "NaN"}, {@code "Infinity"}.
   */
  public static JsonArray hex(double... numbers) {
    JsonArray array = new JsonArray();
    for (double number : numbers) {
      array.add(Double.toHexString(number));
    }
    return array;
  }

  /** The other way round. */
  public static double[] numbers(JsonElement array) {
    return array.getAsJsonArray().asList().stream()
        .mapToDouble(number -> Double.parseDouble(number.getAsString()))
        .toArray();
  }

  static JsonArray integers(int... numbers) {
    JsonArray array = new JsonArray();
    for (int number : numbers) {
      array.add(number);
    }
    return array;
  }

  static int[] integers(JsonElement array) {
    return array.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray();
  }

  /** Words of 32 bits, eight digits each. */
  static JsonArray words(int... words) {
    JsonArray array = new JsonArray();
    for (int word : words) {
      array.add("%08x".formatted(word));
    }
    return array;
  }

  static int[] words(JsonElement array) {
    return array.getAsJsonArray().asList().stream()
        .mapToInt(word -> Integer.parseUnsignedInt(word.getAsString(), 16))
        .toArray();
  }
}
