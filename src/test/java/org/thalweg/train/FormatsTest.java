package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.data.CsvOptions;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.data.LibsvmOptions;
import org.thalweg.data.Samples;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.minimize.LBfgs;
import org.thalweg.minimize.Stopping;
import org.thalweg.numeric.ElementType;

/** Rows of Fashion-MNIST give the same model whatever format they are read from. */
class FormatsTest {
  private static final Path FASHION = Path.of("/usr/share/datasets/fashion-mnist");
  private static final int ROWS = 1500;
  private static final int FEATURES = 784;

  @TempDir Path folder;

  @Test
  void oneChecksum() throws IOException {
    Assumptions.assumeTrue(
        Files.exists(FASHION), "the package dataset-fashion-mnist is not installed");
    Dataset idx = Datasets.load("fashion-mnist", null, null).split().train().splitAt(ROWS).train();
    for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
      Map<String, Dataset> all = read(idx, type);
      try (Device device = new JavaDevice()) {
        int trained = trained(device, idx, type);
        double least = least(device, idx, type);
        all.forEach(
            (format, data) -> {
              assertEquals(trained, trained(device, data, type), type + " from " + format);
              assertEquals(least, least(device, data, type), type + " from " + format);
            });
      }
    }
  }

  private static int trained(Device device, Dataset data, ElementType type) {
    Settings settings = Settings.DEFAULT.withType(type).withEpochs(1).withBatch(100);
    try (Trainer trainer = new Trainer(device, data, settings)) {
      trainer.train(epoch -> {});
      return trainer.model().crc32();
    }
  }

  /** The loss that a few iterations of L-BFGS come to. */
  private static double least(Device device, Dataset data, ElementType type) {
    try (ClassifierObjective f =
            new ClassifierObjective(device, data, Settings.DEFAULT.loss(), type, 0, 1e-4);
        var start = device.allocate(type, f.size());
        var result =
            new LBfgs().minimize(f, start, new Stopping(0, 0, 5), (i, value, norm, step) -> {})) {
      return result.value();
    }
  }

  /** What is read from each format that holds the scaled pixels. */
  private Map<String, Dataset> read(Dataset idx, ElementType type) throws IOException {
    double scale = type.round(idx.scale());
    double[] numbers =
        IntStream.range(0, ROWS * FEATURES)
            .mapToDouble(i -> type.round(scale * idx.values().value(i)))
            .toArray();
    int[] labels = idx.labels();
    String[] texts = new String[numbers.length];
    ByteBuffer bytes =
        ByteBuffer.allocate(numbers.length * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < numbers.length; i++) {
      if (type == ElementType.F32) {
        bytes.putFloat((float) numbers[i]);
        texts[i] = Float.toString((float) numbers[i]);
      } else {
        bytes.putDouble(numbers[i]);
        texts[i] = Double.toString(numbers[i]);
      }
    }
    String shape = "(%d, %d)".formatted(ROWS, FEATURES);
    String header = Samples.npyHeader("<f" + type.bytes(), false, shape);
    Path npy = Files.write(folder.resolve("x.npy"), Samples.npy(1, header, bytes.array()));
    Path text =
        Files.writeString(
            folder.resolve("y.txt"),
            IntStream.of(labels).mapToObj(String::valueOf).collect(Collectors.joining("\n")));
    StringBuilder csv = new StringBuilder();
    StringBuilder svm = new StringBuilder();
    for (int row = 0; row < ROWS; row++) {
      svm.append(labels[row]);
      for (int i = 0; i < FEATURES; i++) {
        int at = row * FEATURES + i;
        csv.append(texts[at]).append(',');
        if (numbers[at] != 0) {
          svm.append(' ').append(i + 1).append(':').append(texts[at]);
        }
      }
      csv.append(labels[row]).append('\n');
      svm.append('\n');
    }
    Path table = folder.resolve("rows.csv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(table))) {
      out.write(csv.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    Path sparse = Files.writeString(folder.resolve("rows.svm"), svm);
    Map<String, Dataset> all = new LinkedHashMap<>();
    Datasets.Parts parts = Datasets.TRAINING;
    all.put(
        ".npy",
        Datasets.matrix(npy.toString(), text, null, Datasets.Header.AUTO, type, parts)
            .split()
            .train());
    all.put(
        ".csv.gz",
        Datasets.load(table.toString(), null, CsvOptions.DEFAULT, type, null, parts)
            .split()
            .train());
    LibsvmOptions options = LibsvmOptions.DEFAULT.withFeatures(FEATURES, "an image");
    all.put("LIBSVM", Datasets.sparse(sparse.toString(), options, type, parts).split().train());
    return all;
  }
}
