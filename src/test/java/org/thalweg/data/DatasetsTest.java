package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetsTest {
  private static final Path FASHION = Path.of("/usr/share/datasets/fashion-mnist");

  private static final List<String> IN_JAR = List.of("digits", "iris");

  @TempDir Path folder;

  @Test
  void digitsAreInTheJar() {
    Datasets.Loaded digits = Datasets.load("digits", null, null);
    assertEquals(1437, digits.split().train().rows());
    assertEquals(new Datasets.Shape(8, 8, 1), digits.shape());
    assertEquals("9", digits.classes().get(9));
  }

  /** The checksums were taken in Python, of the unpacked files behind their headers. */
  @Test
  void fashionMnistIsWhereDebianPutsIt() {
    assumeTrue(Files.exists(FASHION), "the package dataset-fashion-mnist is not installed");
    Datasets.Loaded fashion = Datasets.load("fashion-mnist", null, null);
    assertEquals(new Datasets.Shape(28, 28, 1), fashion.shape());
    assertEquals("T-shirt/top", fashion.classes().get(0));
    assertPart(60_000, "ae65dccd", "2ed6e46a", fashion.split().train());
    assertPart(10_000, "12728439", "242bc73f", fashion.split().test());
  }

  private static void assertPart(int rows, String pixels, String labels, Dataset part) {
    assertEquals(rows, part.rows());
    assertEquals(784, part.features());
    assertEquals(10, part.classes());
    assertEquals(1.0 / 255, part.scale());
    CRC32 crc = new CRC32();
    crc.update(part.pixels());
    assertEquals(pixels, "%08x".formatted(crc.getValue()));
    crc.reset();
    for (int label : part.labels()) crc.update(label);
    assertEquals(labels, "%08x".formatted(crc.getValue()));
  }

  @Test
  void missingFashionMnistSaysHowToGetIt() {
    var e = assertThrows(DataException.class, () -> Datasets.load("fashion-mnist", folder, null));
    assertEquals(
        folder.resolve("train-images-idx3-ubyte")
            + " is missing, also with .gz: sudo apt-get install dataset-fashion-mnist, or download"
            + " data/fashion of https://github.com/zalandoresearch/fashion-mnist and name its"
            + " folder",
        e.getMessage());
  }

  /** A name, a folder, a label, and words of the error. */
  private record Wrong(String name, @Nullable Path folder, @Nullable String label, String words) {}

  @Test
  void wrongUsageIsSaid() {
    Path here = Path.of("here");
    for (Wrong wrong :
        List.of(
            new Wrong("digits", here, null, "digits takes no folder: it is in the jar"),
            new Wrong("digits", null, "x", "digits takes no label column: only CSV files do"),
            new Wrong("a.csv", here, null, "a.csv takes no folder: its name is a path"),
            new Wrong("mnist", null, null, "mnist is not in the jar: name the folder"),
            new Wrong("cifar10", null, null, "cifar10 is not in the jar: name the folder"),
            new Wrong(
                "cifar",
                null,
                null,
                "no data set is called cifar; did you mean cifar10? There are digits, iris,"
                    + " fashion-mnist, mnist, cifar10, paths that end in .csv, .tsv, .tab, .txt,"
                    + " .data, .svm, .libsvm or .svmlight (with .gz or without) or in .npy, .npz or"
                    + " .safetensors, and - for standard input"))) {
      var e =
          assertThrows(
              IllegalArgumentException.class,
              () -> Datasets.load(wrong.name, wrong.folder, wrong.label));
      assertTrue(e.getMessage().startsWith(wrong.words), e.getMessage());
    }
    for (String name : Datasets.names()) { // each is known, if not there
      if (Datasets.needsFolder(name)) {
        assertThrows(IllegalArgumentException.class, () -> Datasets.load(name, null, null));
      }
      try {
        Datasets.load(name, IN_JAR.contains(name) ? null : folder, null);
        assertTrue(IN_JAR.contains(name), name);
      } catch (DataException e) {
        assertTrue(e.getMessage().contains(" is missing"), e.getMessage());
      }
    }
  }
}
