package org.thalweg.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.thalweg.data.Columns;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.plot.Plot;

/** What was taken for what in the data: for the output, and for JSON. */
final class DataReport {
  /** Classes that the lines list. */
  private static final int MOST_CLASSES = 6;

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
    Columns columns = loaded.columns();
    if (columns == null && loaded.shape() != null) {
      return "";
    }
    String features = counted(loaded.split().train().features(), "feature");
    List<String> counts =
        counts(loaded).entrySet().stream()
            .map(e -> "%s (%d)".formatted(Plot.printable(e.getKey()), e.getValue()))
            .toList();
    int more = counts.size() - MOST_CLASSES;
    return "columns     %s%nclasses     %d: %s%s%n"
        .formatted(
            columns == null
                ? features
                : "%s; label: %s; %s"
                    .formatted(
                        columns.header() ? "line 1 is a header" : "no header",
                        columns.text(columns.label()),
                        features),
            counts.size(),
            counts.stream().limit(MOST_CLASSES).collect(Collectors.joining(", ")),
            more > 0 ? " and %d more".formatted(more) : "");
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
      if (columns.header()) {
        taken.put("label", columns.names().get(columns.label()));
      }
    }
    taken.put("features", loaded.split().train().features());
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
