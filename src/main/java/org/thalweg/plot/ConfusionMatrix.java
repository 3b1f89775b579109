package org.thalweg.plot;

import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A confusion matrix. The darkness of a cell is its share of the row, so that rare classes can be
 * read as well as frequent ones. Of many classes, picture and text show those that are confused
 * most: neither they nor the counts grow with the square of the number of classes.
 *
 * @param cells the counts that are not 0, by true class, then by predicted class
 * @param classes their names
 */
public record ConfusionMatrix(List<Cell> cells, List<String> classes) implements Picture {
  /** Of more classes than these, counts are listed, not laid out in rows and columns. */
  public static final int MANY = 100;

  /** A text table of more classes than these is too wide to be read. */
  private static final int TABLE = 30;

  /** More classes than these have no numbers in their cells; of too many, these are shown. */
  private static final int READABLE = 20;

  private static final int SIDE = 46;
  private static final int NAMES = 130;
  private static final int MARGIN = 30;

  /** Longer names than this would make the text table too wide: its columns are numbered then. */
  private static final int SHORT = 6;

  private static final int WIDEST = 20;

  /** Chinese, Japanese and Korean characters, full-width forms and pictographs: first and last. */
  private static final int[][] WIDE = {
    {0x1100, 0x115f},
    {0x2e80, 0xa4cf},
    {0xac00, 0xd7a3},
    {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},
    {0xff00, 0xff60},
    {0xffe0, 0xffe6},
    {0x1f300, 0x1faff},
    {0x20000, 0x3fffd}
  };

  /** How many rows of class {@code truth} were predicted as class {@code predicted}. */
  public record Cell(int truth, int predicted, long count) {
    boolean right() {
      return truth == predicted;
    }
  }

  /** Keeps its own lists. */
  public ConfusionMatrix {
    cells = List.copyOf(cells);
    classes = List.copyOf(classes);
  }

  /** Counts predictions. The labels are 0 to the number of classes - 1. */
  public static ConfusionMatrix of(int[] truth, int[] predicted, List<String> classes) {
    long[] pairs =
        IntStream.range(0, truth.length)
            .mapToLong(i -> (long) truth[i] << Integer.SIZE | predicted[i])
            .sorted()
            .toArray();
    List<Cell> cells = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= pairs.length; i++) {
      if (i == pairs.length || pairs[i] != pairs[from]) {
        cells.add(new Cell((int) (pairs[from] >> Integer.SIZE), (int) pairs[from], i - from));
        from = i;
      }
    }
    return new ConfusionMatrix(cells, classes);
  }

  /** Counts by [true class][predicted class] of these classes, which are sorted. */
  public long[][] counts(int... shown) {
    long[][] counts = new long[shown.length][shown.length];
    for (Cell cell : cells) {
      int row = Arrays.binarySearch(shown, cell.truth);
      int column = Arrays.binarySearch(shown, cell.predicted);
      if (row >= 0 && column >= 0) counts[row][column] = cell.count;
    }
    return counts;
  }

  private long[] sums(ToIntFunction<Cell> by, boolean rightOnly) {
    long[] sums = new long[classes.size()];
    for (Cell cell : cells) {
      if (cell.right() || !rightOnly) sums[by.applyAsInt(cell)] += cell.count;
    }
    return sums;
  }

  /** Of each class, the share of its rows that was predicted correctly; NaN where it has none. */
  public double[] recalls() {
    return shares(Cell::truth);
  }

  /** Of each class, the share of the rows predicted as it that belong to it; NaN if none are. */
  public double[] precisions() {
    return shares(Cell::predicted);
  }

  private double[] shares(ToIntFunction<Cell> by) {
    long[] all = sums(by, false);
    long[] right = sums(by, true);
    return IntStream.range(0, all.length).mapToDouble(i -> (double) right[i] / all[i]).toArray();
  }

  /** The share of all rows that was predicted correctly; NaN where there are none. */
  public double accuracy() {
    long right = cells.stream().filter(Cell::right).mapToLong(Cell::count).sum();
    return (double) right / cells.stream().mapToLong(Cell::count).sum();
  }

  /** The confusions, most frequent first. */
  private List<Cell> worst() {
    return cells.stream()
        .filter(cell -> !cell.right())
        .sorted(Comparator.comparingLong(Cell::count).reversed())
        .toList();
  }

  /** The classes that a picture shows: all, or those in the most frequent confusions. */
  private int[] shown() {
    int n = classes.size();
    if (n <= MANY) return IntStream.range(0, n).toArray();
    Stream<Integer> confused = worst().stream().flatMap(c -> Stream.of(c.truth, c.predicted));
    return Stream.concat(confused, IntStream.range(0, n).boxed())
        .distinct()
        .limit(READABLE)
        .mapToInt(Integer::intValue)
        .sorted()
        .toArray();
  }

  @Override
  public BufferedImage draw() {
    int[] shown = shown();
    int n = shown.length;
    long[][] counts = counts(shown);
    long[] sums = sums(Cell::truth, false);
    List<String> labels =
        IntStream.of(shown).mapToObj(i -> Plot.printable(classes.get(i))).toList();
    int side = n <= READABLE ? SIDE : Math.max(4, READABLE * SIDE / n);
    Canvas ruler = new Canvas(1, 1);
    int names =
        labels.stream().mapToInt(name -> Math.min(NAMES, 8 + ruler.width(name))).max().orElse(0);
    int left = MARGIN + names;
    int bottom = MARGIN + n * side;
    Canvas canvas = new Canvas(left + Math.max(n * side, 2 * SIDE) + MARGIN, bottom + left);
    if (n < classes.size()) {
      String text = "the %d most confused of %d classes".formatted(n, classes.size());
      canvas.text(text, left, MARGIN / 2.0, 0, n * side);
    }
    int every = (Canvas.SMALL + 2 + side - 1) / side; // names keep their distance
    for (int row = 0; row < n; row++) {
      int middle = side * row + side / 2;
      if (row % every == 0) {
        canvas.text(labels.get(row), left - 6, MARGIN + middle, 1, names - 7);
        canvas.upwards(labels.get(row), left + middle, bottom + 6, 1, names - 7);
      }
      double all = Math.max(1, sums[shown[row]]);
      for (int column = 0; column < n; column++) {
        long count = counts[row][column];
        int x = left + column * side;
        cell(canvas, x, MARGIN + row * side, side, n <= READABLE ? "" + count : "", count / all);
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

  private static void cell(Canvas canvas, int x, int y, int side, String text, double share) {
    canvas.pen.setColor(Canvas.sequential(share));
    canvas.pen.fillRect(x, y, side, side);
    canvas.pen.setColor(share > 0.5 ? Color.WHITE : Color.BLACK);
    int size = Canvas.SMALL + 1;
    canvas.font(Font.PLAIN, size);
    while (size > 6 && canvas.width(text) > side - 4) canvas.font(Font.PLAIN, --size);
    canvas.text(text, x + side / 2.0, y + side / 2.0, 0.5, side);
    canvas.font(Font.PLAIN, Canvas.SMALL);
    canvas.pen.setColor(Color.BLACK);
  }

  /**
   * The matrix as a text table: a line for each true class, a column for each predicted one, recall
   * to the right, precision below, accuracy in the corner. A share of no rows is "-". Of more than
   * 30 classes, the most frequent confusions instead.
   */
  public String text() {
    return text(Integer.MAX_VALUE);
  }

  /**
   * The same; where its lines would have more characters than the width, in blocks of columns, one
   * below the other.
   */
  public String text(int width) {
    int n = classes.size();
    if (n > TABLE) return confusions();
    List<String> names = classes.stream().map(Plot::printable).toList();
    boolean numbered = names.stream().anyMatch(name -> columns(name) > SHORT);
    long[][] counts = counts(IntStream.range(0, n).toArray());
    double[] precisions = precisions();
    double[] recalls = recalls();
    List<List<String>> table = new ArrayList<>();
    List<String> header = new ArrayList<>(List.of("true \\ predicted"));
    List<String> footer = new ArrayList<>(List.of("precision"));
    for (int i = 0; i < n; i++) {
      header.add(numbered ? "" + i : names.get(i));
      footer.add(share(precisions[i]));
    }
    header.add("recall");
    footer.add(share(accuracy()));
    table.add(header);
    for (int row = 0; row < n; row++) {
      List<String> line = new ArrayList<>();
      line.add((numbered ? row + " " : "") + names.get(row));
      for (long count : counts[row]) line.add(Long.toString(count));
      line.add(share(recalls[row]));
      table.add(line);
    }
    table.add(footer);
    return aligned(table, width);
  }

  private String confusions() {
    List<Cell> worst = worst();
    long[] sums = sums(Cell::truth, false);
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("true", "predicted", "rows", "of its class"));
    for (Cell cell : worst.subList(0, Math.min(READABLE, worst.size()))) {
      table.add(
          List.of(
              name(cell.truth),
              name(cell.predicted),
              Long.toString(cell.count),
              share((double) cell.count / sums[cell.truth])));
    }
    // A name that is cut has its class's number, from 0, before it.
    return "%d classes, %d of %d different confusions, the most frequent first:%n%s"
        .formatted(
            classes.size(), table.size() - 1, worst.size(), aligned(table, Integer.MAX_VALUE));
  }

  private String name(int label) {
    String name = Plot.printable(classes.get(label));
    return name.length() <= WIDEST
        ? name
        : label + " " + name.substring(0, name.offsetByCodePoints(0, WIDEST - 1)) + "…";
  }

  /** The first column to the left, in each block, the others to the right. */
  private static String aligned(List<List<String>> table, int width) {
    int[] widths =
        IntStream.range(0, table.get(0).size())
            .map(i -> table.stream().mapToInt(line -> columns(line.get(i))).max().orElse(0))
            .toArray();
    StringBuilder text = new StringBuilder();
    int from = 1;
    while (from < widths.length) {
      int used = widths[0] + 2 + widths[from];
      int to = from + 1;
      while (to < widths.length && used + 2 + widths[to] <= width) {
        used += 2 + widths[to++];
      }
      text.append(from > 1 ? "\n" : "");
      for (List<String> line : table) {
        String first = line.get(0);
        text.append(first).append(" ".repeat(widths[0] - columns(first)));
        for (int i = from; i < to; i++) {
          text.append(" ".repeat(2 + widths[i] - columns(line.get(i)))).append(line.get(i));
        }
        text.append('\n');
      }
      from = to;
    }
    return text.toString();
  }

  /** How many columns of a terminal a text takes. */
  private static int columns(String text) {
    return text.codePoints().map(ConfusionMatrix::columns).sum();
  }

  /** Two for the wide characters of Unicode Standard Annex 11, none for those that combine. */
  private static int columns(int character) {
    int type = Character.getType(character);
    if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK) {
      return 0;
    }
    for (int[] range : WIDE) {
      if (character >= range[0] && character <= range[1]) {
        return 2;
      }
    }
    return 1;
  }

  private static String share(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.3f", value);
  }
}
