package org.thalweg.data;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.CsvOptions.Missing;

/**
 * What a model knows of the columns of the CSV file that it was trained on, to find them in
 * another.
 *
 * @param columns how many that file has
 * @param label its column of labels, from 0
 * @param labelName the name of that column; null where there was no header
 * @param missing what was done about missing values
 * @param inputs the columns that are used, in the order of the features
 */
public record Schema(
    int columns, int label, @Nullable String labelName, Missing missing, List<Input> inputs) {
  /** Keeps its own list, and checks what a file may have said. */
  public Schema {
    inputs = List.copyOf(inputs);
    if (missing == null || columns < 2 || label < 0 || label >= columns || inputs.isEmpty()) {
      throw new IllegalArgumentException("no columns of a file");
    }
  }

  /**
   * A column that is used: of numbers, which is one feature, or of categories, each of which is
   * one, 1 in the rows that have it and else 0.
   *
   * @param column its place in the file, from 0
   * @param name null where there was no header
   * @param categories in the order of their features; null of a column of numbers
   * @param other whether a last feature is for missing values; of categories
   * @param fill what takes the place of a missing number; null if nothing does
   */
  public record Input(
      int column,
      @Nullable String name,
      @Nullable List<String> categories,
      boolean other,
      @Nullable Double fill) {
    /** Keeps its own list, and checks what a file may have said. */
    public Input {
      categories = categories == null ? null : List.copyOf(categories);
      if (column < 0 || (fill != null && !Double.isFinite(fill)) || (categories == null && other)) {
        throw new IllegalArgumentException("no column of a file");
      }
    }

    /** How many features it is. */
    public int width() {
      return categories == null ? 1 : categories.size() + (other ? 1 : 0);
    }

    /** The column as messages name it. */
    String text() {
      return "column " + (column + 1) + (name == null ? "" : " (" + Csv.quote(name) + ")");
    }
  }

  /** How many features all columns are together. */
  public int width() {
    return inputs.stream().mapToInt(Input::width).reduce(0, Math::addExact);
  }

  /** The names of the columns that are used; empty where there was no header. */
  List<String> names() {
    return inputs.stream().flatMap(input -> Stream.ofNullable(input.name())).toList();
  }

  /** Whether columns can be found by their names: each has one of its own. */
  boolean isNamed() {
    List<String> names = names();
    return names.size() == inputs.size() && new HashSet<>(names).size() == names.size();
  }

  /** The column of each feature. */
  List<Input> features() {
    List<Input> features = new ArrayList<>();
    for (Input input : inputs) {
      for (int i = 0; i < input.width(); i++) {
        features.add(input);
      }
    }
    return features;
  }

  /** This with what takes the place of missing numbers, by feature; NaN for nothing. */
  Schema withFills(double[] fills) {
    List<Input> filled = new ArrayList<>();
    int feature = 0;
    for (Input input : inputs) {
      boolean number = input.categories == null && !Double.isNaN(fills[feature]);
      filled.add(number ? new Input(input.column, input.name, null, false, fills[feature]) : input);
      feature += input.width();
    }
    return new Schema(columns, label, labelName, missing, filled);
  }
}
