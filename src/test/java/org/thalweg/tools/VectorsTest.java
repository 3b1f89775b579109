package org.thalweg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.device.Device;
import org.thalweg.device.OnDevice;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.Losses;
import org.thalweg.optim.Optimizers;

/** Every device computes the vectors' outputs from their inputs, and no vectors are missing. */
public class VectorsTest {
  private static final long MOST_BYTES = 2_000_000;

  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
    }
  }

  @Nested
  class ByVectorApi extends Body {
    ByVectorApi() {
      super(TestDevices.JAVA_VECTORS);
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
    Body(TestDevices which) {
      super(which);
    }

    static List<Path> files() throws IOException {
      return VectorsTest.files();
    }

    @ParameterizedTest
    @MethodSource("files")
    void outputs(Path file) throws IOException {
      Map<String, JsonElement> inputs = Vectors.inputs(file);
      List<JsonObject> cases = Vectors.cases(file);
      assertTrue(cases.size() > 1, file + " has hardly any case");
      for (JsonObject one : cases) {
        JsonElement input = inputs.get(one.get("input").getAsString());
        assertNotNull(input, () -> one + " has no input");
        JsonObject expected = one.remove("output").getAsJsonObject();
        JsonObject actual =
            VectorOperations.run(
                device, one.get("operation").getAsString(), input.getAsJsonObject(), one);
        assertEquals(expected.keySet(), actual.keySet(), one::toString);
        for (String part : expected.keySet()) {
          assertEquals(
              expected.get(part).toString(),
              actual.get(part).toString(),
              () -> "%s: %s of %s".formatted(file.getFileName(), part, one));
        }
      }
    }
  }

  private static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(Vectors.FOLDER)) {
      return files.sorted().toList();
    }
  }

  @Test
  void filesAreWhatTheToolWrites() throws IOException {
    Map<String, Vectors> written = VectorInputs.all();
    Set<String> found = new TreeSet<>();
    files().forEach(file -> found.add(file.getFileName().toString()));
    assertEquals(new TreeSet<>(written.keySet()), found);
    try (Device device = TestDevices.JAVA_1.open()) {
      for (Map.Entry<String, Vectors> file : written.entrySet()) {
        String there = Files.readString(Vectors.FOLDER.resolve(file.getKey()));
        assertTrue(
            there.equals(file.getValue().text(device)),
            file.getKey() + " is not what org.thalweg.tools.Vectors writes");
      }
    }
  }

  @Test
  void everyRuleAndLossHasVectors() throws IOException {
    Map<String, Set<String>> of = new HashMap<>();
    for (Path file : files()) {
      Map<String, JsonElement> inputs = Vectors.inputs(file);
      for (JsonObject one : Vectors.cases(file)) {
        JsonObject input = inputs.get(one.get("input").getAsString()).getAsJsonObject();
        JsonElement name = one.has("rule") ? one.get("rule") : one.get("loss");
        String operation = one.get("operation").getAsString();
        if (List.of("update", "loss", "objective").contains(operation)) {
          JsonElement type = input.has("type") ? input.get("type") : one.get("type");
          of.computeIfAbsent(operation + " " + type.getAsString(), key -> new TreeSet<>())
              .add(
                  one.has("rule")
                      ? name.getAsString().replaceFirst(":.*", "")
                      : name.getAsString());
        }
      }
    }
    for (String type : List.of("F32", "F64", "BF16")) {
      assertEquals(new TreeSet<>(Optimizers.names()), of.get("update " + type));
    }
    Set<String> losses =
        Losses.examples().stream().map(Losses::text).collect(Collectors.toCollection(TreeSet::new));
    for (String type : List.of("F32", "F64")) {
      assertEquals(losses, of.get("loss " + type));
      assertEquals(losses, of.get("objective " + type));
    }
  }

  @Test
  void theyAreSmall() throws IOException {
    long bytes = 0;
    for (Path file : files()) {
      bytes += Files.size(file);
    }
    assertTrue(bytes <= MOST_BYTES, bytes + " bytes");
  }
}
