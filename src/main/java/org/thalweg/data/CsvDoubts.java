package org.thalweg.data;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.Decimal;

/** What a person would be asked about a CSV file: whether columns and rows are what they seem. */
final class CsvDoubts {
  /** Fewer rows than this say nothing of a column. */
  private static final int FEW_ROWS = 5;

  /** Features of scales that differ by more train slowly, or diverge. */
  private static final double SCALES = 1e4;

  /** A feature that is larger makes steps of the usual sizes diverge. */
  private static final double LARGE = 1e6;

  /** A feature that is farther from 0, in units of its spread, is like a constant. */
  private static final double FAR = 1e3;

  private final Dataset data;
  private final List<String> classes;
  private final Columns columns;
  private final List<Schema.Input> inputs; // by feature
  private final double[] least;
  private final double[] largest;
  private final List<String> doubts = new ArrayList<>();

  CsvDoubts(Dataset data, List<String> classes, Columns columns) {
    this.data = data;
    this.classes = classes;
    this.columns = columns;
    inputs = columns.schema().features();
    least = new double[data.features()];
    largest = new double[data.features()];
    Arrays.fill(least, Double.POSITIVE_INFINITY);
    Arrays.fill(largest, Double.NEGATIVE_INFINITY);
    int features = data.features();
    for (int row = 0; row < data.rows(); row++) {
      for (int i = 0; i < features; i++) {
        double value = data.values().value(row * features + i);
        least[i] = value < least[i] ? value : least[i]; // no number is missing
        largest[i] = value > largest[i] ? value : largest[i];
      }
    }
  }

  /**
   * All of them, a sentence each.
   *
   * @param train the training rows
   * @param guessed whether nobody has said if the first line is a header
   */
  List<String> all(Dataset train, boolean guessed) {
    int[] all = counts(data);
    if (classes.size() == 1) {
      doubts.add(
          "%s was taken for the label, and all %d rows have the label %s; name another with --label"
              .formatted(label(), data.rows(), Csv.quote(classes.get(0))));
    } else {
      notInTraining(counts(train), all);
    }
    if (guessed && !columns.header() && looksLikeHeader(all)) {
      doubts.add("line 1 was taken for data, and may be a header; say --header yes, or no");
    }
    equalNumbers();
    if (columns.warnings().isEmpty()) { // numbers may be equal because they were rounded
      constants();
    }
    for (int i = 0; i < data.features(); i++) {
      if (countsRows(i)) {
        doubts.add(
            "%s counts the rows and was taken for a feature, which says nothing of new rows; leave"
                    .formatted(text(i))
                + " it out with --ignore");
      }
    }
    scales();
    farFromZero();
    return doubts;
  }

  private String label() {
    return columns.text(columns.label());
  }

  private int[] counts(Dataset of) {
    int[] counts = new int[classes.size()];
    Arrays.stream(of.labels()).forEach(label -> counts[label]++);
    return counts;
  }

  /** The classes as numbers; null if one is none. */
  private double @Nullable [] numbers() {
    try {
      return classes.stream().mapToDouble(Csv::toDouble).toArray();
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private void notInTraining(int[] train, int[] all) {
    List<String> missing =
        IntStream.range(0, train.length)
            .filter(label -> train[label] == 0)
            .mapToObj(classes::get)
            .toList();
    if (!missing.isEmpty()) {
      int rows = IntStream.range(0, train.length).filter(i -> train[i] == 0).map(i -> all[i]).sum();
      doubts.add(
          "%s: no training row has the label %s, but %d of the test rows have; add rows"
              .formatted(label(), Csv.listed(missing), rows));
    }
  }

  /** Numbers one apart, or the only label that occurs once, which no name of a column would be. */
  private boolean looksLikeHeader(int[] all) {
    int first = data.labels()[0];
    boolean alone =
        data.rows() > FEW_ROWS
            && IntStream.range(0, all.length).allMatch(i -> (all[i] == 1) == (i == first));
    return alone || oneApart(first);
  }

  private boolean oneApart(int first) {
    double[] names = numbers();
    if (names == null || data.features() < 2) {
      return false;
    }
    if (!columns.leftOut().isEmpty() || inputs.size() > columns.used().size()) {
      return false;
    }
    double[] line = new double[data.features() + 1];
    line[columns.label()] = names[first];
    IntStream.range(0, data.features())
        .forEach(i -> line[columns.used().get(i)] = data.values().value(i));
    return IntStream.range(1, line.length).allMatch(i -> line[i] == line[0] + i);
  }

  private void equalNumbers() {
    double[] numbers = numbers();
    for (int i = 1; numbers != null && i < numbers.length; i++) {
      if (numbers[i] == numbers[i - 1]) {
        doubts.add(
            "%s: the labels %s and %s are equal numbers and two classes; write one class alike"
                .formatted(label(), classes.get(i - 1), classes.get(i)));
        return;
      }
    }
  }

  /** Whether a feature has each of some consecutive whole numbers once. */
  private boolean countsRows(int feature) {
    int rows = data.rows();
    if (rows < FEW_ROWS || largest[feature] - least[feature] != rows - 1) {
      return false;
    }
    BitSet seen = new BitSet(rows);
    for (int row = 0; row < rows; row++) {
      double place = value(row, feature) - least[feature];
      if (!(place < rows) || place != (int) place || seen.get((int) place)) {
        return false;
      }
      seen.set((int) place);
    }
    return true;
  }

  /** Columns that have one value alone. */
  private void constants() {
    List<String> constant = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      if (least[i] == largest[i] && inputs.get(i).width() == 1 && data.rows() >= FEW_ROWS) {
        constant.add(text(i));
      }
    }
    if (!constant.isEmpty()) {
      int more = constant.size() - 1;
      doubts.add(
          "%s%s the same value in all rows, and so no use; leave %s out with --ignore"
              .formatted(
                  constant.get(0),
                  more == 0 ? " has" : " and %d more have".formatted(more),
                  more == 0 ? "it" : "them"));
    }
  }

  private void scales() {
    int most = -1;
    int fewest = -1;
    double[] scales = new double[data.features()];
    for (int i = 0; i < scales.length; i++) {
      if (isNumber(i)) {
        scales[i] = Math.max(Math.abs(least[i]), Math.abs(largest[i]));
        most = most < 0 || scales[i] > scales[most] ? i : most;
        fewest = scales[i] > 0 && (fewest < 0 || scales[i] < scales[fewest]) ? i : fewest;
      }
    }
    if (fewest >= 0 && scales[most] > SCALES * scales[fewest]) {
      doubts.add(
          String.format(
              Locale.ROOT,
              "features are used as they are: %s reaches %.3g, %s %.3g; scale them alike, or"
                  + " training may be slow or diverge",
              text(most),
              scales[most],
              text(fewest),
              scales[fewest]));
    } else if (fewest >= 0 && scales[most] > LARGE && isScale(most)) {
      doubts.add(
          String.format(
              Locale.ROOT,
              "features are used as they are: %s reaches %.3g; divide it, or training may be slow"
                  + " or diverge",
              text(most),
              scales[most]));
    }
  }

  /** The first feature of which the mean hides the differences. */
  private void farFromZero() {
    for (int i = 0; i < data.features(); i++) {
      if (isFar(i)) {
        doubts.add(
            "%s lies far from 0, between %s and %s: it is of use only with --centre"
                .formatted(text(i), plain(least[i]), plain(largest[i])));
        return;
      }
    }
  }

  /** Whether its size says how far the values lie apart. */
  private boolean isScale(int feature) {
    return largest[feature] > least[feature] && !isFar(feature);
  }

  private boolean isFar(int feature) {
    double spread = largest[feature] - least[feature];
    double nearest = Math.min(Math.abs(least[feature]), Math.abs(largest[feature]));
    return spread > 0 && nearest > FAR * spread;
  }

  private boolean isNumber(int feature) {
    return inputs.get(feature).categories() == null;
  }

  private String text(int feature) {
    int input = columns.schema().inputs().indexOf(inputs.get(feature));
    return columns.text(columns.used().get(input));
  }

  /** As in a file: 1700000000000, not 1.7e12. */
  private static String plain(double x) {
    return Math.abs(x) < 1e16
        ? BigDecimal.valueOf(x).stripTrailingZeros().toPlainString()
        : Decimal.text(x);
  }

  private double value(int row, int feature) {
    return data.values().value(row * data.features() + feature);
  }
}
