package org.thalweg.data;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The one registry of data sets, and the CSV files beside it. */
public final class Datasets {
  private static final String CSV = ".csv";
  private static final List<String> TEN_DIGITS =
      List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
  private static final List<String> CLOTHES =
      List.of(
          "T-shirt/top",
          "Trouser",
          "Pullover",
          "Dress",
          "Coat",
          "Sandal",
          "Shirt",
          "Sneaker",
          "Bag",
          "Ankle boot");

  /** Every data set that has a name. A new one is a line here and, for a new format, a reader. */
  private static final List<Named> NAMED =
      List.of(
          new Named(
              "digits",
              true,
              null,
              folder -> new Loaded(Digits.load(), TEN_DIGITS, new Shape(8, 8, 1))),
          new Named(
              "fashion-mnist",
              false,
              Path.of("/usr/share/datasets/fashion-mnist"),
              folder ->
                  Idx.load(
                      folder,
                      CLOTHES,
                      "sudo apt-get install dataset-fashion-mnist, or download data/fashion of"
                          + " https://github.com/zalandoresearch/fashion-mnist and name its"
                          + " folder")),
          new Named(
              "mnist",
              false,
              null,
              folder ->
                  Idx.load(
                      folder,
                      TEN_DIGITS,
                      "download it from https://storage.googleapis.com/cvdf-datasets/mnist/ and"
                          + " name its folder")),
          new Named(
              "cifar10",
              false,
              null,
              folder ->
                  Cifar10.load(
                      folder,
                      "download and unpack"
                          + " https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz and name its"
                          + " folder")));

  /** The test part of a CSV file, drawn by a fixed seed: the same rows in every run. */
  private static final double TEST_FRACTION = 0.2;

  private static final long TEST_SEED = 0;

  private Datasets() {}

  /**
   * A data set with what is known about it.
   *
   * @param classes the name of each class
   * @param shape what a row is a picture of; null where it is none
   */
  public record Loaded(Dataset.Split split, List<String> classes, @Nullable Shape shape) {}

  /** The features of a row as a picture: channel by channel, each of them row by row. */
  public record Shape(int width, int height, int channels) {}

  /**
   * Rows without labels.
   *
   * @param features how many to a row
   */
  public record Unlabelled(Dataset.Values values, int features) {}

  /**
   * A data set that has a name.
   *
   * @param inJar whether its files are in the jar
   * @param usual the folder of its files where the caller names none; null where it must
   * @param reader reads the files in a folder
   */
  private record Named(
      String name, boolean inJar, @Nullable Path usual, Function<Path, Loaded> reader) {
    Loaded load(@Nullable Path folder) {
      if (inJar) {
        refuse(folder, name, "folder: it is in the jar");
        return reader.apply(Path.of(""));
      }
      Path files = folder == null ? usual : folder;
      if (files == null) {
        throw new IllegalArgumentException(
            name + " is not in the jar: name the folder with its files");
      }
      return reader.apply(files);
    }
  }

  /** What {@link #load} can be asked for by name; beside them, any path that ends in .csv. */
  public static List<String> names() {
    return NAMED.stream().map(Named::name).toList();
  }

  /** Whether {@link #load} can only read this data set from a folder that the caller names. */
  public static boolean needsFolder(String name) {
    return NAMED.stream().anyMatch(e -> e.name.equals(name) && !e.inJar && e.usual == null);
  }

  /**
   * Reads a data set.
   *
   * @param name one of {@link #names()}, or the path of a CSV file, of whose rows a fifth, always
   *     the same, is the test part
   * @param folder where the files are; null for a CSV file and for what is in the jar, and where
   *     the files are at their usual place
   * @param label of a CSV file: the name, or the number from 1, of the column of labels; null is
   *     the last one. Null for the others
   * @throws IllegalArgumentException if there is no such data set, it takes no folder or label, or
   *     it {@linkplain #needsFolder needs a folder}
   * @throws DataException if a file is missing or is not what it should be
   */
  public static Loaded load(String name, @Nullable Path folder, @Nullable String label) {
    if (name.endsWith(CSV)) {
      refuse(folder, name, "folder: its name is a path");
      return csv(Path.of(name), label);
    }
    refuse(label, name, "label column: only CSV files do");
    return NAMED.stream()
        .filter(named -> named.name.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no data set is called %s; there are %s, and paths that end in .csv"
                        .formatted(name, String.join(", ", names()))))
        .load(folder);
  }

  /**
   * Reads the features of a CSV file without labels.
   *
   * @throws DataException if it is not what it should be
   */
  public static Unlabelled features(Path csv) {
    return Csv.readFeatures(csv);
  }

  private static Loaded csv(Path path, @Nullable String label) {
    Csv.Labelled csv = Csv.read(path, label);
    if (csv.data().rows() < 2) {
      throw new DataException(path + ": one row cannot be split into training and test rows");
    }
    return new Loaded(csv.data().split(TEST_FRACTION, TEST_SEED), csv.classes(), null);
  }

  private static void refuse(@Nullable Object given, String name, String what) {
    if (given != null) {
      throw new IllegalArgumentException("%s takes no %s".formatted(name, what));
    }
  }
}
