package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that are resumed for more epochs, and where data or folder have moved. */
class ResumeTest {
  private static final Pattern CRC = Pattern.compile("\"weights_crc32\":\"(\\w+)\"");

  @TempDir Path folder;

  private static MainTest.Outcome run(Object... words) {
    return MainTest.run(
        Arrays.stream(words)
            .flatMap(word -> Stream.of(word.toString().split(" ")))
            .toArray(String[]::new));
  }

  private static String crc(MainTest.Outcome outcome) {
    assertEquals(0, outcome.code(), outcome.err());
    Matcher matcher = CRC.matcher(outcome.out());
    assertTrue(matcher.find(), outcome.out());
    return matcher.group(1);
  }

  private Path csv(String name) throws IOException {
    String rows =
        IntStream.range(0, 60)
            .mapToObj(i -> "%d,%d,%s\n".formatted(i % 7, i % 11, i % 3 == 0 ? "a" : "b"))
            .collect(Collectors.joining());
    return Files.writeString(folder.resolve(name), "x,y,kind\n" + rows);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--schedule step:every=2,factor=0.5",
        "--schedule inverse:decay=0.01",
        "--warmup 50",
        "--validation 0.2",
        "--optimizer nesterov:mu=0.9 --l2 0.01"
      })
  void moreEpochsEndWithTheBitsOfALongerRun(String options) {
    String words = ("train digits --json " + options).strip();
    String longer = crc(run(words, "--epochs 5 --out", folder.resolve("longer")));
    run(words, "--epochs 3 --checkpoint-every 1 --out", folder.resolve("run"));
    MainTest.Outcome resumed = run("train --json --epochs 5 --resume", folder.resolve("run"));
    assertEquals(longer, crc(resumed));
    assertEquals("", resumed.err());
    // Once more: its checkpoint is that of the longer run now.
    assertEquals(longer, crc(run("train --json --resume", folder.resolve("run"))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cosine", "linear"})
  void aScheduleThatDependsOnTheEpochsIsWarnedOf(String schedule) {
    run("train digits --epochs 3 --checkpoint-every 1 --schedule", schedule, "--out", out());
    MainTest.Outcome resumed = run("train --epochs 5 --resume", out());
    assertEquals(0, resumed.code(), resumed.err());
    assertTrue(resumed.err().startsWith("thalweg: warning: under this schedule"), resumed.err());
    assertEquals("", run("train --epochs 5 --resume", out()).err()); // as many as before
  }

  private Path out() {
    return folder.resolve("run");
  }

  @Test
  void fewerEpochsThanAreDoneAreRefused() {
    run("train digits --epochs 3 --checkpoint-every 1 --out", out());
    MainTest.Outcome resumed = run("train --epochs 2 --resume", out());
    assertEquals(1, resumed.code());
    assertTrue(
        resumed
            .err()
            .contains(": it is in epoch 3 already: epochs must be at least that, not 2 (--epochs)"),
        resumed.err());
  }

  @Test
  void dataAndFolderMayMove() throws IOException {
    Path data = csv("rows.csv");
    String words = "train " + data + " --label kind --json --checkpoint-every 1 --epochs";
    String longer = crc(run(words, "6 --out", folder.resolve("longer")));
    run(words, "2 --out", out());
    Path moved =
        Files.move(data, Files.createDirectory(folder.resolve("elsewhere")).resolve("r.csv"));
    Path place = Files.move(out(), folder.resolve("moved"));

    MainTest.Outcome lost = run("train --json --resume", place);
    assertEquals(1, lost.code());
    assertTrue(
        lost.err().contains(data + "")
            && lost.err().contains("thalweg train --resume " + place + " DATA"),
        lost.err());
    assertEquals(longer, crc(run("train", moved, "--json --epochs 6 --resume", place)));
    assertEquals(longer, crc(run("train --json --resume", place)));

    Files.writeString(moved, Files.readString(moved).replaceFirst("0,0,a", "1,0,a"));
    MainTest.Outcome other = run("train --json --resume", place);
    assertEquals(1, other.code());
    assertTrue(
        other
            .err()
            .contains(
                "checkpoint.safetensors: the training rows are not those that it was saved with:"
                    + " they have changed, or are of other data; what was read now is "
                    + moved
                    + ": restore it as it was, or train anew"),
        other.err());
  }
}
