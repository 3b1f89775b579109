package org.thalweg.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.thalweg.data.Columns;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.data.Schema;
import org.thalweg.data.SparseRows;
import org.thalweg.plot.Plot;

/** What was taken for what in the data: for the output, and for JSON. */
final class DataReport {
  /** Columns, or classes, that a line lists. */
  private static final int MOST = 6;

  private DataReport() {}

  /** The warnings about a data set, each with its name. */
  static List<String> warnings(String data, Datasets.Loaded loaded) {
    Columns columns = loaded.columns();
    return columns == null
        ? List.of()
        : columns.warnings().stream().map(warning -> data + ": " + warning).toList();
  }

  /** The lines about columns and classes of a user's file; empty for data sets with a name. */
  static String lines(Datasets.Loaded loaded) {
    return lines(loaded, Terminal.exists() ? Terminal.columns() : Integer.MAX_VALUE);
  }

  /**
   * As {@link #lines(Datasets.Loaded)}.
   *
   * @param width at which lines are broken between words, where they can be
   */
  static String lines(Datasets.Loaded loaded, int width) {
    Columns columns = loaded.columns();
    if (columns == null && loaded.shape() != null) {
      return "";
    }
    StringBuilder lines = new StringBuilder();
    if (columns == null) {
      String features = counted(loaded.split().train().features(), "feature");
      line(lines, "columns", features + stored(loaded), width);
    } else {
      line(lines, "columns", columns(columns), width);
      line(lines, "features", features(columns), width);
      String leftOut = leftOut(columns);
      if (!leftOut.isEmpty()) {
        line(lines, "left out", leftOut, width);
      }
    }
    List<String> counts =
        counts(loaded).entrySet().stream()
            .map(e -> "%s (%d)".formatted(Plot.printable(e.getKey()), e.getValue()))
            .toList();
    line(lines, "classes", counts.size() + ": " + some(counts), width);
    return lines.toString();
  }

  /** How many features sparse rows store, and where their indices begin; empty for others. */
  private static String stored(Datasets.Loaded loaded) {
    long all = sparse(loaded).mapToLong(SparseRows::count).sum();
    long stored = sparse(loaded).mapToLong(rows -> rows.columns().length).sum();
    return all == 0
        ? ""
        : String.format(
            Locale.ROOT,
            "; %,d stored, %.3g %%%s",
            stored,
            100.0 * stored / all,
            loaded.zeroBased() ? "; indices begin at 0" : "");
  }

  private static Stream<SparseRows> sparse(Datasets.Loaded loaded) {
    return Stream.of(loaded.split().train(), loaded.split().test())
        .map(Dataset::values)
        .filter(SparseRows.class::isInstance)
        .map(SparseRows.class::cast);
  }

  /** A line with its name before it, broken where it is too long. */
  private static void line(StringBuilder lines, String name, String text, int width) {
    String start = "%-12s".formatted(name);
    StringBuilder line = new StringBuilder(start);
    for (String word : text.split(" ", -1)) {
      boolean begun = line.length() > start.length();
      if (begun && line.length() + 1 + word.length() > width) {
        lines.append(line).append(System.lineSeparator());
        line = new StringBuilder(" ".repeat(start.length()));
        begun = false;
      }
      line.append(begun ? " " : "").append(word);
    }
    lines.append(line).append(System.lineSeparator());
  }

  private static String columns(Columns columns) {
    List<String> said = new ArrayList<>();
    if (columns.separator() != ',') {
      said.add(
          "separated by "
              + (columns.separator() == '\t' ? "tabs" : "\"" + columns.separator() + "\""));
    }
    if (columns.decimalComma()) {
      said.add("decimal comma");
    }
    said.add(columns.header() ? "line 1 is a header" : "no header");
    said.add("label: " + Plot.printable(columns.text(columns.label())));
    if (columns.weights() >= 0) {
      said.add("weights: " + Plot.printable(columns.text(columns.weights())));
    }
    return String.join("; ", said);
  }

  /** The features with their kinds. */
  private static String features(Columns columns) {
    Schema schema = columns.schema();
    List<String> numbers = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < schema.inputs().size(); i++) {
      Schema.Input input = schema.inputs().get(i);
      String name = name(columns, columns.used().get(i));
      List<String> categories = input.categories();
      if (categories == null) {
        numbers.add(name);
      } else {
        List<String> all = new ArrayList<>(categories.stream().map(Plot::printable).toList());
        if (input.other()) {
          all.add("missing");
        }
        texts.add("%s (%d: %s)".formatted(name, all.size(), some(all)));
      }
    }
    List<String> said = new ArrayList<>();
    if (!numbers.isEmpty()) {
      said.add(counted(numbers.size(), "number") + ": " + some(numbers));
    }
    if (!texts.isEmpty()) {
      said.add("%s of categories: %s".formatted(counted(texts.size(), "column"), some(texts)));
    }
    return (texts.isEmpty() ? "" : schema.width() + ", from ") + String.join("; ", said);
  }

  private static String leftOut(Columns columns) {
    List<String> said = new ArrayList<>();
    if (!columns.leftOut().isEmpty()) {
      said.add(some(columns.leftOut().stream().map(columns::text).map(Plot::printable).toList()));
    }
    if (columns.dropped() > 0) {
      said.add(counted(columns.dropped(), "row") + " with missing values");
    }
    return String.join("; ", said);
  }

  private static String name(Columns columns, int column) {
    return columns.header()
        ? Plot.printable(columns.names().get(column))
        : "column " + (column + 1);
  }

  /** The first of some texts, and how many more there are. */
  static String some(List<String> all) {
    int more = all.size() - MOST;
    return all.stream().limit(MOST).collect(Collectors.joining(", "))
        + (more > 0 ? " and %d more".formatted(more) : "");
  }

  static String counted(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }

  /** Entries for a JSON object. */
  static Map<String, Object> json(String data, Datasets.Loaded loaded) {
    Map<String, Object> taken = new LinkedHashMap<>();
    Columns columns = loaded.columns();
    if (columns != null) {
      taken.put("header", columns.header());
      taken.put("label_column", columns.label() + 1);
      if (columns.weights() >= 0) {
        taken.put("weights_column", columns.weights() + 1);
      }
      taken.put("left_out_columns", columns.leftOut().stream().map(i -> i + 1).toList());
      taken.put("left_out_rows", columns.dropped());
      if (columns.header()) {
        taken.put("label", columns.names().get(columns.label()));
      }
    }
    taken.put("features", loaded.split().train().features());
    if (sparse(loaded).findAny().isPresent()) {
      taken.put("stored", sparse(loaded).mapToLong(rows -> rows.columns().length).sum());
      taken.put("zero_based", loaded.zeroBased());
    }
    taken.put("training_rows", loaded.split().train().rows());
    taken.put("test_rows", loaded.split().test().rows());
    taken.put("classes", counts(loaded));
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("dataset", taken);
    json.put("warnings", warnings(data, loaded));
    return json;
  }

  /** How many rows have each class, by its name. */
  private static Map<String, Integer> counts(Datasets.Loaded loaded) {
    int[] counts = new int[loaded.classes().size()];
    Stream.of(loaded.split().train(), loaded.split().test())
        .map(Dataset::labels)
        .flatMapToInt(IntStream::of)
        .forEach(label -> counts[label]++);
    Map<String, Integer> named = new LinkedHashMap<>();
    IntStream.range(0, counts.length).forEach(i -> named.put(loaded.classes().get(i), counts[i]));
    return named;
  }
}
