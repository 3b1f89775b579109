package org.thalweg.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * The format of MNIST and of the data sets that replace it: four IDX files, two of grey images, two
 * of labels. An IDX file is the bytes 0, 0, the element type (8: unsigned byte), the number of
 * dimensions; each dimension as 4 big-endian bytes; the elements, row-major. (Y. LeCun, C. Cortes,
 * C. Burges, The MNIST database of handwritten digits.)
 */
final class Idx {
  private static final int IMAGES = 0x0803;
  private static final int LABELS = 0x0801;

  /** Bytes before the labels: magic number and count. */
  private static final int HEADER = 8;

  private static final double SCALE = 1.0 / 255;

  private Idx() {}

  @SuppressWarnings("ArrayRecordComponent")
  private record Images(byte[] pixels, int count, int height, int width) {}

  /**
   * Training and test part, scaled to [0, 1].
   *
   * @param folder holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte
   *     and t10k-labels-idx1-ubyte, as they are or with .gz appended to the name
   * @param classes the names of the labels 0, 1, ..
   * @param source how to get the files, for the error message where one is missing
   */
  static Datasets.Loaded load(Path folder, List<String> classes, String source) {
    Path trainFile = ByteFile.find(folder, "train-images-idx3-ubyte", source);
    Path trainLabels = ByteFile.find(folder, "train-labels-idx1-ubyte", source);
    Path testFile = ByteFile.find(folder, "t10k-images-idx3-ubyte", source);
    Path testLabels = ByteFile.find(folder, "t10k-labels-idx1-ubyte", source);
    Images train = images(trainFile);
    Images test = images(testFile);
    if (test.height != train.height || test.width != train.width) {
      throw new DataException(
          "%s: byte 8: images are %d x %d, but %d x %d in %s"
              .formatted(testFile, test.height, test.width, train.height, train.width, trainFile));
    }
    return new Datasets.Loaded(
        new Dataset.Split(
            dataset(train, trainLabels, classes.size()), dataset(test, testLabels, classes.size())),
        classes,
        new Datasets.Shape(train.width, train.height, 1));
  }

  private static Images images(Path path) {
    return ByteFile.read(
        path,
        file -> {
          magic(file, IMAGES, "images");
          int count = file.count("the number of images");
          int height = file.count("the height of an image");
          int width = file.count("the width of an image");
          long size = (long) height * width;
          if (size > Dataset.MOST_VALUES || size * count > Dataset.MOST_VALUES) {
            throw file.wrong(
                4,
                "%d images of %d x %d are more than %d bytes"
                    .formatted(count, height, width, Dataset.MOST_VALUES));
          }
          byte[] pixels = file.bytes((int) size * count, "images");
          return new Images(pixels, count, height, width);
        });
  }

  private static Dataset dataset(Images images, Path labels, int classes) {
    return new Dataset(
        images.pixels,
        labels(labels, images.count, classes),
        images.height * images.width,
        classes,
        SCALE);
  }

  private static int[] labels(Path path, int images, int classes) {
    return ByteFile.read(
        path,
        file -> {
          magic(file, LABELS, "labels");
          int count = file.count("the number of labels");
          if (count != images) {
            throw file.wrong(4, "%d labels for %d images".formatted(count, images));
          }
          byte[] bytes = file.bytes(count, "labels");
          int[] labels = new int[count];
          for (int i = 0; i < count; i++) {
            labels[i] = file.label(HEADER + i, bytes[i], classes);
          }
          return labels;
        });
  }

  private static void magic(ByteFile file, int magic, String what) throws IOException {
    int found = ByteBuffer.wrap(file.bytes(Integer.BYTES, "the magic number")).getInt();
    if (found != magic) {
      throw file.wrong(
          0, "an IDX file of %s begins with %08x, not %08x".formatted(what, magic, found));
    }
  }
}
