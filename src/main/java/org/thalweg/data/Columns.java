package org.thalweg.data;

import java.util.ArrayList;
import java.util.List;

/**
 * What was taken for what in a CSV file.
 *
 * @param header whether its first line is one
 * @param names of all columns, from the header; empty where there is none
 * @param label the column of the labels, from 0
 * @param warnings what may not have been meant: a sentence each, without the file
 */
public record Columns(boolean header, List<String> names, int label, List<String> warnings) {
  /** Keeps its own lists. */
  public Columns {
    names = List.copyOf(names);
    warnings = List.copyOf(warnings);
  }

  /** The column of a feature, both from 0. */
  int ofFeature(int feature) {
    return feature < label ? feature : feature + 1;
  }

  /** A column, from 0, as messages name it: by its number from 1, and its name if it has one. */
  public String text(int column) {
    return "column " + (column + 1) + (header ? " (" + Csv.quote(names.get(column)) + ")" : "");
  }

  /** Names in quotes, the first of them where there are many. */
  public static String listed(List<String> names) {
    return Csv.listed(names);
  }

  Columns withWarnings(List<String> more) {
    List<String> all = new ArrayList<>(warnings);
    all.addAll(more);
    return new Columns(header, names, label, all);
  }
}
