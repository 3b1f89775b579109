package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.thalweg.lecture.Demonstration;
import org.thalweg.lecture.Evidence;
import org.thalweg.lecture.Gallery;
import org.thalweg.lecture.Lecture;
import org.thalweg.lecture.Lesson;
import org.thalweg.numeric.Nearest;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code thalweg lecture}. */
@Command(
    name = "lecture",
    header = "Tests the claims of a lecture on optimization by experiment.",
    description = {
      "Each claim has an experiment on the digits or on a function of few variables. Prints what"
          + " was measured and whether the claim holds; writes index.html with the pictures to a"
          + " new folder, and if all claims are tested also pictures that compare the optimizers."
          + " Takes some seconds on java and some minutes on sim; the figures are the same.",
      "Exit code: 0 done, whether the claims hold or not; 1 failed, 2 wrong usage."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExample%n",
    footer = "  thalweg lecture numeric-gradient",
    sortOptions = false,
    abbreviateSynopsis = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n")
final class LectureCommand implements Callable<Integer> {
  private static final int WIDTH = 60; // of the narrowest terminal
  private static final String INDENT = " ".repeat(7);

  /** The names that the help lists. */
  static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Lecture.lessons().stream().map(Lesson::name).iterator();
    }
  }

  @Parameters(
      arity = "0..*",
      paramLabel = "CLAIM",
      completionCandidates = Names.class,
      description = "${COMPLETION-CANDIDATES}. Default: all.")
  private List<String> claims = List.of();

  @ArgGroup(validate = false, heading = "%nDevice%n")
  private DeviceOptions device = new DeviceOptions();

  @ArgGroup(validate = false, heading = "%nOutput%n")
  private Output output = new Output();

  /** Options for the output. */
  static final class Output {
    @Option(
        names = "--out",
        paramLabel = "DIR",
        description = "A new folder. Default: the first of runs/lecture-1, -2, ... that is free.")
    private @Nullable Path out;

    @Option(
        names = "--json",
        description = "Prints one JSON object for each claim and one at the end, and nothing else.")
    private boolean json;
  }

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    List<Lesson> lessons = lessons();
    Path out = output.out;
    if (out != null && Files.exists(out)) {
      throw exists(out);
    }
    try (DeviceChoice.Opened opened = device.open()) {
      RunFolder folder = RunFolder.create(out, "lecture");
      folder.fillOrLeaveNothing(() -> examine(lessons, opened, folder));
    } catch (FileAlreadyExistsException e) {
      throw exists(Path.of(e.getFile()));
    }
    return 0;
  }

  private void examine(List<Lesson> lessons, DeviceChoice.Opened opened, RunFolder folder)
      throws IOException {
    PrintWriter print = spec.commandLine().getOut();
    Gallery gallery =
        new Gallery(
            (file, picture) -> folder.draw(file, () -> picture, spec.commandLine().getErr()));
    if (!output.json) {
      print.printf("device      %s%n%n", opened);
      print.flush();
    }
    int held = 0;
    for (Lesson lesson : lessons) {
      Evidence evidence = Lecture.examine(lesson, opened.device());
      print(print, lesson, evidence);
      gallery.add(lesson, evidence);
      held += evidence.holds() ? 1 : 0;
    }
    if (claims.isEmpty()) {
      for (Demonstration demonstration : Lecture.demonstrations()) {
        gallery.add(demonstration, Lecture.figures(demonstration, opened.device()));
      }
    }
    try {
      gallery.write(folder.file(Gallery.INDEX), opened.device().description());
    } catch (IOException e) {
      throw folder.failed(Gallery.INDEX, e);
    }
    end(print, lessons.size(), held, folder.file(Gallery.INDEX));
  }

  private List<Lesson> lessons() {
    for (String claim : claims) {
      if (Lecture.lessons().stream().noneMatch(lesson -> lesson.name().equals(claim))) {
        throw Usage.wrong(
            spec,
            "CLAIM %s: %s",
            claim,
            Nearest.advice(claim, Lecture.lessons().stream().map(Lesson::name).toList()));
      }
    }
    return Lecture.lessons().stream()
        .filter(lesson -> claims.isEmpty() || claims.contains(lesson.name()))
        .toList();
  }

  private ParameterException exists(Path out) {
    return Usage.wrong(spec, "--out %s exists already; name a new folder", out);
  }

  private void print(PrintWriter print, Lesson lesson, Evidence evidence) {
    if (output.json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("event", "claim");
      object.put("name", lesson.name());
      object.put("claim", lesson.claim());
      object.put("holds", evidence.holds());
      object.put("figures", evidence.measured());
      print.println(Environment.JSON.toJson(object));
    } else {
      print.printf("%-7s%s%n", evidence.holds() ? "holds" : "FALSE", lesson.name());
      lines(evidence.measured()).forEach(line -> print.println(INDENT + line));
    }
    print.flush();
  }

  private void end(PrintWriter print, int lessons, int held, Path index) {
    if (output.json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("event", "done");
      object.put("claims", lessons);
      object.put("hold", held);
      object.put("gallery", index.toString());
      print.println(Environment.JSON.toJson(object));
    } else {
      print.printf("%n%d of %d claims hold; the pictures: %s%n", held, lessons, index);
    }
    print.flush();
  }

  /** Breaks a text into lines. */
  private static List<String> lines(String text) {
    List<String> lines = new ArrayList<>();
    String line = "";
    for (String word : text.split(" ")) {
      if (INDENT.length() + line.length() + 1 + word.length() > WIDTH) {
        lines.add(line);
        line = word;
      } else {
        line = line.isEmpty() ? word : line + " " + word;
      }
    }
    lines.add(line);
    return lines;
  }
}
