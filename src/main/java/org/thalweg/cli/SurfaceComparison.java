package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import org.thalweg.compare.RateSearch;
import org.thalweg.compare.Surface;
import org.thalweg.compare.Trajectory;
import picocli.CommandLine;

/** Runs {@code thalweg compare SURFACE}: prints the table and writes the files. */
final class SurfaceComparison {
  private static final String TRAJECTORIES = "trajectories.csv";
  private static final String ALL = "all.png";

  private final PrintWriter print;
  private final PrintWriter err;
  private final boolean json;
  private final Surface surface;
  private final Map<String, RateSearch> rules;
  private final String names;

  /**
   * Prepares a comparison.
   *
   * @param rules by their names
   */
  SurfaceComparison(
      CommandLine command, boolean json, Surface surface, Map<String, RateSearch> rules) {
    print = command.getOut();
    err = command.getErr();
    this.json = json;
    this.surface = surface;
    this.rules = rules;
    names = OptimizerOptions.column(rules.keySet());
  }

  void run(DeviceChoice.Opened opened, RunFolder folder, Surface.Point start, int steps, long seed)
      throws IOException {
    if (!json) {
      print.printf("device      %s%n", opened);
      print.printf("surface     %s: %s%n", surface.name(), surface.sentence());
      print.printf("start       (%s, %s), and %d steps%n%n", start.x(), start.y(), steps);
      print.printf(
          names + "  %7s  %9s  %9s  %9s  %7s%n",
          "optimizer",
          "lr",
          "value",
          "at x",
          "y",
          "arrives");
    }
    Map<String, Trajectory> trajectories = new LinkedHashMap<>();
    Map<String, RateSearch.Found<Trajectory>> tried = new LinkedHashMap<>();
    try (Writer csv = Files.newBufferedWriter(folder.file(TRAJECTORIES), StandardCharsets.UTF_8)) {
      csv.write("optimizer,step,x,y,value%n".formatted());
      for (Map.Entry<String, RateSearch> rule : rules.entrySet()) {
        String name = rule.getKey();
        RateSearch.Found<Trajectory> found =
            surface.best(opened.device(), rule.getValue(), start, steps, seed);
        Trajectory trajectory = found.best();
        tried.put(name, found);
        trajectories.put(name, trajectory);
        for (int i = 0; i <= trajectory.steps(); i++) {
          csv.write(
              "%s,%d,%s,%s,%s%n"
                  .formatted(
                      DataComparison.quoted(name),
                      i,
                      trajectory.x()[i],
                      trajectory.y()[i],
                      trajectory.value()[i]));
        }
        OptionalInt arrival = trajectory.arrival(surface.minimum() + Surface.NEAR);
        print.println(
            json
                ? Environment.JSON.toJson(object(name, found, arrival))
                : row(name, trajectory, arrival));
        print.flush();
      }
    } catch (IOException e) {
      throw folder.failed(TRAJECTORIES, e);
    }
    boolean drawn = folder.draw(ALL, () -> surface.picture(trajectories), err);
    for (Map.Entry<String, Trajectory> trajectory : trajectories.entrySet()) {
      Map<String, Trajectory> alone = Map.of(trajectory.getKey(), trajectory.getValue());
      String file = trajectory.getKey().replaceAll("[:,]", "-") + ".png";
      drawn &= folder.draw(file, () -> surface.picture(alone), err);
    }
    if (json) {
      Map<String, Object> done = new LinkedHashMap<>();
      done.put("event", "done");
      done.put("device", opened.toString());
      done.put("surface", surface.name());
      done.put("minimum", surface.minimum());
      done.put("folder", folder.toString());
      print.println(Environment.JSON.toJson(done));
    } else {
      print.printf(
          "%narrives     steps until the value stays within 1e-6 of the%n"
              + "            minimum, %s%n",
          surface.minimum());
      OptimizerOptions.tried(print, names, tried, "the first to arrive, or the lowest");
      print.printf(
          "written     %s: trajectories.csv%s%n",
          folder,
          drawn
              ? ", all.png, and a%n            picture of each trajectory alone".formatted()
              : "");
    }
    print.flush();
  }

  private String row(String name, Trajectory trajectory, OptionalInt arrival) {
    String start = (names + "  %7s").formatted(name, OptimizerOptions.lr(trajectory.rule().lr()));
    if (!trajectory.finite()) {
      return start + "  the value is not finite after step %d".formatted(trajectory.steps());
    }
    return start
        + String.format(
            Locale.ROOT,
            "  %9.3g  %9.3g  %9.3g  %7s",
            trajectory.value()[trajectory.steps()],
            trajectory.end().x(),
            trajectory.end().y(),
            arrival.isPresent() ? arrival.getAsInt() : "-");
  }

  private static Map<String, Object> object(
      String name, RateSearch.Found<Trajectory> found, OptionalInt arrival) {
    Trajectory trajectory = found.best();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("event", "optimizer");
    object.put("optimizer", name);
    object.put("rule", trajectory.rule().toString());
    object.put("lr", trajectory.rule().lr());
    object.put("rates", found.tried().keySet());
    object.put("steps", trajectory.steps());
    object.put("finite", trajectory.finite());
    if (trajectory.finite()) {
      object.put("value", trajectory.value()[trajectory.steps()]);
      object.put("x", trajectory.end().x());
      object.put("y", trajectory.end().y());
    }
    arrival.ifPresent(step -> object.put("arrives", step));
    return object;
  }
}
