package org.thalweg.data;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.CsvOptions.Missing;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Nearest;

/**
 * A CSV file: one row of data on each line, one column with labels, all others features. A column
 * of features holds decimal numbers, or texts, which are categories: each is a feature of its own,
 * 1 in the rows that have it and else 0.
 *
 * <p>Where it is not said, the first line is taken as a header if a column is given by name, or by
 * {@link CsvSample#hasHeader}.
 *
 * <p>The classes are the labels that occur, as they are written, in the order of their numbers if
 * all are numbers, else of their texts.
 */
final class Csv {
  private static final int LONGEST_QUOTE = 40;

  /** Columns that a message lists. */
  private static final int MOST_NAMES = 50;

  /** A column of texts with fewer different ones than this is no identifier of the rows. */
  private static final int FEW_CATEGORIES = 10;

  /** So many different texts are looked at while they are read, lest they fill the memory. */
  private static final int MANY_CATEGORIES = 1 << 12;

  /** Labels with fewer different values than this are classes. */
  private static final int FEW_CLASSES = 6;

  /** What stands for a missing value where no training row missed one: no feature is 1. */
  private static final int NO_CATEGORY = -1;

  static final Pattern DECIMAL =
      Pattern.compile("[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?");

  private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]+([.]0*)?");

  /**
   * Markers of a missing value, or of a number that is none. They do not make a line a header; as a
   * label a class, if it is quoted or others are text.
   */
  static final Pattern MISSING = Pattern.compile("(?i)[+-]?(nan|inf|infinity)|na|n/a|null|[?]?");

  private static final Pattern INFINITE = Pattern.compile("(?i)[+-]?inf.*");

  private final CsvSample sample;
  private final CsvRows rows;
  private final CsvOptions options;
  private final ElementType type;
  private final DecimalText numbers;
  private final @Nullable Schema known;
  private final Missing missing;
  private final boolean labelled;
  private final double largestWhole; // up to it every whole number is held

  private final List<Column> inputs = new ArrayList<>();
  private final List<String> labels = new ArrayList<>();
  private final Map<String, String> names = new HashMap<>();
  private CsvRows.Row first = new CsvRows.Row(1, List.of(), List.of());
  private int columns;
  private int labelColumn = -1;
  private int weightColumn = -1;
  private final DoubleStream.Builder weights = DoubleStream.builder();
  private boolean header;
  private boolean textLabels;
  private CsvRows.@Nullable Row marker; // the first label that may mark a missing one
  private final NumberPieces values;
  private int count; // of rows that are kept
  private int dropped;
  private boolean complete; // whether the row that is read lacks nothing
  private boolean bytes = true; // whether all numbers are such
  private boolean single; // whether binary32 holds all of them
  private long rounded;
  private @Nullable String firstRounded;

  private Csv(
      String name,
      InputStream in,
      CsvOptions options,
      ElementType type,
      @Nullable Schema known,
      boolean labelled)
      throws IOException {
    boolean narrow = type == ElementType.F32;
    sample = new CsvSample(name, in, options, narrow);
    rows = sample.open();
    numbers = sample.numbers();
    values = new NumberPieces(narrow);
    single = !narrow; // where it is not asked anyway
    this.options = options;
    this.type = type;
    this.known = known;
    this.labelled = labelled;
    largestWhole = narrow ? 0x1p24 : 0x1p53;
    Missing usual = known == null ? Missing.ERROR : known.missing();
    Missing asked = Objects.requireNonNullElse(options.missing(), usual);
    missing = asked == Missing.ROW && !labelled ? Missing.ERROR : asked; // each row is predicted
  }

  /** A column of features while it is read. */
  private static final class Column {
    final int place;
    final Schema.@Nullable Input known;

    /** The number of each text; null for a column of numbers, and before its first value. */
    @Nullable Map<String, Integer> codes;

    boolean insisted; // on categories
    boolean begun; // by a number
    boolean missed; // a value

    // Of numbers, whether two are different in the type, or, if not, as they are written.
    boolean different;
    boolean merged;
    double firstNumber;
    byte @Nullable [] firstText;

    Column(int place, Schema.@Nullable Input known) {
      this.place = place;
      this.known = known;
      List<String> categories = known == null ? null : known.categories();
      if (categories != null) {
        codes = new HashMap<>();
        categories.forEach(one -> codes.put(one, codes.size()));
      }
    }
  }

  /** Rows with what was taken for what; where a missing number is to be filled in, it is NaN. */
  record Labelled(Dataset data, List<String> classes, Columns columns) {}

  /**
   * Reads a file. Features are kept as bytes if all are integers from 0 to 255, else as binary32 if
   * they are to be used in it, or if it holds all of them exactly; else as binary64.
   *
   * @param name of the file, or - for standard input
   * @param type in which the features will be used: F32 or F64
   * @param known the columns that are looked for; null for any
   * @throws DataException if it is not as described above
   */
  static Labelled read(String name, CsvOptions options, ElementType type, @Nullable Schema known) {
    return ByteFile.text(name, in -> read(name, in, options, type, known));
  }

  /** Reads a file that has been opened. */
  static Labelled read(
      String name, InputStream in, CsvOptions options, ElementType type, @Nullable Schema known)
      throws IOException {
    Csv csv = new Csv(name, in, options, type, known, true);
    csv.readRows();
    return csv.labelled();
  }

  /**
   * Reads a file without labels. If a column is given for them, or is known, it is left out.
   *
   * @param name of the file, or - for standard input
   * @throws DataException if it is not as described above
   */
  static Datasets.Unlabelled readFeatures(
      String name, CsvOptions options, ElementType type, @Nullable Schema known) {
    return ByteFile.text(
        name,
        in -> {
          Csv csv = new Csv(name, in, options, type, known, false);
          csv.readRows();
          List<Integer> leftOut = new ArrayList<>(csv.leftOut());
          if (csv.labelColumn >= 0) {
            leftOut.add(csv.labelColumn);
          }
          Dataset.Values values = csv.values();
          return new Datasets.Unlabelled(
              values,
              (int) (values.count() / csv.count),
              csv.header,
              leftOut.stream().sorted().map(csv::text).toList());
        });
  }

  private void readRows() throws IOException {
    if (!rows.advance()) {
      throw rows.wrongEnd("expected a row");
    }
    first = rows.row();
    columns = first.fields().size();
    if (columns < (labelled || options.label() != null ? 2 : 1)) {
      throw rows.wrong(
          0,
          "expected at least two columns, a feature and a label"
              + separator(first.fields().get(0)));
    }
    boolean named = isNamed();
    header =
        options.header() == Datasets.Header.YES
            || (options.header() == Datasets.Header.AUTO && (named || sample.hasHeader()));
    if (known == null) {
      choose();
    } else {
      match(known);
    }
    Column[] all = inputs.toArray(Column[]::new);
    double[] row = new double[all.length];
    if (!header) {
      add(all, row);
    }
    while (rows.advance()) {
      add(all, row);
    }
    if (count == 0) {
      throw dropped > 0
          ? rows.wrong("all %d rows have missing values".formatted(dropped))
          : rows.wrongEnd("expected a row below the header");
    }
  }

  /** Whether the first line has the names of columns that were given or are known. */
  private boolean isNamed() {
    List<String> given = new ArrayList<>(options.ignore());
    given.addAll(options.categories());
    Optional.ofNullable(options.weights()).ifPresent(given::add);
    Optional.ofNullable(options.label()).ifPresent(given::add);
    return given.stream().anyMatch(column -> !isNumber(column, columns))
        || (known != null && known.isNamed() && first.fields().containsAll(known.names()));
  }

  /** Chooses the columns: all that are not left out are features, or the label. */
  private void choose() {
    TreeSet<Integer> ignored = new TreeSet<>();
    options.ignore().forEach(column -> ignored.add(column(rows, first, column, options.header())));
    String weight = options.weights();
    if (weight != null) {
      weightColumn = column(rows, first, weight, options.header());
      ignored.add(weightColumn);
    }
    String label = options.label();
    if (label != null) {
      labelColumn = column(rows, first, label, options.header());
    } else if (labelled) {
      labelColumn = columns - 1;
      while (ignored.contains(labelColumn)) {
        labelColumn--;
      }
    }
    if (labelColumn >= 0 && ignored.contains(labelColumn)) {
      boolean weighs = labelColumn == weightColumn;
      throw rows.wrong(
          first,
          text(labelColumn)
              + (weighs ? " cannot hold the weights" : " cannot be left out")
              + ": it is the label");
    }
    TreeSet<Integer> categories = new TreeSet<>();
    options
        .categories()
        .forEach(column -> categories.add(column(rows, first, column, options.header())));
    for (int i = 0; i < columns; i++) {
      if (i != labelColumn && !ignored.contains(i)) {
        Column column = new Column(i, null);
        if (categories.remove(i)) {
          column.codes = new LinkedHashMap<>();
          column.insisted = true;
        }
        inputs.add(column);
      }
    }
    if (!categories.isEmpty()) {
      int one = categories.first();
      throw rows.wrong(
          first,
          "%s has no categories: it is %s"
              .formatted(text(one), one == labelColumn ? "the label" : "left out"));
    }
    if (inputs.isEmpty()) {
      throw rows.wrong(first, "no column is left for a feature");
    }
  }

  /** Finds the columns that a model knows: by name, or where there are no names by place. */
  private void match(Schema model) {
    String label = options.label();
    if (label != null) {
      labelColumn = column(rows, first, label, options.header());
    }
    boolean byName = header && model.isNamed();
    if (byName) {
      matchNames(model);
    } else {
      matchPlaces(model);
    }
    if (labelled && labelColumn < 0) {
      throw rows.wrong(
          first,
          "no column is called %s, as the label was in training; name the label's with --label;"
                  .formatted(quote(String.valueOf(model.labelName())))
              + " the columns are "
              + listed(first.fields()));
    }
  }

  private void matchNames(Schema model) {
    List<String> found = first.fields();
    String name = model.labelName();
    if (labelColumn < 0 && labelled && name != null) {
      labelColumn = found.indexOf(name);
    }
    List<String> lacking = model.names().stream().filter(input -> !found.contains(input)).toList();
    if (!lacking.isEmpty()) {
      throw rows.wrong(
          first,
          "%d of the %d columns that the model takes are missing: %s; the columns are %s"
              .formatted(lacking.size(), model.inputs().size(), listed(lacking), listed(found)));
    }
    for (Schema.Input input : model.inputs()) {
      String wanted = String.valueOf(input.name());
      int place = found.indexOf(wanted);
      if (found.lastIndexOf(wanted) > place) {
        throw rows.wrong(first, "more than one column is called " + quote(wanted));
      }
      inputs.add(new Column(place, input));
    }
  }

  private void matchPlaces(Schema model) {
    int used = model.inputs().size();
    boolean given = labelColumn >= 0;
    int label = given ? labelColumn : model.label();
    int others = given ? columns - 1 : columns; // all columns but one that was given for the label
    if (!given && columns == model.columns()) {
      labelColumn = label;
    } else if (!given && labelled) {
      labelColumn = columns - 1;
      label = labelColumn;
      others = columns - 1;
    }
    int withoutLabel = labelColumn >= 0 ? columns - 1 : columns;
    int[] places = IntStream.range(0, columns).filter(i -> i != labelColumn).toArray();
    if (withoutLabel == model.columns() - 1) { // as in training, where some may have been left out
      for (Schema.Input input : model.inputs()) {
        int place = input.column() - (input.column() > model.label() ? 1 : 0);
        inputs.add(new Column(places[place], input));
      }
    } else if (others == used) {
      for (int i = 0; i < used; i++) {
        inputs.add(new Column(places[i], model.inputs().get(i)));
      }
    } else {
      throw rows.wrong(
          first,
          "%d columns%s, and the model takes %d%s; line %d holds %s"
              .formatted(
                  withoutLabel,
                  labelColumn >= 0 ? " beside the label, which is " + text(labelColumn) : "",
                  used,
                  model.isNamed() ? ", called " + listed(model.names()) : "",
                  first.line(),
                  listed(first.fields())));
    }
  }

  /** Whether a column is given by its number, from 1, and not by name. */
  static boolean isNumber(String column, int columns) {
    int number = column.matches("[0-9]{1,9}") ? Integer.parseInt(column) : 0;
    return number >= 1 && number <= columns;
  }

  /**
   * The column, from 0, of a name in the first row, or of a number from 1.
   *
   * @throws DataException if there is none, or several, or by asking there is no header
   */
  static int column(CsvRows rows, CsvRows.Row first, String label, Datasets.Header asked) {
    List<String> names = first.fields();
    if (isNumber(label, names.size())) {
      return Integer.parseInt(label) - 1;
    }
    int column = names.indexOf(label);
    if (column < 0 || names.lastIndexOf(label) > column) {
      Optional<String> near = Nearest.to(label, names);
      String problem =
          column >= 0
              ? "more than one column is called %s: give its number;"
              : near.map(name -> "no column is called %s; did you mean " + quote(name) + "?")
                  .orElse("no column is called %s, nor is that the number of one;");
      throw rows.wrong(
          first, problem.formatted(quote(label)) + " the columns are " + listed(names));
    }
    if (asked == Datasets.Header.NO) {
      throw rows.wrong(
          first,
          "without a header no column is called %s: give its number".formatted(quote(label)));
    }
    return column;
  }

  /** Classes in the order of their numbers, or of their texts. */
  static List<String> ordered(Collection<String> classes, boolean text) {
    Comparator<String> byText = Comparator.naturalOrder();
    Comparator<String> byNumber = Comparator.comparing(one -> toDouble(one));
    return classes.stream().sorted(text ? byText : byNumber.thenComparing(byText)).toList();
  }

  /** A number that has a point or a comma. */
  static double toDouble(String number) {
    return Double.parseDouble(number.replace(',', '.'));
  }

  /** Names in quotes, the first of them where there are many. */
  static String listed(List<String> names) {
    String list =
        names.stream().limit(MOST_NAMES).map(Csv::quote).collect(Collectors.joining(", "));
    return names.size() > MOST_NAMES
        ? "%s and %d more".formatted(list, names.size() - MOST_NAMES)
        : list;
  }

  /** Adds the current row; {@code row} is for its numbers, one for each column of features. */
  private void add(Column[] all, double[] row) {
    int found = rows.fields();
    if (found != columns) {
      throw rows.wrong(
          Math.min(found, columns),
          "a row of %d columns, not %d as in the first".formatted(found, columns));
    }
    if ((count + 1L) * row.length > Dataset.MOST_VALUES) {
      throw rows.wrong(0, "more than " + Dataset.MOST_VALUES + " features, all together");
    }
    complete = true;
    for (int i = 0; i < row.length; i++) {
      Column column = all[i];
      row[i] = column.codes == null ? number(column) : code(column, column.codes);
    }
    double weight = weightColumn < 0 ? 1 : weight();
    if (labelled) {
      addLabel();
    }
    if (complete) {
      values.add(row);
      if (weightColumn >= 0) {
        weights.add(weight);
      }
      count++;
      for (int i = 0; i < row.length && (bytes || single); i++) {
        if (all[i].codes == null) {
          bytes &= row[i] >= 0 && row[i] <= 255 && row[i] == (int) row[i];
          single &= row[i] == (float) row[i];
        }
      }
    } else {
      dropped++;
    }
  }

  private double number(Column column) {
    int place = column.place;
    double value = numbers.parse(rows.bytes(), rows.from(place), rows.to(place));
    if (!Double.isFinite(value)) {
      return noNumber(column);
    }
    column.begun = true;
    if (Math.abs(value) >= largestWhole) {
      checkWhole(place, value);
    }
    if (!column.different) {
      compare(column, value);
    }
    return value;
  }

  /** How much the row counts; where that is missing, the row may not be kept. */
  private double weight() {
    String text = rows.text(weightColumn);
    double weight = numbers.parse(text);
    if (weight >= 0 && weight < Double.POSITIVE_INFINITY) {
      return weight;
    }
    if (missing == Missing.ROW && isMissing(text, false)) {
      complete = false;
      return 0;
    }
    throw rows.wrong(weightColumn, "expected a weight, finite and at least 0, not " + quote(text));
  }

  /** What stands for a field in which no number was found at first sight. */
  private double noNumber(Column column) {
    String text = rows.text(column.place);
    double value = numbers.parse(text); // blanks around it may have been other than ASCII
    if (Double.isFinite(value)) {
      column.begun = true;
      column.different = true; // for all we know
      return value;
    }
    if (isMissing(text, false)) {
      return missing(column, text);
    }
    boolean mayBeText = Double.isNaN(value) && !INFINITE.matcher(text).matches();
    if (mayBeText && column.known == null && !column.begun) {
      column.codes = new LinkedHashMap<>();
      return code(column, column.codes);
    }
    throw rows.wrong(
        column.place,
        "expected a finite %s number, not %s%s"
            .formatted(
                type == ElementType.F32 ? "binary32" : "binary64",
                quote(text),
                mayBeText ? advice(column, text) : ""));
  }

  /** The number of a category. */
  private double code(Column column, Map<String, Integer> codes) {
    String text = rows.text(column.place);
    if (isMissing(text, rows.isQuoted(column.place))) {
      return missing(column, text);
    }
    Integer code = codes.get(text);
    if (code != null) {
      return code;
    }
    if (column.known != null) {
      throw rows.wrong(
          column.place,
          "%s is none of the categories that the model knows: %s"
              .formatted(quote(text), listed(List.copyOf(new TreeSet<>(codes.keySet())))));
    }
    if (!column.insisted && !Double.isNaN(numbers.parse(text))) {
      throw rows.wrong(
          column.place,
          "expected a text, not the number %s, as those above are texts; if all of them are"
                  .formatted(quote(text))
              + " categories, say --categories "
              + option(column.place));
    }
    codes.put(text, codes.size());
    if (codes.size() >= MANY_CATEGORIES) {
      checkCategories(column, codes.size(), count + 1);
    }
    return codes.size() - 1;
  }

  private void checkCategories(Column column, int different, int of) {
    if (!column.insisted && different >= FEW_CATEGORIES && 2 * different > of) {
      throw rows.wrong(
          "%s has %d different texts in %d rows, too many for categories; leave it out with"
                  .formatted(text(column.place), different, of)
              + " --ignore %s, or insist with --categories %s"
                  .formatted(option(column.place), option(column.place)));
    }
  }

  private static boolean isMarker(String text) {
    boolean may = text.isEmpty() || "+-nNiI?".indexOf(text.charAt(0)) >= 0; // soon seen
    return may && MISSING.matcher(text).matches();
  }

  /** Whether a field has no value. In quotes, what marks a missing one may be a text. */
  private static boolean isMissing(String text, boolean quoted) {
    return text.isEmpty() || (!quoted && isMarker(text) && !INFINITE.matcher(text).matches());
  }

  /** What stands for a missing value, if the row is not left out. */
  private double missing(Column column, String text) {
    switch (missing) {
      case ERROR ->
          throw rows.wrong(
              column.place,
              (column.codes == null
                      ? "expected a finite %s number, not %s"
                          .formatted(type == ElementType.F32 ? "binary32" : "binary64", quote(text))
                      : "expected a text, not " + quote(text))
                  + ": a missing value; "
                  + (known == null
                      ? "leave such rows out with --missing row, fill it in with --missing mean, or"
                          + " leave out the column with --ignore "
                          + option(column.place)
                      : "the model fills it in if it is trained with --missing mean"));
      case ROW -> {
        complete = false;
        return 0;
      }
      case MEAN -> {
        column.missed = true;
        Schema.Input input = column.known;
        if (input == null) {
          return Double.NaN;
        }
        if (column.codes != null) {
          return input.other() ? column.codes.size() : NO_CATEGORY;
        }
        Double fill = input.fill();
        if (fill == null) {
          throw rows.wrong(column.place, "a missing value, for which the model has none");
        }
        return fill;
      }
    }
    throw new AssertionError(missing);
  }

  private void checkWhole(int column, double value) {
    boolean exact;
    if (numbers.isPlain()) {
      exact = (long) Math.abs(value) == numbers.digits();
    } else {
      String text = rows.text(column).replace(numbers.point(), '.');
      exact =
          !WHOLE.matcher(text).matches()
              || new BigDecimal(text).compareTo(new BigDecimal(value)) == 0;
    }
    if (!exact) {
      rounded++;
      if (firstRounded == null) {
        firstRounded =
            "line %d, column %d: %s".formatted(rows.line(), column + 1, quote(rows.text(column)));
      }
    }
  }

  /** Notes whether a column has different numbers, in the type or as they are written. */
  private void compare(Column column, double value) {
    int from = rows.from(column.place);
    int to = rows.to(column.place);
    byte[] before = column.firstText;
    if (before == null) {
      column.firstText = Arrays.copyOfRange(rows.bytes(), from, to);
      column.firstNumber = value;
    } else if (value != column.firstNumber) {
      column.different = true;
    } else if (!column.merged && !Arrays.equals(before, 0, before.length, rows.bytes(), from, to)) {
      column.merged = exact(before, 0, before.length).compareTo(exact(rows.bytes(), from, to)) != 0;
    }
  }

  private BigDecimal exact(byte[] bytes, int from, int to) {
    String text = new String(bytes, from, to - from, StandardCharsets.US_ASCII);
    return new BigDecimal(text.replace(numbers.point(), '.'));
  }

  /** What to do about a text where numbers are expected. */
  private String advice(Column column, String text) {
    String separator = separator(text);
    if (!separator.isEmpty()) {
      return separator;
    }
    if (numbers.point() == '.' && text.matches("[+-]?[0-9]*,[0-9]+")) {
      return ": if it has a decimal comma, say --decimal comma";
    }
    String place = option(column.place);
    return known != null
        ? ", as the model knows this column"
        : ", as those above are numbers; correct it, or if all of them are categories, say"
            + " --categories %s; or leave the column out with --ignore %s".formatted(place, place);
  }

  /** What to say of a field that holds several, separated by something else. */
  private String separator(String text) {
    for (char separator : new char[] {',', ';', '\t', '|'}) {
      if (separator != rows.separator()
          && separator != numbers.point()
          && text.indexOf(separator) >= 0
          && !text.matches("[+-]?[0-9]*,[0-9]+")) {
        return ": fields are separated by %s; if they are by %s, say --separator %s"
            .formatted(
                CsvRows.named(rows.separator()),
                CsvRows.named(separator),
                CsvRows.named(separator).replace('"', '\''));
      }
    }
    return "";
  }

  /** Adds the label of a row; if it is missing, the row may not be kept. */
  private void addLabel() {
    String text = rows.text(labelColumn);
    String same = isMarker(text) ? null : names.get(text);
    if (same != null && complete) { // as most are
      labels.add(same);
      return;
    }
    if (missing == Missing.ROW && isMissing(text, rows.isQuoted(labelColumn))) {
      complete = false;
    }
    if (!complete) {
      return;
    }
    if (text.isEmpty()) {
      throw rows.wrong(labelColumn, "the label is missing; remove the row, or give it one");
    }
    if (isMarker(text) && !rows.isQuoted(labelColumn)) {
      marker = marker == null ? rows.row() : marker;
    } else {
      textLabels |= Double.isNaN(numbers.parse(text));
    }
    labels.add(names.computeIfAbsent(text, name -> name));
  }

  private Labelled labelled() {
    CsvRows.Row unlabelled = marker;
    if (unlabelled != null && !textLabels) {
      throw rows.wrong(
          unlabelled,
          labelColumn,
          "expected a label, not %s, which marks a missing one; remove the row, or put it in"
                  .formatted(quote(unlabelled.fields().get(labelColumn)))
              + " quotes if it is a class");
    }
    List<String> classes = ordered(names.keySet(), textLabels);
    if (known == null && !options.manyClasses()) {
      checkClasses(classes);
    }
    Map<String, Integer> places = new HashMap<>();
    classes.forEach(one -> places.put(one, places.size()));
    int[] each = labels.stream().mapToInt(places::get).toArray();
    Schema schema = schema();
    double[] own = weightColumn < 0 ? null : weights.build().toArray();
    if (own != null && Arrays.stream(own).allMatch(weight -> weight == 0)) {
      throw rows.wrong(text(weightColumn) + " holds no weight above 0");
    }
    Dataset data = new Dataset(values(), each, schema.width(), classes.size(), own);
    return new Labelled(data, classes, columns(schema));
  }

  /** Refuses labels that seem to be no classes: about as many as rows, or many not whole. */
  private void checkClasses(List<String> classes) {
    boolean fractions =
        !textLabels && classes.stream().mapToDouble(Csv::toDouble).anyMatch(x -> x != Math.rint(x));
    String doubt = noClasses(classes.size(), count, fractions);
    if (doubt != null) {
      throw rows.wrong(
          "%s was taken for the label, but has %s; name another with --label, or insist with"
                  .formatted(text(labelColumn), doubt)
              + " --many-classes");
    }
  }

  /**
   * Why labels seem to be no classes; null if they may be.
   *
   * @param fractions whether some are numbers that are not whole
   */
  static @Nullable String noClasses(int different, int rows, boolean fractions) {
    return different >= FEW_CLASSES && (2L * different > rows || fractions)
        ? "%d different values in %d rows%s"
            .formatted(different, rows, fractions ? ", not all of them whole numbers" : "")
        : null;
  }

  /** The columns as a model keeps them. */
  private Schema schema() {
    if (known != null) {
      return known;
    }
    List<Schema.Input> kept = new ArrayList<>();
    for (Column column : inputs) {
      String name = header ? first.fields().get(column.place) : null;
      List<String> categories = categories(column);
      boolean other = categories != null && column.missed;
      kept.add(new Schema.Input(column.place, name, categories, other, null));
    }
    String label = header ? first.fields().get(labelColumn) : null;
    return new Schema(columns, labelColumn, label, missing, kept);
  }

  private Columns columns(Schema schema) {
    return new Columns(
        rows.separator(),
        numbers.point() == ',',
        header,
        header ? first.fields() : List.of(),
        labelColumn,
        weightColumn,
        inputs.stream().map(column -> column.place).toList(),
        leftOut(),
        schema,
        dropped,
        doubts());
  }

  /** The columns that are neither features nor labels nor weights. */
  private List<Integer> leftOut() {
    BitSet others = new BitSet();
    others.set(0, columns);
    inputs.forEach(column -> others.clear(column.place));
    if (labelColumn >= 0) {
      others.clear(labelColumn);
    }
    if (weightColumn >= 0) {
      others.clear(weightColumn);
    }
    return others.stream().boxed().toList();
  }

  /** A column, from 0, as messages name it. */
  private String text(int column) {
    return "column "
        + (column + 1)
        + (header ? " (" + quote(first.fields().get(column)) + ")" : "");
  }

  /** A column, from 0, as an option takes it. */
  private String option(int column) {
    String name = header ? first.fields().get(column) : "";
    return name.matches("[\\w.-]*[a-zA-Z_][\\w.-]*") ? name : "" + (column + 1);
  }

  /** What was read otherwise than it may have been meant. */
  private List<String> doubts() {
    List<String> doubts = new ArrayList<>();
    String wider = type == ElementType.F32 ? "; train with --type f64" : "";
    String binary = type == ElementType.F32 ? "binary32" : "binary64";
    if (marker != null) {
      doubts.add(
          "line %d, column %d: %s was taken for a class; remove such rows if it marks a missing one"
              .formatted(marker.line(), labelColumn + 1, quote(marker.fields().get(labelColumn))));
    }
    if (rounded > 0) {
      doubts.add(
          "%s is one of %d whole numbers that were rounded, as %s does not hold them%s"
              .formatted(firstRounded, rounded, binary, wider));
      return doubts;
    }
    inputs.stream()
        .filter(column -> column.merged && !column.different)
        .findFirst()
        .ifPresent(
            column ->
                doubts.add(
                    "%s: its numbers differ, but not in %s%s"
                        .formatted(text(column.place), binary, wider)));
    return doubts;
  }

  /** The categories of a column, in the order of their texts; null of numbers. */
  private @Nullable List<String> categories(Column column) {
    Map<String, Integer> codes = column.codes;
    Schema.Input input = column.known;
    if (codes == null || input != null) {
      return input == null ? null : input.categories();
    }
    BitSet occur = new BitSet();
    if (dropped == 0) {
      occur.set(0, codes.size());
    } else { // some may be in rows alone that were left out
      int[] at = {0};
      int place = inputs.indexOf(column);
      values.forEach(
          value -> {
            if (at[0]++ % inputs.size() == place && value >= 0) {
              occur.set((int) value);
            }
          });
    }
    checkCategories(column, occur.cardinality(), count);
    return codes.entrySet().stream()
        .filter(one -> occur.get(one.getValue()))
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /** Where the features of a column's values are, for each of the numbers that it has. */
  private final class Places {
    private final int @Nullable [] of; // by the number of a category; null for numbers
    private final int width;

    Places(Column column) {
      List<String> categories = categories(column);
      Map<String, Integer> codes = column.codes;
      boolean other = column.known == null ? column.missed : column.known.other();
      if (categories == null || codes == null) {
        of = null;
        width = 1;
      } else {
        of = new int[codes.size() + 1];
        Arrays.fill(of, categories.size());
        for (int i = 0; i < categories.size(); i++) {
          of[Objects.requireNonNull(codes.get(categories.get(i)))] = i;
        }
        width = categories.size() + (other ? 1 : 0);
      }
    }
  }

  private Dataset.Values values() {
    List<Places> places = inputs.stream().map(Places::new).toList();
    long all = count * places.stream().mapToLong(one -> one.width).sum();
    if (all > Dataset.MOST_VALUES) {
      throw rows.wrong(
          "more than %d features, all together, with one for each category"
              .formatted(Dataset.MOST_VALUES));
    }
    int n = (int) all;
    if (bytes) {
      byte[] pixels = new byte[n];
      each(places, (i, value) -> pixels[i] = (byte) (int) value);
      return new Dataset.Bytes(pixels, 1);
    }
    boolean numbersAlone = places.stream().allMatch(one -> one.of == null);
    if (type == ElementType.F32 && numbersAlone) {
      return new Dataset.Floats(values.toFloats(n));
    }
    if (type == ElementType.F32 || single) {
      float[] floats = new float[n];
      each(places, (i, value) -> floats[i] = (float) value);
      return new Dataset.Floats(floats);
    }
    if (numbersAlone) {
      return new Dataset.Doubles(values.toDoubles(n));
    }
    double[] doubles = new double[n];
    each(places, (i, value) -> doubles[i] = value);
    return new Dataset.Doubles(doubles);
  }

  /** What is done with a value, and its index among all. */
  private interface Use {
    void use(int index, double value);
  }

  private void each(List<Places> places, Use use) {
    int[] at = {0, 0}; // the column, and the index
    values.forEach(
        value -> {
          Places column = places.get(at[0]);
          at[0] = at[0] + 1 == places.size() ? 0 : at[0] + 1;
          if (column.of == null) {
            use.use(at[1]++, value);
          } else {
            // NaN is a missing category; of a negative number no feature is 1.
            int one =
                Double.isNaN(value)
                    ? column.width - 1
                    : value < 0 ? NO_CATEGORY : column.of[(int) value];
            for (int i = 0; i < column.width; i++) {
              use.use(at[1]++, i == one ? 1 : 0);
            }
          }
        });
  }

  /** A text in quotes, cut where it is long. */
  static String quote(String text) {
    return '"'
        + (text.length() > LONGEST_QUOTE ? text.substring(0, LONGEST_QUOTE) + ".." : text)
        + '"';
  }
}
