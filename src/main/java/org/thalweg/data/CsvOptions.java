package org.thalweg.data;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Datasets.Header;

/**
 * How a CSV file is read. A column is given by its name, or by its number from 1.
 *
 * @param label the column of labels; null is the last that is not left out, or where a model knows
 *     its columns, the one of that name
 * @param header whether the first line is one
 * @param separator of fields: a character; null is found from the first lines
 * @param decimal what separates a whole part from a fraction
 * @param ignore columns that are left out
 * @param categories columns of which each different text is a feature, 0 or 1, also where they are
 *     numbers
 * @param missing what is done about missing values; null is an error, or what was done for the
 *     model
 * @param manyClasses whether the labels may have about as many values as there are rows, or be
 *     numbers that are not whole
 * @param weights the column that says how much each row counts in training; null for none
 */
public record CsvOptions(
    @Nullable String label,
    Header header,
    @Nullable Character separator,
    DecimalMark decimal,
    List<String> ignore,
    List<String> categories,
    @Nullable Missing missing,
    boolean manyClasses,
    @Nullable String weights) {
  /** All is found from the file. */
  public static final CsvOptions DEFAULT =
      new CsvOptions(
          null, Header.AUTO, null, DecimalMark.AUTO, List.of(), List.of(), null, false, null);

  /** Keeps its own lists. */
  public CsvOptions {
    ignore = List.copyOf(ignore);
    categories = List.copyOf(categories);
  }

  /** What separates a whole part from a fraction; AUTO is found from the first lines. */
  public enum DecimalMark {
    AUTO,
    POINT,
    COMMA
  }

  /**
   * What is done about missing values: an error; the mean of the training rows in their place, and
   * for texts a category of their own; or their rows are left out.
   */
  public enum Missing {
    ERROR,
    MEAN,
    ROW
  }

  /** These with another label column and header. */
  public CsvOptions withLabel(@Nullable String column, Header first) {
    return new CsvOptions(
        column, first, separator, decimal, ignore, categories, missing, manyClasses, weights);
  }

  /** These with a column of weights. */
  public CsvOptions withWeights(@Nullable String column) {
    return new CsvOptions(
        label, header, separator, decimal, ignore, categories, missing, manyClasses, column);
  }

  /** The option of the command that was given, beside those of label and header; null if none. */
  public @Nullable String given() {
    if (separator != null) {
      return "--separator";
    }
    return decimal != DecimalMark.AUTO ? "--decimal" : ofTraining();
  }

  /** As {@link #given}, of those that a model keeps; null if none. */
  public @Nullable String ofTraining() {
    if (!ignore.isEmpty()) {
      return "--ignore";
    }
    if (!categories.isEmpty()) {
      return "--categories";
    }
    if (missing != null) {
      return "--missing";
    }
    if (weights != null) {
      return "--weights";
    }
    return manyClasses ? "--many-classes" : null;
  }
}
