package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.thalweg.numeric.ElementType;

/** Sparse rows in the text format of LIBSVM and svmlight. */
class LibsvmTest {
  private static final LibsvmOptions ZERO_BASED = new LibsvmOptions(true, 0, "", false);
  private static final LibsvmOptions THREE = LibsvmOptions.DEFAULT.withFeatures(3, "a.svm");

  @TempDir private Path folder;

  private Libsvm.Labelled read(byte[] file, LibsvmOptions options) throws IOException {
    Path path = Files.write(folder.resolve("x.svm"), file);
    return Libsvm.read(path.toString(), options, ElementType.F64);
  }

  private Libsvm.Labelled read(String text, LibsvmOptions options) throws IOException {
    return read(text.getBytes(StandardCharsets.UTF_8), options);
  }

  private Libsvm.Labelled read(String text) throws IOException {
    return read(text, LibsvmOptions.DEFAULT);
  }

  private static double[] dense(Dataset.Values values) {
    double[] all = new double[(int) values.count()];
    Arrays.setAll(all, values::value);
    return all;
  }

  /** A text, what its rows are, all in one array, the numbers of their classes, and the names. */
  @SuppressWarnings("ArrayRecordComponent") // of constants
  private record Right(String text, double[] rows, int[] of, List<String> classes) {}

  private static final List<Right> RIGHT =
      List.of(
          right("1 1:2\n-1 2:3\n", new double[] {2, 0, 0, 3}, 1, 0, "-1", "1"),
          right("+1 1:2\r\n1.0\t \t2:3 \r\n", new double[] {2, 0, 0, 3}, 0, 0, "1"),
          right("\ufeff1 1:2\n2 2:3", new double[] {2, 0, 0, 3}, 0, 1, "1", "2"),
          right(
              "# a comment\n\n  \n 1e1 1:2#:x\n#\n2.5 # 1:1 \u00fc\n",
              new double[] {2, 0},
              1,
              0,
              "2.5",
              "10"),
          right("0 1:-0 2:0.0\n-0 3:0\n", new double[6], 0, 0, "0"),
          right("1\n7 000002:1e-3\n", new double[] {0, 0, 0, 1e-3}, 0, 1, "1", "7"),
          right(
              "1 1:2\r2:3\n4503599627370497 1:.5",
              new double[] {2, 3, .5, 0},
              0,
              1,
              "1",
              "4503599627370497"));

  private static Right right(String text, double[] rows, int first, int second, String... names) {
    return new Right(text, rows, new int[] {first, second}, List.of(names));
  }

  @Test
  void formats() throws IOException {
    for (Right right : RIGHT) {
      byte[] bytes = right.text.getBytes(StandardCharsets.UTF_8);
      for (byte[] file : List.of(bytes, Samples.gzip(bytes))) {
        Libsvm.Labelled read = read(file, LibsvmOptions.DEFAULT);
        int rows = read.rows().rows();
        int[] of = rows == 1 ? new int[] {right.of[0]} : right.of;
        assertArrayEquals(right.rows, dense(read.rows()), right.text);
        assertArrayEquals(of, read.of(), right.text);
        assertEquals(right.classes, read.classes(), right.text);
      }
    }
  }

  @Test
  void zerosAreNotStoredButCount() throws IOException {
    SparseRows rows = read("1 1:0 2:3 5:-0.0\n2 4:0e9\n").rows();
    assertArrayEquals(new int[] {0, 1, 1}, rows.starts());
    assertArrayEquals(new int[] {1}, rows.columns());
    assertEquals(5, rows.features());
  }

  @Test
  void indicesFromZero() throws IOException {
    SparseRows rows = read("1 0:7 2:3\n", ZERO_BASED).rows();
    assertArrayEquals(new double[] {7, 0, 3}, dense(rows));
  }

  @Test
  void numberOfFeatures() throws IOException {
    assertArrayEquals(new double[] {0, 2, 0}, dense(read("1 2:2\n", THREE).rows()));
    assertArrayEquals(new double[3], dense(read("1\n", THREE).rows()));
    assertEquals(Libsvm.MOST_FEATURES, read("1 134217728:1\n").rows().features());
  }

  /** A file, how it is read, and behind its name the message. */
  private record Wrong(String text, LibsvmOptions options, String message) {
    Wrong(String text, String message) {
      this(text, LibsvmOptions.DEFAULT, message);
    }
  }

  private static final String LABEL = "expected a label, a number of at most 2^53 in size, not ";
  private static final String FEATURE = "expected an index and a value, as in 3:0.5, not ";
  private static final String VALUE = "expected a finite binary64 number behind the index, not ";

  private static final List<Wrong> WRONG =
      List.of(
          new Wrong("", "line 1: expected a row, not the end of the file"),
          new Wrong("# only\n\n", "line 3: expected a row, not the end of the file"),
          new Wrong(
              "1\n2 # 1:1",
              "line 2: expected a feature in one of the rows, not the end of" + " the file"),
          new Wrong(
              "1 1:1\n1 0:1\n",
              "line 2, column 3: index 0, and indices begin at 1; if those of this file begin at"
                  + " 0, say --zero-based"),
          new Wrong("1 2:1 \t 2:1\n", "line 1, column 9: index 2 is there twice"),
          new Wrong("1 2:1 1:1\n", "line 1, column 7: index 1 behind 2: indices must ascend"),
          new Wrong("1 2:0 1:1\n", "line 1, column 7: index 1 behind 2: indices must ascend"),
          new Wrong(
              "1 1:1 0:1",
              ZERO_BASED,
              "line 1, column 7: index 0 behind 1: indices must" + " ascend"),
          new Wrong(
              "1 134217729:1\n",
              "line 1, column 3: index 134217729 is too large: there are"
                  + " at most 134217728 features"),
          new Wrong(
              "1 99999999999999999999:1\n",
              "line 1, column 3: index 99999999999999999999 is"
                  + " too large: there are at most 134217728 features"),
          new Wrong(
              "1 134217728:1\n",
              ZERO_BASED,
              "line 1, column 3: index 134217728 is too"
                  + " large: there are at most 134217728 features"),
          new Wrong("1 3:1 4:0\n", THREE, "line 1, column 7: index 4, and a.svm has 3 features"),
          new Wrong(
              "1 3:1\n",
              ZERO_BASED.withFeatures(3, "the model"),
              "line 1, column 3: index 3 (from 0), and the model has 3 features"),
          new Wrong("1 1:nan\n", "line 1, column 3: " + VALUE + "\"1:nan\""),
          new Wrong("1 1:-inf\n", "line 1, column 3: " + VALUE + "\"1:-inf\""),
          new Wrong("1 1:1e999\n", "line 1, column 3: " + VALUE + "\"1:1e999\""),
          new Wrong("1 1:\n", "line 1, column 3: " + VALUE + "\"1:\""),
          new Wrong("1 1:2:3\n", "line 1, column 3: " + VALUE + "\"1:2:3\""),
          new Wrong("1 1:0x1p3\n", "line 1, column 3: " + VALUE + "\"1:0x1p3\""),
          new Wrong("1 1:a\0b\n", "line 1, column 3: " + VALUE + "\"1:a?b\""),
          new Wrong("1 5\n", "line 1, column 3: " + FEATURE + "\"5\""),
          new Wrong("1 :5\n", "line 1, column 3: " + FEATURE + "\":5\""),
          new Wrong("1 -1:5\n", "line 1, column 3: " + FEATURE + "\"-1:5\""),
          new Wrong("1 x:5\n", "line 1, column 3: " + FEATURE + "\"x:5\""),
          new Wrong(
              "1 qid:3 1:5\n",
              "line 1, column 3: \"qid:3\": groups of a ranking are not" + " read"),
          new Wrong("\ufeff1,2 1:5\n", "line 1, column 1: expected one label, not \"1,2\""),
          new Wrong("1:5\n", "line 1, column 1: expected a label before \"1:5\""),
          new Wrong("1 1:1\n\n  cat 1:5\n", "line 3, column 3: " + LABEL + "\"cat\""),
          new Wrong("nan 1:5\n", "line 1, column 1: " + LABEL + "\"nan\""),
          new Wrong(
              "9007199254740994 1:5\n", "line 1, column 1: " + LABEL + "\"9007199254740994\""),
          new Wrong("a,b,\"c\"\n", "line 1, column 1: " + LABEL + "\"a,b,\"c\"\""),
          new Wrong(
              "1 1:1\n2 1:1\n3 1:1\n4 1:1\n5 1:1\n6 1:1\n",
              "the labels have 6 different values in 6 rows; if they are classes, insist with"
                  + " --many-classes"),
          new Wrong(
              "1 1:1\n2 1:1\n3 1:1\n4 1:1\n5.5 1:1\n6 1:1\n".repeat(3),
              "the labels have 6 different values in 18 rows, not all of them whole numbers; if"
                  + " they are classes, insist with --many-classes"),
          new Wrong(
              "1 1:1\n2 " + "1".repeat(1 << 16) + ":1\n",
              "line 2, column 3: a field of more than 65536 bytes"));

  @Test
  void errorsNameTheirPlace() {
    for (Wrong wrong : WRONG) {
      var e = assertThrows(DataException.class, () -> read(wrong.text, wrong.options), wrong.text);
      assertEquals(folder.resolve("x.svm") + ": " + wrong.message, e.getMessage());
    }
  }

  /** No text, and a compressed file that ends too early. */
  @Test
  void damagedFiles() {
    byte[] utf16 = "1 1:1\n".getBytes(StandardCharsets.UTF_16LE);
    byte[] latin = "1 1:\u00fc\n".getBytes(StandardCharsets.ISO_8859_1);
    byte[] packed = Samples.gzip("1 1:1\n".repeat(1000).getBytes(StandardCharsets.UTF_8));
    assertEquals("line 1, column 1: " + LABEL + "\"1?\"", message(utf16));
    assertEquals("line 1, column 3: not UTF-8", message(latin));
    assertEquals("it ends too early", message(Arrays.copyOf(packed, packed.length - 9)));
  }

  private String message(byte[] file) {
    var e = assertThrows(DataException.class, () -> read(file, LibsvmOptions.DEFAULT));
    return e.getMessage().substring((folder.resolve("x.svm") + ": ").length());
  }

  @Test
  void manyClassesOnlyWhereToldOrKnown() throws IOException {
    String text = "1 1:1\n2 1:1\n3 1:1\n4 1:1\n5 1:1\n6.5 1:1\n";
    List<String> classes = List.of("1", "2", "3", "4", "5", "6.5");
    assertEquals(classes, read(text, new LibsvmOptions(false, 0, "", true)).classes());
    assertEquals(classes, read(text, THREE).classes());
  }

  /** Random rows, long enough for many buffers, as a LIBSVM and as a CSV file. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "F64"})
  void sameNumbersAsOfCsv(ElementType type) throws IOException {
    Random random = new Random(7);
    StringBuilder sparse = new StringBuilder();
    StringBuilder csv = new StringBuilder();
    for (int row = 0; row < 500; row++) {
      String label = row % 3 - 1 + "";
      sparse.append(label);
      for (int i = 1; i <= 60; i++) {
        boolean kept = random.nextInt(4) == 0;
        String number = kept ? number(random) : "0";
        csv.append(number).append(',');
        sparse.append(kept || i == 60 ? " " + i + ":" + number : "");
      }
      sparse.append('\n');
      csv.append(label).append('\n');
    }
    Path a = Files.writeString(folder.resolve("a.svm"), sparse);
    Path b = Files.writeString(folder.resolve("b.csv"), csv);
    Datasets.Loaded of = Datasets.sparse(a.toString(), LibsvmOptions.DEFAULT, type, Datasets.FIFTH);
    Datasets.Loaded expected =
        Datasets.load(b.toString(), null, CsvOptions.DEFAULT, type, null, Datasets.FIFTH);
    assertEquals(expected.classes(), of.classes());
    assertPart(expected.split().train(), of.split().train());
    assertPart(expected.split().test(), of.split().test());
  }

  private static String number(Random random) {
    double number = random.nextGaussian() * Math.pow(10, random.nextInt(20) - 10);
    return random.nextBoolean() ? Double.toString(number) : "%.3f".formatted(number);
  }

  private static void assertPart(Dataset expected, Dataset of) {
    assertArrayEquals(expected.labels(), of.labels());
    assertEquals(expected.values().type(), of.values().type());
    double[] numbers = dense(expected.values());
    assertArrayEquals(Arrays.stream(numbers).map(x -> x + 0.0).toArray(), dense(of.values()));
    SparseRows rows = (SparseRows) of.values();
    assertEquals(Arrays.stream(numbers).filter(x -> x != 0).count(), rows.columns().length);
  }

  @Test
  void names() {
    for (String name : List.of("a.svm", "b/A.LIBSVM", "x.svmlight.gz", "x.Svm.GZ")) {
      assertTrue(Datasets.isSparse(name) && Datasets.isPath(name), name);
      assertFalse(Datasets.isCsv(name) || Datasets.isMatrix(name), name);
    }
    assertEquals("a9a", Datasets.stem("a9a.svm"));
    assertEquals("rcv1", Datasets.stem("rcv1.LIBSVM.gz"));
    assertFalse(Datasets.isSparse("svm") || Datasets.isSparse("a.svm.bz2"));
  }

  /** Of the same features as the rows for training, and of no class that these lack. */
  @Test
  void rowsForTesting() throws IOException {
    Path train = Files.writeString(folder.resolve("a.svm"), "-1 1:1\n1 3:2\n");
    Path test = Files.writeString(folder.resolve("t.svm"), "1 2:5\n");
    var parts = Datasets.TRAINING;
    var type = ElementType.F32;
    Datasets.Loaded all =
        Datasets.sparse(train.toString(), LibsvmOptions.DEFAULT, type, parts)
            .testedOn(Datasets.sparse(test.toString(), THREE, type, parts), "a.svm", "t.svm");
    assertArrayEquals(new int[] {1}, all.split().test().labels());
    assertArrayEquals(new double[] {0, 5, 0}, dense(all.split().test().values()));
  }
}
