package org.thalweg.cli;

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
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.compare.Surfaces;
import org.thalweg.optim.Optimizers;

/** {@code thalweg compare}: what is printed, and what it leaves. */
class CompareCommandTest {
  @TempDir Path folder;

  private MainTest.Outcome compare(String name, String out, String... options) {
    List<String> words = new ArrayList<>(List.of("compare", name, "--device", "java"));
    words.addAll(List.of("--out", folder.resolve(out).toString()));
    words.addAll(List.of(options));
    MainTest.Outcome outcome = MainTest.run(words.toArray(String[]::new));
    assertEquals("", outcome.err());
    assertEquals(0, outcome.code());
    return outcome;
  }

  private static JsonObject object(MainTest.Outcome outcome, int line) {
    return JsonParser.parseString(outcome.out().lines().toList().get(line)).getAsJsonObject();
  }

  private List<String> lines(String file) throws IOException {
    return Files.readAllLines(folder.resolve(file));
  }

  private Set<String> files(String out) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(out))) {
      return new TreeSet<>(files.map(file -> String.valueOf(file.getFileName())).toList());
    }
  }

  @Test
  void everySurface() throws IOException {
    for (String name : Surfaces.names()) {
      MainTest.Outcome outcome = compare(name, name, "--optimizers=adam");
      assertEquals(Set.of("all.png", "adam.png", "trajectories.csv"), files(name));
      assertTrue(ImageIO.read(folder.resolve(name).resolve("all.png").toFile()).getWidth() > 0);
      List<String> csv = lines(name + "/trajectories.csv");
      assertEquals("optimizer,step,x,y,value", csv.get(0));
      assertEquals(1 + 201, csv.size());
      List<String> printed = outcome.out().lines().toList();
      assertTrue(printed.get(1).startsWith("surface     " + name + ": "), printed.get(1));
      assertTrue(printed.get(5).matches("adam( +[-0-9.e]+){5}"), printed.get(5));
      assertTrue(outcome.out().contains("written     " + folder.resolve(name)), outcome.out());
    }
  }

  /**
   * On the round bowl, from (4, 0), a rate of 1/2 halves x at each step; one of 1e300 is too much.
   */
  @Test
  void aWayThatArrivesAndOneThatLeaves() throws IOException {
    String[] options = {
      "--optimizers=sgd,momentum:mu=0,lr=1e300",
      "--lr=0.5",
      "--condition=1",
      "--start=4,0",
      "--steps=20"
    };
    MainTest.Outcome outcome = compare("bowl", "text", options);
    List<String> printed = outcome.out().lines().toList();
    assertTrue(printed.get(5).matches("sgd +0.5 +7.28e-12 +3.81e-06 +0.00 +12"), printed.get(5));
    assertTrue(
        printed
            .get(6)
            .matches("momentum:mu=0,lr=1e300 +1e300 +the value is not finite after step 1"),
        printed.get(6));
    assertEquals(
        Set.of("all.png", "momentum-mu=0-lr=1e300.png", "sgd.png", "trajectories.csv"),
        files("text"));
    List<String> csv = lines("text/trajectories.csv");
    assertEquals("sgd,20,3.814697265625E-6,0.0,7.275957614183426E-12", csv.get(21));
    assertEquals("\"momentum:mu=0,lr=1e300\",0,4.0,0.0,8.0", csv.get(22));

    List<String> json = new ArrayList<>(List.of(options));
    json.add("--json");
    MainTest.Outcome objects = compare("bowl", "json", json.toArray(String[]::new));
    assertEquals(3, objects.out().lines().count());
    assertEquals(12, object(objects, 0).get("arrives").getAsInt());
    assertEquals(0x1p-18, object(objects, 0).get("x").getAsDouble());
    assertTrue(object(objects, 0).get("finite").getAsBoolean());
    assertFalse(object(objects, 1).get("finite").getAsBoolean());
    assertFalse(object(objects, 1).has("value"));
    assertEquals("done", object(objects, 2).get("event").getAsString());
    assertEquals(files("text"), files("json"));
    assertEquals(csv, lines("json/trajectories.csv"));
  }

  /** The same start and the same minibatches as a training alone. */
  @Test
  void curvesAreThoseOfTrain() throws IOException {
    String[] options = {"--epochs=2", "--seed=5", "--batch=50", "--l2=1e-3", "--warmup=3"};
    List<String> rules = List.of("momentum:mu=0.5,lr=0.02", "adam:lr=0.01");
    List<String> expected = new ArrayList<>(List.of("optimizer,epoch,loss,accuracy,lr"));
    List<String> scores = new ArrayList<>();
    for (String rule : rules) {
      List<String> words = new ArrayList<>(List.of("train", "digits", "--device=java", "--json"));
      words.addAll(List.of(options));
      words.addAll(List.of("--optimizer=" + rule, "--out=" + folder.resolve(rule.substring(0, 4))));
      MainTest.Outcome alone = MainTest.run(words.toArray(String[]::new));
      assertEquals(0, alone.code(), alone.err());
      List<String> metrics = lines(rule.substring(0, 4) + "/metrics.csv");
      metrics.subList(1, 3).forEach(row -> expected.add(DataComparison.quoted(rule) + "," + row));
      scores.add(scores(object(alone, 2)));
    }
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("--optimizers=" + String.join(",", rules), "--json"));
    MainTest.Outcome outcome = compare("digits", "json", all.toArray(String[]::new));
    assertEquals(expected, lines("json/curves.csv"));
    assertEquals(Set.of("curves.csv", "curves.png"), files("json"));
    assertEquals(scores, List.of(scores(object(outcome, 0)), scores(object(outcome, 1))));
    assertEquals("done", object(outcome, 2).get("event").getAsString());
    assertEquals(3, outcome.out().lines().count());
  }

  private static String scores(JsonObject object) {
    List<String> scores = new ArrayList<>();
    for (String name : List.of("train_loss", "train_accuracy", "test_loss", "test_accuracy")) {
      scores.add(name + " " + object.get(name));
    }
    return String.join(", ", scores);
  }

  @Test
  void aTrainingThatDivergesEndsAlone() throws IOException {
    MainTest.Outcome outcome =
        compare("digits", "new", "--optimizers=sgd:lr=1e38,sgd,adam", "--epochs=2", "--rates=0.01");
    List<String> printed = outcome.out().lines().toList();
    assertTrue(
        printed.get(4).matches("sgd:lr=1e38 +1e38  epoch 1, step 2 of 45: the loss became .*"),
        printed.get(4));
    String number = " +[01]\\.[0-9]+";
    assertTrue(printed.get(5).matches("sgd +0.01( +[012]\\.[0-9]+){5}"), printed.get(5));
    assertTrue(
        printed.get(6).matches("adam +0.01( +\\*[01]\\.[0-9]+){4}" + number), printed.get(6));
    assertEquals(5, lines("new/curves.csv").size());
    assertEquals(Set.of("curves.csv", "curves.png"), files("new"));
  }

  /** What is printed for an optimizer can be typed, and gives the same training again. */
  @Test
  void eachIsShownAtTheBestOfTheRates() throws IOException {
    String[] options = {"--optimizers=sgd,adam:beta1=0.8", "--epochs=2", "--json"};
    MainTest.Outcome found = compare("digits", "found", options);
    StringBuilder again = new StringBuilder("--optimizers=");
    for (int i = 0; i < 2; i++) {
      JsonObject one = object(found, i);
      List<Double> rates =
          one.getAsJsonArray("rates").asList().stream().map(rate -> rate.getAsDouble()).toList();
      double lr = one.get("lr").getAsDouble();
      assertTrue(rates.size() >= 5 && rates.contains(lr), one::toString);
      assertTrue(rates.size() == 9 || rates.indexOf(lr) % (rates.size() - 1) != 0, one::toString);
      String name = one.get("optimizer").getAsString();
      again.append(name).append(name.contains(":") ? "," : ":").append("lr=" + lr + ",");
    }
    again.setLength(again.length() - 1);
    MainTest.Outcome same = compare("digits", "same", again + "", "--epochs=2", "--json");
    for (int i = 0; i < 2; i++) {
      assertEquals(scores(object(found, i)), scores(object(same, i)));
    }
    MainTest.Outcome three =
        compare("rosenbrock", "three", "--optimizers=sgd", "--rates=1e-5,1e-3,10", "--json");
    assertEquals(1e-3, object(three, 0).get("lr").getAsDouble());
  }

  @Test
  void noLineIsLongerThanSixtyColumns() throws IOException {
    for (String name : List.of("digits", "rosenbrock")) {
      String out = name.equals("digits") ? "--epochs=1" : "--steps=20";
      compare(name, name, out)
          .out()
          .lines()
          .filter(line -> !line.matches("(device|data|surface|start|left|written) .*"))
          .forEach(line -> assertTrue(line.length() <= 60, line));
    }
  }

  @Test
  void withoutEpochsThereAreNoCurves() throws IOException {
    compare("digits", "new", "--epochs=0");
    assertEquals(Set.of("curves.csv"), files("new"));
  }

  @Test
  void badDataLeavesNothing() throws IOException {
    Path csv = Files.writeString(folder.resolve("bad.csv"), "1,2,0\n3,4,x\n5,6\n");
    Path out = folder.resolve("new");
    MainTest.Outcome outcome = MainTest.run("compare", csv + "", "--out", out.resolve("run") + "");
    assertEquals(1, outcome.code());
    assertTrue(outcome.err().contains(csv + ""), outcome.err());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
    assertFalse(Files.exists(out));
  }

  @Test
  void theTableOfOptimizersIsInTheirHelp() {
    String out = MainTest.run("train", "--optimizer", "help").out();
    for (String name : Optimizers.names()) {
      assertTrue(out.lines().anyMatch(l -> l.matches(name + "( +(yes|-)){4}")), out + name);
    }
    assertTrue(out.lines().anyMatch(l -> l.matches("amsgrad +yes +yes +- +yes")), out);
  }
}
