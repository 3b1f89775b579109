package org.thalweg.data;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.Decimal;

/** What a person would be asked about a CSV file: whether columns and rows are what they seem. */
final class CsvDoubts {
  /** Labels with fewer different values than this are classes. */
  private static final int FEW_CLASSES = 6;

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
  private final List<String> doubts = new ArrayList<>();

  CsvDoubts(Dataset data, List<String> classes, Columns columns) {
    this.data = data;
    this.classes = classes;
    this.columns = columns;
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
    } else if (looksContinuous()) {
      doubts.add(
          "%s was taken for the label and has %d different values in %d rows; name another with"
                  .formatted(label(), classes.size(), data.rows())
              + " --label");
    } else {
      notInTraining(counts(train), all);
    }
    if (guessed && !columns.header() && looksLikeHeader(all)) {
      doubts.add("line 1 was taken for data, and may be a header; say --header yes, or no");
    }
    equalNumbers();
    for (int i = 0; i < data.features(); i++) {
      if (countsRows(i)) {
        doubts.add(
            "%s counts the rows and was taken for a feature; remove it, it says nothing of new rows"
                .formatted(columns.text(columns.ofFeature(i))));
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

  /** About as many classes as rows, or many numbers that are not all whole. */
  private boolean looksContinuous() {
    return classes.size() >= FEW_CLASSES
        && (2 * classes.size() > data.rows()
            || (numbers() != null && Arrays.stream(numbers()).anyMatch(x -> x != Math.rint(x))));
  }

  /** The classes as numbers; null if one is none. */
  private double @Nullable [] numbers() {
    try {
      return classes.stream().mapToDouble(Double::parseDouble).toArray();
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
    double[] line = new double[data.features() + 1];
    line[columns.label()] = names[first];
    IntStream.range(0, data.features())
        .forEach(i -> line[columns.ofFeature(i)] = data.values().value(i));
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
    double least = Double.POSITIVE_INFINITY;
    for (int row = 0; row < rows; row++) {
      least = Math.min(least, value(row, feature));
    }
    BitSet seen = new BitSet(rows);
    for (int row = 0; row < rows; row++) {
      double place = value(row, feature) - least;
      if (!(place < rows) || place != (int) place || seen.get((int) place)) {
        return false;
      }
      seen.set((int) place);
    }
    return rows >= FEW_ROWS;
  }

  private void scales() {
    int largest = -1;
    int smallest = -1;
    double[] scales = new double[data.features()];
    for (int i = 0; i < scales.length; i++) {
      for (int row = 0; row < data.rows(); row++) {
        scales[i] = Math.max(scales[i], Math.abs(value(row, i)));
      }
      largest = largest < 0 || scales[i] > scales[largest] ? i : largest;
      smallest = scales[i] > 0 && (smallest < 0 || scales[i] < scales[smallest]) ? i : smallest;
    }
    if (smallest >= 0 && scales[largest] > SCALES * scales[smallest]) {
      doubts.add(
          String.format(
              Locale.ROOT,
              "features are used as they are: %s reaches %.3g, %s %.3g; scale them alike, or"
                  + " training may be slow or diverge",
              columns.text(columns.ofFeature(largest)),
              scales[largest],
              columns.text(columns.ofFeature(smallest)),
              scales[smallest]));
    } else if (smallest >= 0 && scales[largest] > LARGE && isScale(range(largest))) {
      doubts.add(
          String.format(
              Locale.ROOT,
              "features are used as they are: %s reaches %.3g; divide it, or training may be slow"
                  + " or diverge",
              columns.text(columns.ofFeature(largest)),
              scales[largest]));
    }
  }

  /** The first feature of which the mean hides the differences. */
  private void farFromZero() {
    for (int i = 0; i < data.features(); i++) {
      DoubleSummaryStatistics range = range(i);
      if (isFar(range)) {
        doubts.add(
            "%s lies far from 0, between %s and %s: it is of use only with --centre"
                .formatted(
                    columns.text(columns.ofFeature(i)),
                    plain(range.getMin()),
                    plain(range.getMax())));
        return;
      }
    }
  }

  private DoubleSummaryStatistics range(int feature) {
    return IntStream.range(0, data.rows())
        .mapToDouble(row -> value(row, feature))
        .summaryStatistics();
  }

  /** Whether its size says how far the values lie apart. */
  private static boolean isScale(DoubleSummaryStatistics range) {
    return range.getMax() > range.getMin() && !isFar(range);
  }

  private static boolean isFar(DoubleSummaryStatistics range) {
    double spread = range.getMax() - range.getMin();
    double nearest = Math.min(Math.abs(range.getMin()), Math.abs(range.getMax()));
    return spread > 0 && nearest > FAR * spread;
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
