package org.thalweg.data;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one registry of data sets. */
public final class Datasets {
  private static final String CSV = ".csv";
  private static final Path FASHION = Path.of("/usr/share/datasets/fashion-mnist");
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

  /**
   * What becomes the test part of a data set that has none, and by which seed: the same in every
   * run.
   */
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

  /** Whether a data set has no place of its own, so that {@link #load} needs a folder. */
  public static boolean needsFolder(String name) {
    return name.equals("mnist") || name.equals("cifar10");
  }

  /** What {@link #load} can be asked for by name; beside them, any path that ends in .csv. */
  public static List<String> names() {
    return List.of("digits", "fashion-mnist", "mnist", "cifar10");
  }

  /**
   * Reads a data set.
   *
   * @param name one of {@link #names()}, or the path of a CSV file, of whose rows a fifth, always
   *     the same, is the test part
   * @param folder where the files are: needed for mnist and cifar10; null for fashion-mnist is
   *     where Debian's package puts it; null for the others
   * @param label of a CSV file: the name, or the number from 1, of the column of labels; null is
   *     the last one. Null for the others
   * @throws IllegalArgumentException if there is no such data set, or it takes no folder or label,
   *     or needs one
   * @throws DataException if a file is missing or is not what it should be
   */
  public static Loaded load(String name, @Nullable Path folder, @Nullable String label) {
    if (name.endsWith(CSV)) {
      refuse(folder, name, "folder: its name is a path");
      return csv(Path.of(name), label);
    }
    refuse(label, name, "label column: only CSV files do");
    return switch (name) {
      case "digits" -> {
        refuse(folder, name, "folder: it is in the jar");
        yield new Loaded(Digits.load(), TEN_DIGITS, new Shape(8, 8, 1));
      }
      case "fashion-mnist" ->
          Idx.load(
              folder == null ? FASHION : folder,
              CLOTHES,
              "sudo apt-get install dataset-fashion-mnist, or download data/fashion of"
                  + " https://github.com/zalandoresearch/fashion-mnist and name it");
      case "mnist" ->
          Idx.load(
              required(folder, name),
              TEN_DIGITS,
              "download it from https://storage.googleapis.com/cvdf-datasets/mnist/"
                  + " and name its folder");
      case "cifar10" ->
          Cifar10.load(
              required(folder, name),
              "download and unpack https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
                  + " and name its folder");
      default ->
          throw new IllegalArgumentException(
              "no data set is called %s; there are %s, and paths that end in .csv"
                  .formatted(name, String.join(", ", names())));
    };
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

  private static Path required(@Nullable Path folder, String name) {
    if (folder == null) {
      throw new IllegalArgumentException(
          name + " is not in the jar: name the folder with its files");
    }
    return folder;
  }
}
