package org.thalweg.plot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.data.Datasets.Shape;
import org.thalweg.optim.Optimizers;
import org.thalweg.plot.LearningCurve.Curve;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Range;
import org.thalweg.plot.Lines.Series;

class PlotTest {
  private static final int RED = 0xB2182B;
  private static final int BLUE = 0x2166AC;
  private static final int WHITE = 0xFFFFFF;
  private static final List<String> TWO = List.of("no", "yes");

  private static Lines lines(int series) {
    return new Lines(
        "many",
        new Axis("x", false),
        new Axis("y", false),
        IntStream.range(0, series)
            .mapToObj(i -> new Series("s" + i, new double[] {0, 1}, new double[] {i, i + 1}))
            .toList());
  }

  private static Contours bowl(Series... paths) {
    Range range = new Range(-1, 1);
    List<double[]> minima = List.of(new double[] {0, 0});
    return new Contours(
        "bowl", (x, y) -> x * x + 100 * y * y, range, range, minima, List.of(paths));
  }

  private static ConfusionMatrix matrix(long[][] counts, List<String> classes) {
    IntStream.Builder truth = IntStream.builder();
    IntStream.Builder predicted = IntStream.builder();
    for (int row = 0; row < counts.length; row++) {
      for (int column = 0; column < counts.length; column++) {
        for (long i = 0; i < counts[row][column]; i++) {
          truth.add(row);
          predicted.add(column);
        }
      }
    }
    return ConfusionMatrix.of(truth.build().toArray(), predicted.build().toArray(), classes);
  }

  private static List<Picture> all() {
    return List.of(
        lines(3),
        new LearningCurve(List.of(new Curve("training", new double[] {3, 2, 1}, new double[3]))),
        new Templates(new double[128], TWO, new Shape(8, 8, 1)),
        new Templates(new double[] {1, 2, 3, 4, 5, 6}, TWO, null),
        matrix(new long[][] {{3, 1}, {2, 4}}, TWO),
        bowl(new Series("s", new double[] {-1, 0}, new double[] {1, 0})));
  }

  private static int[] pixels(BufferedImage image) {
    int[] rgb = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    return Arrays.stream(rgb).map(pixel -> pixel & WHITE).toArray();
  }

  private static int at(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) & WHITE;
  }

  private static long count(BufferedImage image, Color colour) {
    int rgb = colour.getRGB() & WHITE;
    return Arrays.stream(pixels(image)).filter(pixel -> pixel == rgb).count();
  }

  @Test
  void aFileHoldsThePixelsDrawnAndAnotherIsNotReplacedUnlessTold(@TempDir Path folder)
      throws IOException {
    for (Picture picture : all()) {
      Path png = folder.resolve("a.png");
      Files.writeString(png, "mine");
      assertThrows(FileAlreadyExistsException.class, () -> Plot.write(png, picture));
      assertEquals("mine", Files.readString(png));
      Plot.write(png, picture, true);
      assertArrayEquals(pixels(picture.draw()), pixels(ImageIO.read(png.toFile())));
      Files.delete(png);
      Plot.write(png, picture);
      try (var files = Files.list(folder)) {
        assertEquals(List.of(png), files.toList());
      }
    }
  }

  /** In a JVM of its own: here, other tests may have woken AWT before. */
  private static String drawElsewhere(Path folder, String fonts)
      throws IOException, InterruptedException {
    ProcessBuilder java =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Duser.home=" + folder, // Java keeps there what fonts it found before
            "-cp",
            System.getProperty("java.class.path"),
            Elsewhere.class.getName());
    java.environment().put("DISPLAY", ":77"); // there is none
    if (!fonts.isEmpty()) {
      Path file = Files.writeString(folder.resolve("fonts.conf"), fonts);
      java.environment().put("FONTCONFIG_FILE", file.toString());
    }
    Process process = java.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said.strip();
  }

  static final class Elsewhere {
    public static void main(String[] args) {
      for (Picture picture : all()) {
        try {
          picture.draw();
          System.out.print(java.awt.GraphicsEnvironment.isHeadless() + " ");
        } catch (PlotException e) {
          System.out.println(e.getMessage());
        }
      }
    }
  }

  @Test
  void noDisplayIsNeeded(@TempDir Path folder) throws Exception {
    assertEquals("true ".repeat(all().size()).strip(), drawElsewhere(folder, ""));
  }

  @Test
  void withoutFontsOneLineSaysWhatToInstall(@TempDir Path folder) throws Exception {
    List<String> said = drawElsewhere(folder, "<fontconfig></fontconfig>").lines().toList();
    assertEquals(all().size(), said.size(), said::toString);
    assertTrue(said.stream().allMatch(line -> line.contains("apt-get install")), said::toString);
  }

  @Test
  void drawnTwiceThePixelsAreTheSame() {
    for (Picture picture : all()) {
      assertArrayEquals(pixels(picture.draw()), pixels(picture.draw()));
    }
  }

  @Test
  void asManySeriesAsThereAreOptimizersAreToldApart() {
    int n = Optimizers.all().size();
    Set<List<Object>> looks = new HashSet<>();
    BufferedImage image = lines(n).draw();
    for (int i = 0; i < n; i++) {
      looks.add(List.of(Canvas.colour(i), Canvas.stroke(i)));
      assertTrue(count(image, Canvas.colour(i)) > 50, "series " + i);
    }
    assertEquals(n, looks.size());
    assertEquals(0, count(lines(2).draw(), Canvas.colour(2)));
  }

  @Test
  void whatIsNotFiniteLeavesAGap() {
    double[] whole = {5, 4, 3, 2, 1};
    Color colour = Canvas.colour(0);
    for (double bad : new double[] {Double.NaN, 1 / 0.0, -1 / 0.0}) {
      double[] broken = {5, 4, bad, 2, 1};
      long full = count(new LearningCurve(List.of(new Curve("t", whole, null))).draw(), colour);
      long less = count(new LearningCurve(List.of(new Curve("t", broken, null))).draw(), colour);
      assertTrue(less > full / 3 && less < full * 3 / 4, less + " of " + full);
    }
  }

  /** What can be shown is drawn, beside the legend, in a range that holds it. */
  @Test
  void whateverTheNumbersAreARangeIsFound() {
    Color colour = Canvas.colour(0);
    long legend = count(one(false, Double.NaN).draw(), colour);
    for (double x : new double[] {0, 1e-320, 1e16, 1e17, 1e300, 1e306, Double.MAX_VALUE}) {
      for (double[] y : new double[][] {{x}, {x, x}, {-x, x}, {x, 2 * x}}) {
        for (boolean logarithmic : new boolean[] {false, true}) {
          Lines lines = one(logarithmic, y);
          String what = Arrays.toString(y) + (logarithmic ? ", logarithmic" : "");
          long drawn = count(lines.draw(), colour) - legend;
          boolean visible =
              Arrays.stream(y).anyMatch(v -> Math.abs(v) <= 1e300 && (v > 0 || !logarithmic));
          assertEquals(visible, drawn > 0, what);
          Range range = lines.y().scale(lines.series(), Series::y).range();
          double min = range.min();
          double max = range.max();
          assertTrue(min < max && Double.isFinite(max - min), () -> what + min + ".." + max);
        }
      }
    }
  }

  private static Lines one(boolean logarithmic, double... y) {
    Series series = new Series("a", new double[y.length], y);
    return new Lines("", new Axis("x", false), new Axis("y", logarithmic), List.of(series));
  }

  @Test
  void runsOfAnyLengthAreDrawnAndNothingMeasuredIsRefused() {
    for (int epochs : new int[] {1, 2, 1000}) {
      double[] series = new double[epochs];
      Arrays.fill(series, 0.5);
      BufferedImage one = new LearningCurve(List.of(new Curve("t", series, null))).draw();
      BufferedImage two = new LearningCurve(List.of(new Curve("t", series, series))).draw();
      assertEquals(2 * one.getWidth(), two.getWidth());
      assertTrue(count(one, Canvas.colour(0)) > 30, "legend");
    }
    List<Curve> nothing = List.of(new Curve("t", null, null));
    assertThrows(IllegalArgumentException.class, () -> new LearningCurve(nothing));
  }

  @Test
  void lossesOverMoreThanADecadeAreLogarithmic() {
    // From 10 to 1 and to 0.2 are 1 and 0.7 decades; without them the two ends of the gap are near
    // to each other.
    for (double last : new double[] {0.2, 2}) {
      double[] loss = {10, 1, Double.NaN, last};
      BufferedImage image = new LearningCurve(List.of(new Curve("t", loss, null))).draw();
      int[] rows =
          IntStream.range(0, image.getHeight())
              .filter(
                  y ->
                      IntStream.range(0, image.getWidth())
                          .anyMatch(x -> at(image, x, y) == (Canvas.colour(0).getRGB() & WHITE)))
              .toArray();
      int gap = IntStream.range(1, rows.length).map(i -> rows[i] - rows[i - 1]).max().orElse(0);
      assertEquals(last < 1, gap > image.getHeight() / 4, "gap " + gap);
    }
  }

  @Test
  void theTemplateHasThePatternOfTheWeights() {
    for (int width : new int[] {8, 5}) {
      int height = 8;
      double[] weights = new double[width * height * 2];
      weights[(2 * width + 3) * 2] = 4; // class 0: row 2, column 3
      weights[(6 * width + 1) * 2 + 1] = -4; // class 1: row 6, column 1
      BufferedImage image = new Templates(weights, TWO, new Shape(width, height, 1)).draw();
      for (int label = 0; label < 2; label++) {
        for (int i = 0; i < width * height; i++) {
          int x = 24 + label * (20 * width + 16) + i % width * 20;
          int y = 40 + i / width * 20;
          double weight = weights[i * 2 + label];
          int expected = weight > 0 ? RED : weight < 0 ? BLUE : WHITE;
          for (int corner : new int[] {0, 19}) {
            assertEquals(expected, at(image, x + corner, y + corner), "class " + label + ", " + i);
          }
        }
      }
    }
  }

  @Test
  void threeChannelsAreRedGreenBlueFromTheSmallestToTheLargest() {
    for (int channel = 0; channel < 3; channel++) {
      double[] weights = new double[3 * 64 * 2];
      Arrays.fill(weights, -7);
      weights[(channel * 64 + 9) * 2 + 1] = 1e308; // row 1, column 1 of class 1
      BufferedImage image = new Templates(weights, TWO, new Shape(8, 8, 3)).draw();
      assertEquals(0xFF0000 >> (8 * channel), at(image, 24 + 176 + 30, 40 + 30));
      assertEquals(0x000000, at(image, 24 + 176 + 10, 40 + 10));
      assertEquals(0x808080, at(image, 24 + 10, 40 + 10)); // all the same
    }
  }

  @Test
  void theScaleOfColoursIsSymmetric() {
    assertEquals(Color.WHITE, Canvas.diverging(0));
    assertEquals(Canvas.NOT_FINITE, Canvas.diverging(Double.NaN));
    for (double v : new double[] {0.1, 0.25, 0.5, 0.75, 1, 2}) {
      double blue = (255.0 - Canvas.diverging(-v).getRed()) / (255 - 0x21);
      double red = (255.0 - Canvas.diverging(v).getGreen()) / (255 - 0x18);
      assertEquals(Math.min(1, v), blue, 0.003); // half of 1/222
      assertEquals(Math.min(1, v), red, 0.003);
    }
  }

  @Test
  void featuresThatAreNoPictureAreALineForEachClass() {
    for (int features : new int[] {1, 13, 900, 5000}) {
      double[] weights = new double[features * 2];
      weights[0] = 1; // the first of class 0
      weights[features * 2 - 1] = -1; // the last of class 1
      BufferedImage image = new Templates(weights, TWO, null).draw();
      int last = 150 + 900 / Math.min(features, 900) * Math.min(features, 900) - 1;
      assertEquals(RED, at(image, 150, 29));
      assertEquals(BLUE, at(image, last, 55));
      assertEquals(features == 1 ? BLUE : WHITE, at(image, 150, 55));
    }
  }

  @Test
  void weightsThatDoNotFitAreRefused() {
    for (Shape shape : List.of(new Shape(8, 8, 1), new Shape(3, 1, 2), new Shape(1, 1, 1))) {
      double[] weights = new double[12];
      assertThrows(
          IllegalArgumentException.class,
          () -> new Templates(weights, TWO, shape),
          shape::toString);
    }
  }

  @Test
  void theDiagonalIsTheDarkestOfItsRow() {
    for (int n : new int[] {2, 10, 20, 50}) {
      long[][] counts = new long[n][n];
      for (int row = 0; row < n; row++) {
        Arrays.fill(counts[row], 1 + row);
        counts[row][row] = 10L * n * (1 + row);
      }
      List<String> names = IntStream.range(0, n).mapToObj(i -> "class " + i).toList();
      BufferedImage image = matrix(counts, names).draw();
      int side = n <= 20 ? 46 : 920 / n;
      int left = image.getWidth() - 30 - n * side;
      for (int row = 0; row < n; row++) {
        for (int column = 0; column < n; column++) {
          int red = at(image, left + column * side + 2, 30 + row * side + 2) >> 16;
          assertEquals(row == column, red < 128, row + ", " + column + " of " + n);
        }
      }
    }
  }

  /** Blocks as wide as allowed, which side by side are the table. */
  @Test
  void theConfusionMatrixFitsATerminal() {
    ConfusionMatrix digits =
        matrix(new long[10][10], IntStream.range(0, 10).mapToObj(i -> "" + i).toList());
    String whole = digits.text();
    List<String> all = whole.lines().toList();
    int widest = all.get(0).length();
    for (int width = 30; width <= widest + 1; width++) {
      List<String> lines = digits.text(width).lines().toList();
      for (String line : lines) {
        assertTrue(line.length() <= width, width + ": " + line);
      }
      List<String> joined = new ArrayList<>(Collections.nCopies(all.size(), ""));
      for (int at = 0; at < lines.size(); at++) {
        int row = at % (all.size() + 1);
        if (row == all.size()) {
          assertEquals("", lines.get(at), "between two blocks");
        } else {
          int from = at < all.size() ? 0 : "true \\ predicted".length();
          joined.set(row, joined.get(row) + lines.get(at).substring(from));
        }
      }
      assertEquals(all, joined, "width " + width);
      assertEquals(width >= widest, digits.text(width).equals(whole), "width " + width);
    }
  }

  @Test
  void theConfusionMatrixAsText() {
    List<String> names = List.of("a", "a\nlong name", "none");
    int[] truth = {0, 0, 0, 1, 1, 1, 1};
    int[] predicted = {0, 0, 1, 1, 1, 1, 0};
    assertEquals(
        """
        true \\ predicted      0      1  2  recall
        0 a                   2      1  0   0.667
        1 a?long name         1      3  0   0.750
        2 none                0      0  0       -
        precision         0.667  0.750  -   0.714
        """,
        ConfusionMatrix.of(truth, predicted, names).text());
    assertTrue(
        matrix(new long[2][2], TWO).text().startsWith("true \\ predicted  no  yes  recall\nno "));
  }

  @Test
  void contoursAreDarkestWhereTheFunctionIsSmallest() {
    BufferedImage image = bowl().draw();
    int[] pixels = pixels(image);
    int middle = pixels[image.getWidth() * 343 + 440];
    assertTrue((middle & 0xFF) < 180, "in the valley: " + Integer.toHexString(middle));
    assertEquals(WHITE, at(image, 440, 45)); // up the steep side
    assertTrue((at(image, 90, 343) & 0xFF) < 240); // along the valley
  }

  private static boolean on(BufferedImage image, int x, int colour) {
    return IntStream.range(175, 205).anyMatch(y -> at(image, x, y) == colour);
  }

  @Test
  void pathsEndAtTheEdgeHoweverFarTheyGo() {
    double[] half = {0.5, 0.5};
    for (double far : new double[] {3, 1e30, 1e300, Double.MAX_VALUE, 1 / 0.0}) {
      for (int dashed : new int[] {1, 8}) {
        Series[] paths = new Series[dashed];
        Arrays.fill(paths, new Series("p", new double[] {0, -far}, half));
        BufferedImage image =
            assertTimeoutPreemptively(Duration.ofSeconds(20), () -> bowl(paths).draw());
        int colour = Canvas.colour(dashed - 1).getRGB() & WHITE;
        long inside = IntStream.range(64, 400).filter(x -> on(image, x, colour)).count();
        assertTrue(inside > 100, far + ": " + inside);
        assertFalse(IntStream.range(0, 60).anyMatch(x -> on(image, x, colour)));
      }
    }
  }

  /** On every scale the ticks lie on it, are not crowded, and say what they are. */
  @Test
  void ticksAreTrueAndFew() {
    double[] sizes = {1e-300, 1e-7, 0.03, 1, 7, 1437, 2.5e6, 1e16, 1e299};
    for (double size : sizes) {
      for (double factor : new double[] {1.001, 1.5, 4, 20, 700, 1e5, 1e12, 1e280}) {
        if (size * factor > 1e300) continue;
        for (boolean logarithmic : new boolean[] {false, true}) {
          Scale scale = new Scale("", logarithmic, false, new Range(size, size * factor));
          List<BigDecimal> ticks = scale.ticks(10);
          assertTrue(ticks.size() >= 2 && ticks.size() <= 11, () -> scale + ": " + ticks);
          for (BigDecimal tick : ticks) {
            String label = Scale.label(tick);
            assertEquals(0, tick.compareTo(new BigDecimal(label)), label);
            assertTrue(label.matches("-?[0-9].*"), label);
            assertTrue(scale.shows(tick.doubleValue()), label);
          }
        }
      }
    }
  }

  /** The plot has one size, whatever the legend; the names do not lie on each other. */
  @Test
  void theLegendTakesNothingFromThePlot() {
    int none = lines(1).draw().getWidth();
    int few = lines(2).draw().getWidth();
    assertTrue(few > none);
    assertEquals(lines(24).draw().getHeight(), lines(1).draw().getHeight());
    int border = Color.GRAY.getRGB() & WHITE;
    for (int series : new int[] {1, 2, 24, 500}) {
      BufferedImage image = lines(series).draw();
      long edge =
          IntStream.range(0, image.getWidth()).filter(x -> at(image, x, 40) == border).count();
      assertTrue(edge > 600, series + ": " + edge);
      assertTrue(image.getWidth() < 2000, "width");
    }
  }

  /** Classes, features and sizes of pictures that would not fit into memory if drawn one by one. */
  @Test
  void noPictureGrowsWithTheClasses() {
    for (int n : new int[] {99, 100, 101, 5001, 51001}) {
      List<String> names = IntStream.range(0, n).mapToObj(i -> "class " + i).toList();
      int[] truth = IntStream.range(0, 3 * n).map(i -> i % n).toArray();
      int[] predicted = IntStream.range(0, 3 * n).map(i -> (int) (7L * i % n)).toArray();
      ConfusionMatrix confusion = ConfusionMatrix.of(truth, predicted, names);
      assertTrue(confusion.text().lines().count() <= 40, "lines");
      List<Picture> pictures =
          List.of(
              confusion,
              new Templates(new double[2 * n], names, null),
              new Templates(new double[64 * n], names, new Shape(8, 8, 1)),
              new Templates(new double[3 * n], names, new Shape(1, 1, 3)));
      for (Picture picture : pictures) {
        BufferedImage image = picture.draw();
        assertTrue(image.getWidth() <= 2000 && image.getHeight() <= 2000, image::toString);
      }
    }
    Shape wide = new Shape(3000, 2, 1);
    assertTrue(new Templates(new double[12000], TWO, wide).draw().getWidth() < 2000);
  }

  @Test
  void accuracyUsesItsAxis() {
    BufferedImage image =
        new LearningCurve(List.of(new Curve("t", null, new double[] {0.91, 0.99}))).draw();
    int blue = Canvas.colour(0).getRGB() & WHITE;
    int[] rows =
        IntStream.range(0, image.getHeight())
            .filter(
                y -> IntStream.range(0, image.getWidth()).anyMatch(x -> at(image, x, y) == blue))
            .toArray();
    assertTrue(rows[rows.length - 1] - rows[0] > 300, Arrays.toString(rows));
  }
}
