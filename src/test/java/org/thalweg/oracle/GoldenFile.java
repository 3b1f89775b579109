package org.thalweg.oracle;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/**
 * Numbers of another library: a header line with what was computed and its hyperparameters, from
 * which {@code src/test/golden/generate.py} computes a rule's file; a line that says the same in
 * our words; the columns' names; then rows that belong together by their first column.
 *
 * @param name the file's, without ending
 * @param ours the second line: {@code "adam:lr=0.01,beta1=0.8 l2=0.1"}; hyperparameters that are
 *     not named have their defaults; scale, l2 and weightDecay are the group's
 * @param hyperparameters numbers and switches by name; those of a tuple as {@code betas.0}, ..
 * @param columns the line with their names
 * @param rows each row's cells, by the number in the first column
 */
public record GoldenFile(
    String name,
    String ours,
    Map<String, String> hyperparameters,
    String columns,
    List<List<String[]>> rows) {
  private static final Path FOLDER = Path.of("src/test/resources/golden");
  private static final String OURS = "# thalweg ";

  /**
   * {@code 'lr': 0.01} and {@code 'betas': (0.8, 0.99)}; in the files of losses {@code loss=6.7}.
   */
  private static final Pattern PARAMETER =
      Pattern.compile("'?(\\w+)'?(?:: |=)(?:([^\\s,(\\[};]+)|[(\\[]([^)\\]]*)[)\\]])");

  /** All files that are there; what nobody knows fails in whoever asks for its meaning. */
  public static List<GoldenFile> all() {
    try (Stream<Path> files = Files.list(FOLDER)) {
      List<GoldenFile> all = new ArrayList<>();
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString().replace(".csv", "");
        all.add(parse(name, Files.readAllLines(file)));
      }
      return all;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those of losses. */
  public static List<GoldenFile> losses() {
    return all().stream().filter(file -> file.columns.startsWith("row,")).toList();
  }

  public static GoldenFile parse(String name, List<String> lines) {
    Map<String, String> hyperparameters = new HashMap<>();
    Matcher parameter = PARAMETER.matcher(lines.get(0));
    while (parameter.find()) {
      if (parameter.group(2) != null) {
        hyperparameters.put(parameter.group(1), parameter.group(2));
      } else {
        String[] tuple = parameter.group(3).split(", ");
        for (int i = 0; i < tuple.length; i++) {
          hyperparameters.put(parameter.group(1) + "." + i, tuple[i]);
        }
      }
    }
    // The second line says what it is here.
    boolean named = lines.get(1).startsWith(OURS);
    int columns = named ? 2 : 1;
    List<List<String[]>> rows = new ArrayList<>();
    for (String line : lines.subList(columns + 1, lines.size())) {
      String[] cells = line.split(",", -1);
      int key = Integer.parseInt(cells[0]);
      if (key == rows.size()) {
        rows.add(new ArrayList<>());
      }
      rows.get(key).add(cells);
    }
    return new GoldenFile(
        name,
        named ? lines.get(1).substring(OURS.length()) : "",
        hyperparameters,
        lines.get(columns),
        rows);
  }

  @Override
  public String toString() {
    return name;
  }

  public boolean has(String hyperparameter) {
    return hyperparameters.containsKey(hyperparameter);
  }

  public double number(String hyperparameter) {
    return Double.parseDouble(hyperparameters.get(hyperparameter));
  }

  /** The rule of the registry that the second line names, with its hyperparameters. */
  public Optimizer rule() {
    return Optimizers.parse(ours.split(" ")[0]);
  }

  /** The loss that the second line describes. */
  public Loss loss() {
    return Losses.parse(ours);
  }

  /** Decay and sign, from what follows the rule on the second line. */
  public Group group() {
    Map<String, Double> of = groupNumbers();
    return new Group(1, 0, of.getOrDefault("l2", 0.0), of.getOrDefault("weightDecay", 0.0));
  }

  /** What multiplies the gradient: -1 to maximise. */
  public double scale() {
    return groupNumbers().getOrDefault("scale", 1.0);
  }

  private Map<String, Double> groupNumbers() {
    Map<String, Double> of = assignments(ours.replaceFirst("^\\S+ ?", ""), " ");
    assertTrue(Set.of("l2", "weightDecay", "scale").containsAll(of.keySet()), name + ": " + of);
    return of;
  }

  private static Map<String, Double> assignments(String text, String between) {
    Map<String, Double> found = new HashMap<>();
    for (String assignment : text.isEmpty() ? new String[0] : text.split(between)) {
      String[] sides = assignment.split("=");
      found.put(sides[0], Double.valueOf(sides[1]));
    }
    return found;
  }

  public int[] integers(String hyperparameter) {
    List<Integer> values = new ArrayList<>();
    for (int i = 0; has(hyperparameter + "." + i); i++) {
      values.add((int) number(hyperparameter + "." + i));
    }
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  /** How many of the rule's states have a column, the first ones. */
  public int states() {
    return columns.split(",").length - 4;
  }

  /** How many different numbers the first column has: 0 to keys() - 1. */
  public int keys() {
    return rows.size();
  }

  /** A column of all rows. */
  public double[] column(int column) {
    return IntStream.range(0, keys())
        .boxed()
        .flatMapToDouble(key -> Arrays.stream(column(key, column)))
        .toArray();
  }

  /** A column of the rows with that key. */
  public double[] column(int key, int column) {
    return Arrays.stream(rows.get(key).toArray(String[][]::new))
        .mapToDouble(cells -> Double.parseDouble(cells[column]))
        .toArray();
  }
}
