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
import org.thalweg.compare.Surface;
import org.thalweg.compare.Trajectory;
import org.thalweg.optim.Optimizer;
import picocli.CommandLine;

/** What {@code thalweg compare SURFACE} prints and leaves. */
final class SurfaceComparison {
  private static final String WAYS = "ways.csv";
  private static final String ALL = "all.png";

  /** How near to the least value a way has arrived. */
  private static final double NEAR = 1e-6;

  private final PrintWriter print;
  private final PrintWriter err;
  private final boolean json;
  private final Surface surface;
  private final Map<String, Optimizer> rules;
  private final String names;

  /**
   * Makes ready.
   *
   * @param rules by their names
   */
  SurfaceComparison(
      CommandLine command, boolean json, Surface surface, Map<String, Optimizer> rules) {
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
          names + "  %7s  %10s  %10s  %10s  %7s%n",
          "optimizer",
          "lr",
          "last value",
          "at x",
          "y",
          "arrives");
    }
    Map<String, Trajectory> ways = new LinkedHashMap<>();
    try (Writer csv = Files.newBufferedWriter(folder.file(WAYS), StandardCharsets.UTF_8)) {
      csv.write("optimizer,step,x,y,value%n".formatted());
      for (Map.Entry<String, Optimizer> rule : rules.entrySet()) {
        String name = rule.getKey();
        Trajectory way =
            Trajectory.of(opened.device(), surface, rule.getValue(), start, steps, seed);
        ways.put(name, way);
        for (int i = 0; i <= way.steps(); i++) {
          csv.write("%s,%d,%s,%s,%s%n".formatted(name, i, way.x()[i], way.y()[i], way.value()[i]));
        }
        OptionalInt arrival = way.arrival(surface.least() + NEAR);
        print.println(
            json ? Environment.JSON.toJson(object(name, way, arrival)) : row(name, way, arrival));
        print.flush();
      }
    }
    boolean drawn = folder.draw(ALL, surface.picture(ways), err);
    for (Map.Entry<String, Trajectory> way : ways.entrySet()) {
      var alone = surface.picture(Map.of(way.getKey(), way.getValue()));
      drawn &= folder.draw(way.getKey().replace(' ', '-') + ".png", alone, err);
    }
    if (json) {
      Map<String, Object> done = new LinkedHashMap<>();
      done.put("event", "done");
      done.put("device", opened.toString());
      done.put("surface", surface.name());
      done.put("least", surface.least());
      done.put("folder", folder.toString());
      print.println(Environment.JSON.toJson(done));
    } else {
      print.printf(
          "%narrives     after so many steps the value stays within 1e-6 of the least, %s%n",
          surface.least());
      print.printf(
          "left        %s: ways.csv%s%n",
          folder, drawn ? ", all.png, and a picture of each way alone" : "");
    }
    print.flush();
  }

  private String row(String name, Trajectory way, OptionalInt arrival) {
    String start = (names + "  %7s").formatted(name, OptimizerOptions.lr(way.rule()));
    if (!way.finite()) {
      return start + "  the value is not finite after step %d".formatted(way.steps());
    }
    return start
        + String.format(
            Locale.ROOT,
            "  %10.4g  %10.4g  %10.4g  %7s",
            way.value()[way.steps()],
            way.end().x(),
            way.end().y(),
            arrival.isPresent() ? arrival.getAsInt() : "-");
  }

  private static Map<String, Object> object(String name, Trajectory way, OptionalInt arrival) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("event", "optimizer");
    object.put("optimizer", name);
    object.put("rule", way.rule().toString());
    object.put("lr", way.rule().lr());
    object.put("steps", way.steps());
    object.put("finite", way.finite());
    if (way.finite()) {
      object.put("value", way.value()[way.steps()]);
      object.put("x", way.end().x());
      object.put("y", way.end().y());
    }
    arrival.ifPresent(step -> object.put("arrives", step));
    return object;
  }
}
