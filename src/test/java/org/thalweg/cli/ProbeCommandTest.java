package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code thalweg probe}. */
class ProbeCommandTest {
  @TempDir private Path folder;

  private MainTest.Outcome probe(String... words) {
    List<String> all = new ArrayList<>(List.of("probe"));
    all.addAll(List.of(words));
    return MainTest.run(all.toArray(String[]::new));
  }

  @Test
  void tableAndFiles() throws IOException {
    Path out = folder.resolve("run");
    MainTest.Outcome outcome =
        probe("digits", "--device=java", "--c=log:1e-3..1e1:3", "--out=" + out);
    assertEquals(0, outcome.code(), outcome.err());
    String printed = outcome.out();
    assertTrue(printed.contains("1150 training rows, 287 validation rows, 360 test rows"), printed);
    assertTrue(
        printed.contains("best        C 10.00, number 3 of 3, at an end of the path"), printed);
    assertTrue(
        printed.matches("(?s).*test        top-1 0\\.9[0-9]*, top-5 0\\.99[0-9]*\n.*"), printed);
    List<String> csv = Files.readAllLines(out.resolve("probe.csv"));
    assertEquals("c,iterations,reason,objective,training_loss,validation_accuracy", csv.get(0));
    assertEquals(4, csv.size());
    assertTrue(Files.size(out.resolve("accuracy.png")) > 1000);
    MainTest.Outcome eval =
        MainTest.run("eval", out.toString(), "digits", "--device=java", "--json");
    double accuracy = json(eval).get("accuracy").getAsDouble();
    assertTrue(printed.contains("top-1 %.4f".formatted(accuracy)), printed + eval.out());
  }

  private static JsonObject json(MainTest.Outcome outcome) {
    assertEquals(0, outcome.code(), outcome.err());
    List<String> lines = outcome.out().lines().toList();
    return JsonParser.parseString(lines.get(lines.size() - 1)).getAsJsonObject();
  }

  @Test
  @Tag("driver")
  void sameWeightsOnBothDevices() {
    List<String> weights = new ArrayList<>();
    for (String device : List.of("java", "sim")) {
      MainTest.Outcome outcome =
          probe(
              "iris",
              "--device=" + device,
              "--c=1,0.1",
              "--centre",
              "--json",
              "--out=" + folder.resolve(device));
      JsonObject done = json(outcome);
      assertEquals(3, outcome.out().lines().count());
      assertFalse(done.has("top5")); // of three classes
      weights.add(done.get("weights_crc32").getAsString());
    }
    assertEquals(weights.get(0), weights.get(1));
  }

  @Test
  void paths() {
    assertArrayEquals(new double[] {0.1, 1, 10}, ProbeCommand.path("10,0.1,1"));
    double[] path = ProbeCommand.path("log:1e-6..1e5:45");
    assertEquals(45, path.length);
    assertEquals(1e-6, path[0], 1e-20);
    assertEquals(1e5, path[44], 1e-8);
    assertEquals(Math.pow(10, 0.25), path[1] / path[0], 1e-12);
  }

  /** One clear line, and no folder. */
  @Test
  void whatIsRefused() {
    for (String[] wrong :
        new String[][] {
          {"--c", "log:1..2", "must be as log:1e-6..1e5:45"},
          {"--c", "log:0..2:3", "above 0"},
          {"--c", "log:2..1:3", "ascending"},
          {"--c", "1,x", "must be as"},
          {"--c", "1,1", "no two the same"},
          {"--type", "bf16", "must be f32 or f64"},
          {"--validation", "1", "between 0 and 1"},
          {"--iterations", "0", "at least 1"},
          {"--tolerance", "-1", "at least 0"},
        }) {
      Path out = folder.resolve("none");
      MainTest.Outcome outcome = probe("iris", wrong[0] + "=" + wrong[1], "--out=" + out);
      assertEquals(2, outcome.code(), outcome.err());
      assertTrue(outcome.err().contains(wrong[0] + " " + wrong[1]), outcome.err());
      assertTrue(outcome.err().contains(wrong[2]), outcome.err());
      assertFalse(Files.exists(out));
    }
  }
}
