package org.thalweg.plot;

import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A confusion matrix. The darkness of a cell is its share of the row, so that rare classes can be
 * read as well as frequent ones.
 *
 * @param counts [true class][predicted class]: how many rows of one class were predicted as the
 *     other
 * @param classes their names
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record ConfusionMatrix(long[][] counts, List<String> classes) implements Picture {
  /** More classes than these have no numbers in their cells. */
  private static final int READABLE = 20;

  private static final int SIDE = 46;
  private static final int NAMES = 130;
  private static final int MARGIN = 30;

  /** Longer names than this would make the text table too wide: its columns are numbered then. */
  private static final int SHORT = 6;

  public ConfusionMatrix {
    classes = List.copyOf(classes);
    int n = classes.size();
    if (n == 0 || counts.length != n || !List.of(counts).stream().allMatch(r -> r.length == n)) {
      throw new IllegalArgumentException("counts must be %d × %d".formatted(n, n));
    }
  }

  /** Counts predictions. The labels are 0 to the number of classes - 1. */
  public static ConfusionMatrix of(int[] truth, int[] predicted, List<String> classes) {
    long[][] counts = new long[classes.size()][classes.size()];
    for (int i = 0; i < truth.length; i++) counts[truth[i]][predicted[i]]++;
    return new ConfusionMatrix(counts, classes);
  }

  /** The share of a class's rows that was predicted correctly; NaN where there are none. */
  public double recall(int label) {
    return (double) counts[label][label] / LongStream.of(counts[label]).sum();
  }

  /** The share of the rows predicted as a class that belong to it; NaN where there are none. */
  public double precision(int label) {
    return (double) counts[label][label] / column(label).sum();
  }

  /** The share of all rows that was predicted correctly; NaN where there are none. */
  public double accuracy() {
    long right = IntStream.range(0, counts.length).mapToLong(i -> counts[i][i]).sum();
    long all = IntStream.range(0, counts.length).mapToLong(i -> column(i).sum()).sum();
    return (double) right / all;
  }

  private LongStream column(int label) {
    return IntStream.range(0, counts.length).mapToLong(row -> counts[row][label]);
  }

  @Override
  public BufferedImage draw() {
    int n = classes.size();
    int side = n <= READABLE ? SIDE : Math.max(4, READABLE * SIDE / n);
    Canvas ruler = new Canvas(1, 1);
    int names =
        classes.stream()
            .mapToInt(name -> Math.min(NAMES, 8 + ruler.width(Canvas.printable(name))))
            .max()
            .orElse(0);
    int left = MARGIN + names;
    int bottom = MARGIN + n * side;
    Canvas canvas = new Canvas(left + Math.max(n * side, 2 * SIDE) + MARGIN, bottom + left);
    int every = (Canvas.SMALL + 2 + side - 1) / side; // names keep their distance
    for (int row = 0; row < n; row++) {
      int middle = side * row + side / 2;
      if (row % every == 0) {
        String name = Canvas.printable(classes.get(row));
        canvas.text(name, left - 6, MARGIN + middle, 1, names - 7);
        canvas.upwards(name, left + middle, bottom + 6, 1, names - 7);
      }
      long all = Math.max(1, LongStream.of(counts[row]).sum());
      for (int column = 0; column < n; column++) {
        cell(
            canvas,
            left + column * side,
            MARGIN + row * side,
            side,
            counts[row][column],
            (double) counts[row][column] / all);
      }
    }
    canvas.pen.setColor(Color.GRAY);
    canvas.pen.drawRect(left - 1, MARGIN - 1, n * side + 1, n * side + 1);
    canvas.pen.setColor(Color.BLACK);
    canvas.font(Font.BOLD, Canvas.SMALL + 2);
    canvas.upwards("true", MARGIN / 2.0, MARGIN + n * side / 2.0, 0.5, n * side);
    canvas.text(
        "predicted", left + n * side / 2.0, bottom + names + MARGIN / 2.0, 0.5, left + n * side);
    return canvas.image;
  }

  private void cell(Canvas canvas, int x, int y, int side, long count, double share) {
    canvas.pen.setColor(Canvas.sequential(share));
    canvas.pen.fillRect(x, y, side, side);
    if (classes.size() <= READABLE) {
      canvas.pen.setColor(share > 0.5 ? Color.WHITE : Color.BLACK);
      String text = Long.toString(count);
      int size = Canvas.SMALL + 1;
      canvas.font(Font.PLAIN, size);
      while (size > 6 && canvas.width(text) > side - 4) canvas.font(Font.PLAIN, --size);
      canvas.text(text, x + side / 2.0, y + side / 2.0, 0.5, side);
      canvas.font(Font.PLAIN, Canvas.SMALL);
    }
    canvas.pen.setColor(Color.BLACK);
  }

  /**
   * The matrix as a text table: a line for each true class, a column for each predicted one, recall
   * to the right, precision below, accuracy in the corner. A share of no rows is "-".
   */
  public String text() {
    int n = classes.size();
    List<String> names = classes.stream().map(Canvas::printable).toList();
    boolean numbered = names.stream().anyMatch(name -> name.length() > SHORT);
    List<List<String>> table = new ArrayList<>();
    List<String> header = new ArrayList<>(List.of("true \\ predicted"));
    List<String> footer = new ArrayList<>(List.of("precision"));
    for (int i = 0; i < n; i++) {
      header.add(numbered ? "" + i : names.get(i));
      footer.add(share(precision(i)));
    }
    header.add("recall");
    footer.add(share(accuracy()));
    table.add(header);
    for (int row = 0; row < n; row++) {
      List<String> line = new ArrayList<>();
      line.add((numbered ? row + " " : "") + names.get(row));
      for (long count : counts[row]) line.add(Long.toString(count));
      line.add(share(recall(row)));
      table.add(line);
    }
    table.add(footer);
    int[] widths =
        IntStream.range(0, n + 2)
            .map(i -> table.stream().mapToInt(line -> line.get(i).length()).max().orElse(0))
            .toArray();
    StringBuilder text = new StringBuilder();
    for (List<String> line : table) {
      String first = line.get(0);
      text.append(first).append(" ".repeat(widths[0] - first.length()));
      for (int i = 1; i < widths.length; i++) {
        text.append(" ".repeat(2 + widths[i] - line.get(i).length())).append(line.get(i));
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static String share(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.3f", value);
  }
}
