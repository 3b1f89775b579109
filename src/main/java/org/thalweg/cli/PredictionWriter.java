package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.thalweg.model.Description;
import org.thalweg.model.Predictions;
import org.thalweg.numeric.Reason;
import org.thalweg.plot.Plot;

/** Writes predictions, a line for each row; to a file as a whole, or none of it. */
final class PredictionWriter implements AutoCloseable {
  private final Format format;
  private final PrintWriter print;
  private final @Nullable Path out;
  private final @Nullable Path part; // what becomes out when all is written
  private final List<String> classes;
  private final boolean probabilistic;
  private boolean begun;

  /** How they are written. */
  enum Format {
    text,
    csv,
    json
  }

  private PredictionWriter(
      Format format,
      PrintWriter print,
      @Nullable Path out,
      @Nullable Path part,
      Description description) {
    this.format = format;
    this.print = print;
    this.out = out;
    this.part = part;
    classes = description.classes();
    probabilistic = description.loss().probabilistic();
  }

  /**
   * Opens a file for them.
   *
   * @param out a new file; null for standard output
   * @throws IOException if it cannot be created; the message names it
   */
  static PredictionWriter open(
      Format format, @Nullable Path out, PrintWriter standard, Description description)
      throws IOException {
    if (out == null) {
      return new PredictionWriter(format, standard, null, null, description);
    }
    Path part = out.resolveSibling(out.getFileName() + ".part");
    try {
      PrintWriter file = new PrintWriter(Files.newBufferedWriter(part, StandardCharsets.UTF_8));
      return new PredictionWriter(format, file, out, part, description);
    } catch (IOException e) {
      throw new IOException("%s cannot be written: %s".formatted(out, Reason.of(e)), e);
    }
  }

  /** Writes a line for each row of a file. */
  void write(String file, boolean numbered, Predictions predictions) {
    if (format == Format.csv && !begun) {
      StringBuilder header = new StringBuilder("file,row,class");
      String what = probabilistic ? "probability of " : "score of ";
      classes.forEach(name -> header.append(',').append(field(what + name)));
      print.println(header);
    }
    begun = true;
    for (int row = 0; row < predictions.rows(); row++) {
      switch (format) {
        case text -> text(file + (numbered ? ":" + (row + 1) : ""), predictions, row);
        case csv -> csv(file, row, predictions);
        case json -> json(file, row, predictions);
      }
    }
  }

  private void text(String place, Predictions predictions, int row) {
    int best = predictions.best(row);
    print.printf(
        "%s  %s  %s%n",
        place,
        Plot.printable(classes.get(best)),
        probabilistic
            ? "%.4f".formatted(predictions.probability(row, best))
            : "score %.4f".formatted(predictions.score(row, best)));
  }

  private void csv(String file, int row, Predictions predictions) {
    StringBuilder line = new StringBuilder(field(file)).append(',').append(row + 1);
    line.append(',').append(field(classes.get(predictions.best(row))));
    for (double value : values(predictions, row)) {
      line.append(',').append(value);
    }
    print.println(line);
  }

  private void json(String file, int row, Predictions predictions) {
    double[] values = values(predictions, row);
    Map<String, Object> each = new LinkedHashMap<>();
    for (int i = 0; i < values.length; i++) {
      each.put(classes.get(i), Environment.number(values[i]));
    }
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("file", file);
    line.put("row", row + 1);
    line.put("class", classes.get(predictions.best(row)));
    line.put(probabilistic ? "probabilities" : "scores", each);
    print.println(Environment.JSON.toJson(line));
  }

  private double[] values(Predictions predictions, int row) {
    double[] values = new double[classes.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = probabilistic ? predictions.probability(row, i) : predictions.score(row, i);
    }
    return values;
  }

  /** A field of a CSV file, in quotes if it needs them. */
  private static String field(String text) {
    return text.matches("[^,\"\\p{Cntrl}]*") && text.equals(text.strip())
        ? text
        : '"' + text.replace("\"", "\"\"") + '"';
  }

  /**
   * Puts the file in its place.
   *
   * @throws IOException if not all could be written
   */
  void done() throws IOException {
    print.flush();
    if (out != null && part != null) {
      if (print.checkError()) {
        throw new IOException(out + " cannot be written");
      }
      print.close();
      Files.move(part, out); // which is not there
    }
  }

  @Override
  public void close() throws IOException {
    if (part != null) {
      print.close();
      Files.deleteIfExists(part);
    }
  }
}
