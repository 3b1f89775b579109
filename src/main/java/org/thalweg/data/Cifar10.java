package org.thalweg.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * CIFAR-10's binary version: five files of training images, one of test images, each of up to
 * 10,000 rows of 3,073 bytes: the label, then 32×32 red, 32×32 green and 32×32 blue values, each
 * colour row by row. (A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009;
 * https://www.cs.toronto.edu/~kriz/cifar.html.)
 */
final class Cifar10 {
  private static final List<String> CLASSES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
  private static final Datasets.Shape SHAPE = new Datasets.Shape(32, 32, 3);
  private static final int FEATURES = 3 * 32 * 32;
  private static final int ROW = 1 + FEATURES;
  private static final int FILE_ROWS = 10_000;
  private static final String UNPACKED = "cifar-10-batches-bin";

  private Cifar10() {}

  /**
   * Training and test part, scaled to [0, 1].
   *
   * @param folder holds data_batch_1.bin to data_batch_5.bin and test_batch.bin, as they are or
   *     with .gz appended to the name, or the folder cifar-10-batches-bin with them
   * @param source how to get the files, for the error message where one is missing
   */
  static Datasets.Loaded load(Path folder, String source) {
    Path inside = folder.resolve(UNPACKED);
    Path files = Files.isDirectory(inside) ? inside : folder;
    List<Path> train =
        IntStream.rangeClosed(1, 5)
            .mapToObj(i -> ByteFile.find(files, "data_batch_" + i + ".bin", source))
            .toList();
    Path test = ByteFile.find(files, "test_batch.bin", source);
    return new Datasets.Loaded(new Dataset.Split(read(train), read(List.of(test))), CLASSES, SHAPE);
  }

  private static Dataset read(List<Path> paths) {
    List<byte[]> batches = paths.stream().map(path -> ByteFile.read(path, Cifar10::batch)).toList();
    int rows = batches.stream().mapToInt(batch -> batch.length / ROW).sum();
    byte[] pixels = new byte[rows * FEATURES];
    int[] labels = new int[rows];
    int row = 0;
    for (byte[] batch : batches) {
      for (int at = 0; at < batch.length; at += ROW) {
        labels[row] = batch[at];
        System.arraycopy(batch, at + 1, pixels, row * FEATURES, FEATURES);
        row++;
      }
    }
    return new Dataset(pixels, labels, FEATURES, CLASSES.size(), 1.0 / 255);
  }

  /** Reads the rows of a file and checks their labels. */
  private static byte[] batch(ByteFile file) throws IOException {
    byte[] batch = file.readNBytes(FILE_ROWS * ROW);
    if (batch.length == 0 || batch.length % ROW != 0) {
      throw file.wrong(
          "the file ends after %d bytes, which is not 1 to %d rows of %d"
              .formatted(batch.length, FILE_ROWS, ROW));
    }
    for (int at = 0; at < batch.length; at += ROW) {
      file.label(at, batch[at], CLASSES.size());
    }
    return batch;
  }
}
