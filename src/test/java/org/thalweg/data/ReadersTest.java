package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.numeric.ElementType;

/** Files written here, as their formats say, and broken in every way that we know of. */
class ReadersTest {
  @TempDir Path folder;

  @Test
  void idxFilesAreRead() throws Exception {
    for (boolean packed : new boolean[] {false, true}) {
      for (String name : List.of("mnist", "fashion-mnist")) {
        Path files =
            Samples.write(
                folder.resolve(name + packed), packed ? packed(Samples.idx()) : Samples.idx());
        Datasets.Loaded loaded = Datasets.load(name, files, null);
        assertEquals(new Datasets.Shape(3, 2, 1), loaded.shape());
        assertEquals(name.equals("mnist") ? "9" : "Ankle boot", loaded.classes().get(9));
        Dataset train = loaded.split().train();
        byte[] pixels = new byte[30];
        for (int i = 0; i < 30; i++) pixels[i] = (byte) (40 * (i / 6) + i % 6);
        assertArrayEquals(pixels, train.pixels());
        assertArrayEquals(new int[] {0, 2, 4, 6, 8}, train.labels());
        assertEquals(6, train.features());
        assertEquals(10, train.classes());
        assertEquals(1.0 / 255, train.scale());
        assertArrayEquals(Arrays.copyOf(pixels, 12), loaded.split().test().pixels());
        assertArrayEquals(new int[] {0, 2}, loaded.split().test().labels());
      }
    }
  }

  /** With a dot for the second hyphen, as some programs unpack the files. */
  @Test
  void idxFilesWithDotsAreRead() throws Exception {
    Map<String, byte[]> dotted = new LinkedHashMap<>();
    Samples.idx().forEach((name, bytes) -> dotted.put(name.replace("-idx", ".idx"), bytes));
    Samples.write(folder.resolve("plain"), dotted);
    Samples.write(folder.resolve("packed"), packed(dotted));
    for (String files : List.of("plain", "packed")) {
      Datasets.Loaded loaded = Datasets.load("mnist", folder.resolve(files), null);
      assertArrayEquals(new int[] {0, 2, 4, 6, 8}, loaded.split().train().labels());
    }
  }

  @Test
  void cifarIsRead() throws Exception {
    Samples.write(folder.resolve("plain"), Samples.cifar());
    Samples.write(folder.resolve("packed"), packed(Samples.cifar()));
    Samples.write(folder.resolve("tar/cifar-10-batches-bin"), Samples.cifar());
    for (String name : List.of("plain", "packed", "tar")) {
      Datasets.Loaded loaded = Datasets.load("cifar10", folder.resolve(name), null);
      assertEquals(new Datasets.Shape(32, 32, 3), loaded.shape());
      assertEquals(10, loaded.classes().size());
      assertEquals("frog", loaded.classes().get(6));
      Dataset train = loaded.split().train();
      assertArrayEquals(new int[] {0, 1, 1, 2, 2, 3, 3, 4, 4, 5}, train.labels());
      assertArrayEquals(new int[] {5, 6}, loaded.split().test().labels());
      assertEquals(3072, train.features());
      assertEquals(10, train.classes());
      assertEquals(1.0 / 255, train.scale());
      for (int row = 0; row < 10; row++) {
        for (int i = 0; i < 3072; i++) {
          assertEquals((byte) (7 * i + row / 2 + row % 2), train.pixels()[row * 3072 + i]);
        }
      }
      assertEquals((byte) (7 * 3071 + 6), loaded.split().test().pixels()[2 * 3072 - 1]);
    }
  }

  private static Csv.Labelled read(Path file, @Nullable String label) {
    CsvOptions options = CsvOptions.DEFAULT.withLabel(label, Datasets.Header.AUTO);
    return Csv.read(file.toString(), options, ElementType.F32, null);
  }

  /** A CSV file and what it holds: its features row by row, its labels, its classes. */
  private record Table(
      String text,
      @Nullable String label,
      List<Double> features,
      List<Integer> labels,
      List<String> classes) {}

  private static Table table(
      String text,
      @Nullable String label,
      List<Double> features,
      List<Integer> labels,
      String... classes) {
    return new Table(text, label, features, labels, List.of(classes));
  }

  private static List<Double> numbers(double... numbers) {
    return Arrays.stream(numbers).boxed().toList();
  }

  private static List<Integer> labels(Integer... labels) {
    return List.of(labels);
  }

  @Test
  void csvFilesAreRead() throws Exception {
    for (Table table :
        List.of(
            table("1,2,0\n3,4,1\n", null, numbers(1, 2, 3, 4), labels(0, 1), "0", "1"),
            table("1,2,0\r\n3,4,1", null, numbers(1, 2, 3, 4), labels(0, 1), "0", "1"),
            table("\n1,2,0\n\r\n\n3,4,1\n\n", null, numbers(1, 2, 3, 4), labels(0, 1), "0", "1"),
            table("a,b,c\n1,2,0\n", null, numbers(1, 2), labels(0), "0"),
            table("\ufeffa,b,c\n1,2,0\n", "a", numbers(2, 0), labels(0), "1"),
            table("a,b,c\n1,2,0\n", "2", numbers(1, 0), labels(0), "2"),
            table("1,2,0\n", "1", numbers(2, 0), labels(0), "1"),
            // A text above a number makes a header of the first line, here of a name ..
            table("0,1,label\n255,2,1\n", null, numbers(255, 2), labels(0), "1"),
            // .. and not here, where it is a label as those below.
            table("0,1,b\n255,2,a\n", null, numbers(0, 1, 255, 2), labels(1, 0), "a", "b"),
            table("0,1,b\n", null, numbers(0, 1), labels(0), "b"),
            table("1,b\n2,a\n", "b", numbers(2), labels(0), "a"),
            table(
                "x,\"a \"\"b\"\",\r\nc\"\n1.5,0\n2,1\n",
                "a \"b\",\r\nc",
                numbers(1.5, 2),
                labels(0, 1),
                "0",
                "1"),
            table("x,y\n 1 , z\n\"2\",\"y,\"\n", null, numbers(1, 2), labels(1, 0), "y,", "z"),
            table(
                "\"x\",\"y\"\r\n1,\"b\"\r\n2,\"a\"\r", null, numbers(1, 2), labels(1, 0), "a", "b"),
            table("256,0\n", null, numbers(256), labels(0), "0"),
            table("-1,0\n", null, numbers(-1), labels(0), "0"),
            table("-0,0\n+7.,-0.0\n", null, numbers(0, 7), labels(1, 0), "-0.0", "0"),
            table("1e-3,.5,2.0\n", null, numbers(1e-3f, .5), labels(0), "2.0"),
            table("1;2;0\n3;4;1\n", null, numbers(1, 2, 3, 4), labels(0, 1), "0", "1"),
            table("1\t2\t0\n3\t4\t1\n", null, numbers(1, 2, 3, 4), labels(0, 1), "0", "1"),
            table("x|y\n1|b\n2|a,c\n", null, numbers(1, 2), labels(1, 0), "a,c", "b"),
            table("a,b;c\n1,2;0\n3,4;1\n", null, numbers(1.2f, 3.4f), labels(0, 1), "0", "1"),
            table("1,5;-2,5e1;0\n1;2;0\n", null, numbers(1.5, -25, 1, 2), labels(0, 0), "0"),
            table("\"1,5\",a\n\"2,5\",b\n", null, numbers(1.5, 2.5), labels(0, 1), "a", "b"),
            table("1;3,5\n1;2,5\n", null, numbers(1, 1), labels(1, 0), "2,5", "3,5"),
            // Texts are categories, in their order; a header of texts is none of their values.
            table(
                "red,1,x\nblue,2,y\nred,3,x\n",
                null,
                numbers(0, 1, 1, 1, 0, 2, 0, 1, 3),
                labels(0, 1, 0),
                "x",
                "y"),
            table(
                "c,k\nred,x\nblue,y\nblue,x\n",
                null,
                numbers(0, 1, 1, 0, 1, 0),
                labels(0, 1, 0),
                "x",
                "y"),
            table(
                "red,x\nred,y\nblue,x\n",
                "2",
                numbers(0, 1, 0, 1, 1, 0),
                labels(0, 1, 0),
                "x",
                "y"),
            table("3.4028235e38,1e-46,0\n", null, numbers(Float.MAX_VALUE, 0), labels(0), "0"))) {
      Path file = Files.writeString(folder.resolve("a.csv"), table.text);
      Csv.Labelled csv = read(file, table.label);
      Dataset data = csv.data();
      boolean bytes =
          table.features.stream().allMatch(x -> x == x.intValue() && x >= 0 && x <= 255);
      double[] found =
          data.values() instanceof Dataset.Floats floats
              ? IntStream.range(0, floats.numbers().length)
                  .mapToDouble(i -> floats.numbers()[i])
                  .toArray()
              : IntStream.range(0, data.pixels().length)
                  .mapToDouble(i -> data.scale() * (data.pixels()[i] & 0xff))
                  .toArray();
      assertEquals(bytes, data.values() instanceof Dataset.Bytes, table.text);
      assertEquals(table.features, numbers(found), table.text);
      assertEquals(table.labels, Arrays.stream(data.labels()).boxed().toList(), table.text);
      assertEquals(table.classes, csv.classes(), table.text);
      assertEquals(table.classes.size(), data.classes(), table.text);
    }
  }

  @Test
  void aFifthOfACsvFileIsTheTestPart() throws Exception {
    StringBuilder text = new StringBuilder("x,y\n");
    for (int i = 0; i < 100; i++) text.append(i).append(',').append(i % 2).append('\n');
    Path file = Files.writeString(folder.resolve("a.csv"), text);
    Datasets.Loaded loaded = Datasets.load(file.toString(), null, "y");
    assertNull(loaded.shape());
    assertEquals(80, loaded.split().train().rows());
    assertEquals(20, loaded.split().test().rows());
    assertArrayEquals(
        loaded.split().test().pixels(),
        Datasets.load(file.toString(), null, null).split().test().pixels());
  }

  private static final String MISSING =
      ": a missing value; leave such rows out with --missing row, fill it in with --missing mean,"
          + " or leave out the column with --ignore 1";
  private static final String TEXT =
      ", as those above are numbers; correct it, or if all of them are categories, say"
          + " --categories 1; or leave the column out with --ignore 1";

  private static String rows(int n, String row) {
    return IntStream.range(0, n).mapToObj(row::formatted).collect(Collectors.joining());
  }

  /** Text of a CSV file, the label asked for, and what is said about it. */
  @Test
  void csvErrorsNameLineAndColumn() throws Exception {
    for (List<String> broken :
        List.of(
            List.of("", "", "line 1: expected a row, not the end of the file"),
            List.of("\n\n", "", "line 3: expected a row, not the end of the file"),
            List.of(
                "a,b\n", "", "line 2: expected a row below the header, not the end of the file"),
            List.of(
                "1\n2\n",
                "",
                "line 1, column 1: expected at least two columns, a feature and a label"),
            List.of(
                "1,2,0\n1,0\n", "", "line 2, column 3: a row of 2 columns, not 3 as in the first"),
            List.of(
                "1,2,0\n\n1,2,3,0\n",
                "",
                "line 3, column 4: a row of 4 columns, not 3 as in the first"),
            List.of(
                "1,0\n,0\n",
                "",
                "line 2, column 1: expected a finite binary32 number, not \"\"" + MISSING),
            List.of(
                ",0\n1,0\n",
                "",
                "line 1, column 1: expected a finite binary32 number, not \"\"" + MISSING),
            List.of(
                "1,0\r\n1,\r\n",
                "",
                "line 2, column 2: the label is missing; remove the row, or give it one"),
            List.of(
                "1,0\nNaN,0\n",
                "",
                "line 2, column 1: expected a finite binary32 number, not \"NaN\"" + MISSING),
            List.of(
                "-inf,0\n1,0\n",
                "",
                "line 1, column 1: expected a finite binary32 number, not \"-inf\""),
            List.of(
                "a,b\n1e39,0\n",
                "",
                "line 2, column 1: expected a finite binary32 number, not \"1e39\""),
            List.of(
                "1,0\n1f,0\n",
                "",
                "line 2, column 1: expected a finite binary32 number, not \"1f\"" + TEXT),
            List.of(
                "1,0\n0x1p3,0\n",
                "",
                "line 2, column 1: expected a finite binary32 number, not \"0x1p3\"" + TEXT),
            List.of(
                "1,0\na\u2028\u0008\u0007b,0\n",
                "",
                "line 2, column 1: expected a finite binary32 number, not \"a???b\"" + TEXT),
            List.of(
                "1,0\n1,NA\n1,2\n",
                "",
                "line 2, column 2: expected a label, not \"NA\", which marks a missing one; remove"
                    + " the row, or put it in quotes if it is a class"),
            List.of(
                "x y 1\nx z 2\n",
                "",
                "line 1, column 1: expected at least two columns, a feature and a label"),
            List.of(
                "x;y\n1,234;0\n",
                "",
                "line 2, column 1: \"1,234\" has a decimal comma, or a comma between thousands: say"
                    + " --decimal comma, or write the number without it"),
            List.of(
                "1,2,0\n2;3,2,1\n",
                "",
                "line 2, column 1: expected a finite binary32 number, not \"2;3\": fields are"
                    + " separated by \",\"; if they are by \";\", say --separator ';'"),
            List.of(
                "k,y\nred,0\n1,0\n",
                "",
                "line 3, column 1: expected a text, not the number \"1\", as those above are texts;"
                    + " if all of them are categories, say --categories k"),
            List.of(
                "k,y\nred,0\n,0\n",
                "",
                "line 3, column 1: expected a text, not \"\": a missing value; leave such rows out"
                    + " with --missing row, fill it in with --missing mean, or leave out the column"
                    + " with --ignore k"),
            List.of(
                "name,y\n" + rows(30, "n%d,0\n"),
                "",
                "column 1 (\"name\") has 30 different texts in 30 rows, too many for categories;"
                    + " leave it out with --ignore name, or insist with --categories name"),
            List.of(
                "the name,y\n" + rows(5000, "n%d,0\n"),
                "",
                "column 1 (\"the name\") has 4096 different texts in 4096 rows, too many for"
                    + " categories; leave it out with --ignore 1, or insist with --categories 1"),
            List.of(
                rows(30, "1,%d\n"),
                "",
                "column 2 was taken for the label, but has 30 different values in 30 rows; name"
                    + " another with --label, or insist with --many-classes"),
            List.of(
                rows(30, "1,%1$d.5\n1,%1$d.5\n1,%1$d.5\n"),
                "2",
                "column 2 was taken for the label, but has 30 different values in 90 rows, not all"
                    + " of them whole numbers; name another with --label, or insist with"
                    + " --many-classes"),
            List.of(
                "1,0\n\"1\"2,0\n",
                "",
                "line 2, column 1: expected a comma or the end of the line after a quote"),
            List.of(
                "1,0\n1,\"0\n",
                "",
                "line 2, column 2: expected a closing quote before the end of the file"),
            List.of(
                "Kind,kinds\n1,0\n",
                "kind",
                "line 1: no column is called \"kind\"; did you mean \"Kind\"? the columns are"
                    + " \"Kind\", \"kinds\""),
            List.of(
                "a,b\n1,0\n",
                "xyz",
                "line 1: no column is called \"xyz\", nor is that the number of one; the columns"
                    + " are \"a\", \"b\""),
            List.of(
                "a,a\n1,0\n",
                "a",
                "line 1: more than one column is called \"a\": give its number; the columns are"
                    + " \"a\", \"a\""),
            List.of(
                "a,b\n1,0\n",
                "0",
                "line 1: no column is called \"0\", nor is that the number of one; the columns are"
                    + " \"a\", \"b\""),
            List.of(
                "a,b\n1,0\n",
                "3",
                "line 1: no column is called \"3\", nor is that the number of one; the columns are"
                    + " \"a\", \"b\""))) {
      Path file = Files.writeString(folder.resolve("a.csv"), broken.get(0));
      assertEquals(
          file + ": " + broken.get(2),
          assertThrows(
                  DataException.class,
                  () -> read(file, broken.get(1).isEmpty() ? null : broken.get(1)),
                  broken.get(0))
              .getMessage());
    }
    Path latin =
        Files.write(folder.resolve("a.csv"), "1,caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
    assertEquals(latin + ": line 1, column 2: not UTF-8", message(() -> read(latin, null)));
    Path large = Files.writeString(latin, "1,\"" + "x".repeat(1 << 17));
    assertEquals(
        large + ": line 1, column 2: a field of more than 65536 bytes",
        message(() -> read(large, null)));
    Path digits = Files.writeString(latin, "1,0\n" + "9".repeat(60_000) + "x,0\n"); // in no time
    assertEquals(
        digits
            + ": line 2, column 1: expected a finite binary32 number, not \""
            + "9".repeat(40)
            + "..\""
            + TEXT,
        assertTimeout(Duration.ofSeconds(10), () -> message(() -> read(digits, null))));
    Path one = Files.writeString(latin, "1,2");
    assertEquals(
        one + ": one row cannot be split into training and test rows",
        message(() -> Datasets.load(one.toString(), null, null)));
    Path missing = folder.resolve("none.csv");
    assertEquals(missing + ": no such file", message(() -> read(missing, null)));
  }

  /** A file, what becomes of it, and what is said about it. */
  private record Broken(String file, UnaryOperator<byte[]> how, String message) {}

  private static UnaryOperator<byte[]> cut(int length) {
    return bytes -> Arrays.copyOf(bytes, length); // or made longer
  }

  private static UnaryOperator<byte[]> put(int at, int value) {
    return bytes -> ByteBuffer.wrap(bytes).putInt(at, value).array();
  }

  @Test
  void idxErrorsNameTheByte() throws Exception {
    String images = "train-images-idx3-ubyte";
    String labels = "train-labels-idx1-ubyte";
    String test = "t10k-images-idx3-ubyte";
    assertBroken(
        "mnist",
        Samples.idx(),
        List.of(
            new Broken(
                images, cut(0), "byte 0: the file ends after 0 of 4 bytes of the magic number"),
            new Broken(
                images, cut(3), "byte 3: the file ends after 3 of 4 bytes of the magic number"),
            new Broken(
                images,
                put(0, 0x0801),
                "byte 0: an IDX file of images begins with 00000803, not 00000801"),
            new Broken(
                images, cut(6), "byte 6: the file ends after 2 of 4 bytes of the number of images"),
            new Broken(
                images, put(4, 0), "byte 4: the number of images must be 1 to 2147483647, not 0"),
            new Broken(
                images,
                put(4, -1),
                "byte 4: the number of images must be 1 to 2147483647, not 4294967295"),
            new Broken(
                images, put(8, 0), "byte 8: the height of an image must be 1 to 2147483647, not 0"),
            new Broken(
                images,
                put(12, 0),
                "byte 12: the width of an image must be 1 to 2147483647, not 0"),
            new Broken(
                images,
                put(12, Integer.MAX_VALUE),
                "byte 4: 5 images of 2 x 2147483647 are more than 2147483639 bytes"),
            new Broken(
                images,
                put(4, 100_000_000),
                "byte 46: the file ends after 30 of 600000000 bytes of images"),
            new Broken(images, cut(45), "byte 45: the file ends after 29 of 30 bytes of images"),
            new Broken(images, cut(47), "byte 47: expected the end of the file"),
            new Broken(images, put(4, 4), "byte 41: expected the end of the file"),
            new Broken(
                labels,
                put(0, 0x0803),
                "byte 0: an IDX file of labels begins with 00000801, not 00000803"),
            new Broken(labels, put(4, 4), "byte 4: 4 labels for 5 images"),
            new Broken(labels, cut(12), "byte 12: the file ends after 4 of 5 bytes of labels"),
            new Broken(labels, put(9, 0x0a000000), "byte 9: label must be 0 to 9, not 10"),
            new Broken(
                test,
                put(8, 3).andThen(put(12, 2))::apply,
                "byte 8: images are 3 x 2, but 2 x 3 in TRAIN")));
  }

  @Test
  void cifarErrorsNameTheByte() throws Exception {
    String end = " bytes, which is not 1 to 10000 rows of 3073";
    assertBroken(
        "cifar10",
        Samples.cifar(),
        List.of(
            new Broken("data_batch_2.bin", cut(0), "byte 0: the file ends after 0" + end),
            new Broken("data_batch_5.bin", cut(6145), "byte 6145: the file ends after 6145" + end),
            new Broken("test_batch.bin", cut(3074), "byte 3074: the file ends after 3074" + end),
            new Broken(
                "test_batch.bin", cut(30_730_001), "byte 30730001: expected the end of the file"),
            new Broken(
                "data_batch_1.bin", put(3073, -1), "byte 3073: label must be 0 to 9, not 255")));
  }

  private void assertBroken(String name, Map<String, byte[]> files, List<Broken> all)
      throws Exception {
    for (Broken broken : all) {
      Samples.write(folder, files);
      byte[] bytes = broken.how.apply(files.get(broken.file).clone());
      for (byte[] contents : List.of(bytes, Samples.gzip(bytes))) {
        Path file = Files.write(folder.resolve(broken.file), contents);
        String place = contents == bytes ? ": " : ", unpacked: ";
        if (broken.message.endsWith("TRAIN")) place = ": "; // it is about two files
        assertEquals(
            file
                + place
                + broken.message.replace(
                    "TRAIN", folder.resolve("train-images-idx3-ubyte").toString()),
            message(() -> Datasets.load(name, folder, null)));
      }
    }
    Samples.write(folder, files);
    for (String file : files.keySet()) {
      byte[] packed = Samples.gzip(files.get(file));
      for (int length : new int[] {2, 9, 15, packed.length - 9, packed.length - 1}) {
        Files.write(folder.resolve(file), Arrays.copyOf(packed, length));
        assertTrue(
            message(() -> Datasets.load(name, folder, null))
                .matches(
                    "\\Q"
                        + folder.resolve(file)
                        + "\\E, unpacked: byte \\d+: it(s compressed data are damaged| ends too"
                        + " early)"));
      }
      packed[packed.length - 5] ^= 1; // of its checksum
      Files.write(folder.resolve(file), packed);
      assertTrue(
          message(() -> Datasets.load(name, folder, null))
              .endsWith("its compressed data are damaged"));
      Files.delete(folder.resolve(file));
      String message = message(() -> Datasets.load(name, folder, null));
      assertTrue(
          message.startsWith(folder.resolve(file) + " is missing, also with .gz: download "),
          message);
      assertTrue(message.contains("https://") && message.endsWith("name its folder"), message);
      Files.write(folder.resolve(file), files.get(file));
    }
  }

  private static String message(Executable executable) {
    return assertThrows(DataException.class, executable).getMessage();
  }

  private static Map<String, byte[]> packed(Map<String, byte[]> files) {
    Map<String, byte[]> packed = new LinkedHashMap<>();
    files.forEach((name, bytes) -> packed.put(name + ".gz", Samples.gzip(bytes)));
    return packed;
  }
}
