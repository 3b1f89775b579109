package org.thalweg.data;

import java.util.ArrayList;
import java.util.List;

/**
 * What was taken for what in a CSV file.
 *
 * @param separator of its fields
 * @param decimalComma whether its numbers have a comma for a point
 * @param header whether its first line is one
 * @param names of all columns, from the header; empty where there is none
 * @param label the column of the labels, from 0; -1 if there is none
 * @param weights the column of the weights of rows, from 0; -1 if there is none
 * @param used the columns that are features, from 0, in the order of the features
 * @param leftOut the columns that are none of these, from 0
 * @param schema what the features are
 * @param dropped rows that were left out as they miss values
 * @param warnings what may not have been meant: a sentence each, without the file
 */
public record Columns(
    char separator,
    boolean decimalComma,
    boolean header,
    List<String> names,
    int label,
    int weights,
    List<Integer> used,
    List<Integer> leftOut,
    Schema schema,
    int dropped,
    List<String> warnings) {
  /** Keeps its own lists. */
  public Columns {
    names = List.copyOf(names);
    used = List.copyOf(used);
    leftOut = List.copyOf(leftOut);
    warnings = List.copyOf(warnings);
  }

  /** A column, from 0, as messages name it: by its number from 1, and its name if it has one. */
  public String text(int column) {
    return "column " + (column + 1) + (header ? " (" + Csv.quote(names.get(column)) + ")" : "");
  }

  /** Names in quotes, the first of them where there are many. */
  public static String listed(List<String> names) {
    return Csv.listed(names);
  }

  Columns with(Schema other, List<String> more) {
    List<String> all = new ArrayList<>(warnings);
    all.addAll(more);
    return new Columns(
        separator, decimalComma, header, names, label, weights, used, leftOut, other, dropped, all);
  }
}
