package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.Child;
import org.thalweg.loss.Losses;

/** Losses and accuracies: train and eval print the same for the same model and rows. */
class MeasureTest {
  @TempDir Path folder;

  private static List<JsonObject> json(Object... words) {
    MainTest.Outcome outcome =
        MainTest.run(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
    assertEquals(0, outcome.code(), outcome.err());
    return outcome.out().lines().map(l -> JsonParser.parseString(l).getAsJsonObject()).toList();
  }

  private static JsonObject last(List<JsonObject> lines) {
    return lines.get(lines.size() - 1);
  }

  /** Options of train; each loss, type, device and kind of method occurs. */
  static Stream<Arguments> trainings() {
    List<String> minibatches =
        Losses.names().stream()
            .flatMap(
                loss ->
                    Stream.of("f32 --device java", "f64 --device sim")
                        .map(rest -> "--epochs 2 --model " + loss + " --type " + rest))
            .toList();
    return Stream.concat(
            minibatches.stream().flatMap(o -> Stream.of(o, o + " --l1 1e-3 --l2 0.01 --centre")),
            Stream.of(
                "--method lbfgs --iterations 3 --l2 0.01",
                "--method gradient-descent --iterations 3 --lr 0.1 --type f32 --centre"))
        .map(Arguments::of);
  }

  @ParameterizedTest
  @MethodSource("trainings")
  void trainAndEvalPrintTheSame(String options) {
    Path out = folder.resolve("run");
    List<String> words = List.of(options.split(" "));
    List<Object> train = new ArrayList<>(List.of("train", "digits", "--json", "--out", out));
    train.addAll(words);
    JsonObject done = last(json(train.toArray()));
    for (String part : List.of("train", "test")) {
      String device = options.contains("sim") ? "java" : "sim"; // the other one
      JsonObject eval =
          last(json("eval", out, "digits", "--json", "--device", device, "--part", part));
      assertEquals(done.get(part + "_loss"), eval.get("loss"), part);
      assertEquals(done.get(part + "_accuracy"), eval.get("accuracy"), part);
    }
    double loss = done.get("train_loss").getAsDouble();
    double objective = done.get("objective").getAsDouble();
    assertTrue(options.contains("--l2") ? objective > loss : objective == loss, done.toString());
  }

  /** Weights of about 1, which do not change: all measures are near each other. */
  @Test
  void noMeasureHasThePenalty() {
    List<JsonObject> lines =
        json(
            Stream.concat(
                    Stream.of("train digits --lr 0 --l2 1 --init-scale 1 --epochs 1".split(" ")),
                    Stream.of("--validation", 0.2, "--json", "--out", folder.resolve("run")))
                .toArray());
    JsonObject epoch = lines.get(0);
    JsonObject done = last(lines);
    double loss = epoch.get("loss").getAsDouble();
    assertEquals(loss, epoch.get("validation_loss").getAsDouble(), 1);
    assertEquals(loss, done.get("train_loss").getAsDouble(), 1e-5);
    assertEquals(loss, done.get("test_loss").getAsDouble(), 1);
    assertTrue(done.get("objective").getAsDouble() > 100 * loss, done.toString());
  }

  /** Whatever ends the run: its last epoch, or patience, here two epochs after the best. */
  @ParameterizedTest
  @CsvSource({"0, 3, finished", "5, 3, finished", "2, 30, patience"})
  void theBestEpochIsKept(int patience, int epochs, String outcome) {
    List<JsonObject> lines =
        json(
            Stream.concat(
                    Stream.of("train digits --lr 0.3 --validation 0.2 --json".split(" ")),
                    Stream.of(
                        "--patience",
                        patience,
                        "--epochs",
                        epochs,
                        "--out",
                        folder.resolve("run" + patience)))
                .toArray());
    JsonObject done = last(lines);
    JsonObject best =
        lines.stream()
            .filter(line -> line.has("validation_loss"))
            .min(Comparator.comparing(line -> line.get("validation_loss").getAsDouble()))
            .orElseThrow();
    assertEquals(outcome, done.get("outcome").getAsString());
    assertEquals(best.get("epoch"), done.get("best_epoch"));
    if (epochs == 3) {
      assertEquals(2, done.get("best_epoch").getAsInt());
      assertEquals("1f0b648b", done.get("weights_crc32").getAsString());
    }
  }

  /** What {@link #whatCannotBeScoredIsNotTrained} starts. */
  static final class Train {
    private Train() {}

    public static void main(String[] arguments) {
      String out = System.getProperty("out");
      String words = "train digits --device sim --epochs 1 --batch 8 --json --out " + out;
      MainTest.Outcome outcome = MainTest.run(words.split(" "));
      System.out.println(outcome.code() + " " + outcome.out().lines().count() + outcome.err());
    }
  }

  /** With less and less memory: a whole run, or a refusal before the first epoch. */
  @Test
  void whatCannotBeScoredIsNotTrained() throws Exception {
    int refused = 0;
    for (int memory : new int[] {1_000_000, 400_000, 330_000, 290_000, 200_000}) {
      String out =
          Child.run(
              Train.class,
              Map.of("THALWEG_SIM_MEMORY", "" + memory),
              "-Dout=" + folder.resolve("run" + memory));
      if (out.startsWith("1 ")) {
        assertTrue(out.startsWith("1 0thalweg: training and scoring needs "), out);
        refused++;
      } else {
        assertEquals("0 2", out);
      }
    }
    assertTrue(refused > 0 && refused < 5, refused + " refused");
  }

  /** The loss of the row 3e38 is infinite under every weight that is not 0. */
  @Test
  void aLossThatIsInfiniteIsReported() throws IOException {
    Path csv = folder.resolve("rows.csv");
    List<String> rows =
        IntStream.range(0, 10).mapToObj(i -> (i == 4 ? "3e38" : "" + i) + "," + i / 5).toList();
    Files.writeString(csv, "x,label\n" + String.join("\n", rows) + "\n");
    Path out = folder.resolve("run");
    JsonObject done =
        last(
            json(
                "train",
                csv,
                "--lr",
                1,
                "--optimizer",
                "sgd",
                "--epochs",
                20,
                "--json",
                "--out",
                out));
    assertEquals("Infinity", done.get("test_loss").getAsString());
    assertEquals("Infinity", last(json("eval", out, csv, "--json")).get("loss").getAsString());
    MainTest.Outcome eval = MainTest.run("eval", out.toString(), csv.toString());
    assertTrue(eval.out().contains("loss Infinity"), eval.out());
  }
}
