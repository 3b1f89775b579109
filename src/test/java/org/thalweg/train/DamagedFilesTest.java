package org.thalweg.train;

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
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets.Shape;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.SmoothHinge;
import org.thalweg.model.Description;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.ModelFile;
import org.thalweg.model.Safetensors;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizers;

/** Files with a wrong bit, or cut short: whatever reads one says so, or finds what was saved. */
class DamagedFilesTest {
  private static final int FEATURES = 3;
  private static final int CLASSES = 2;
  private static final Dataset ROWS =
      new Dataset(new byte[12], new int[] {0, 1, 0, 1}, FEATURES, CLASSES, 1);
  private static final Settings SETTINGS = Settings.DEFAULT.withBatch(2).withEpochs(2);

  @TempDir Path folder;

  /** The files that are read back, and every way to read one. */
  enum Kind {
    MODEL {
      @Override
      void save(Device device, Path file) throws IOException {
        try (LinearClassifier model = model(device)) {
          ModelFile.save(model, file, DESCRIPTION, false);
        }
      }

      @Override
      String read(Device device, Path file) throws IOException {
        Description read = ModelFile.describe(file);
        try (LinearClassifier model = ModelFile.load(device, file)) {
          return model.features()
              + Arrays.toString(model.weights())
              + Arrays.toString(
                  device.download(model.parameters().get(LinearClassifier.BIAS).value()))
              + Arrays.toString(read.scaling().means())
              + Arrays.toString(read.scaling().deviations())
              + List.of(read.classes(), read.scaling().scale(), read.loss())
              + read.shape();
        }
      }
    },
    CHECKPOINT {
      private Trainer trainer(Device device, Path file) {
        return new Trainer(
            device,
            ROWS,
            SETTINGS,
            TrainingOptions.NONE
                .withValidation(ROWS, 5)
                .withMetadata(Map.of("answer", "42"))
                .withCheckpoints(file, new Interval(3, true)));
      }

      @Override
      void save(Device device, Path file) {
        try (Trainer trainer = trainer(device, file)) {
          trainer.train(epoch -> trainer.stop());
        }
      }

      @Override
      String read(Device device, Path file) throws IOException {
        String user = String.valueOf(Trainer.metadata(file));
        try (Trainer trainer = trainer(device, file.resolveSibling("none"))) {
          int before = trainer.model().crc32();
          try {
            trainer.restore(file);
          } catch (IOException e) {
            assertEquals(before, trainer.model().crc32());
            throw e;
          }
          return user + Resumable.result(trainer) + trainer.steps();
        }
      }
    },
    OPTIMIZER {
      private Updater updater(Device device, Array w, Array g) {
        return new Updater(
            device,
            Optimizers.named("amsgrad"),
            List.of(new Parameter(w, g, 0)),
            List.of(Group.PLAIN));
      }

      @Override
      void save(Device device, Path file) throws IOException {
        try (Array w = device.of(ElementType.F32, 1, 2, 3);
            Array g = device.of(ElementType.F32, 3, 1, 2);
            Updater updater = updater(device, w, g)) {
          updater.step();
          updater.save(file);
        }
      }

      @Override
      String read(Device device, Path file) throws IOException {
        try (Array w = device.of(ElementType.F32, 1, 2, 3);
            Array g = device.of(ElementType.F32, 3, 1, 2);
            Updater updater = updater(device, w, g)) {
          updater.load(file);
          updater.step();
          return updater.updates() + Arrays.toString(device.download(w));
        }
      }
    };

    abstract void save(Device device, Path file) throws IOException;

    /** All that can be read of the file, as text. */
    abstract String read(Device device, Path file) throws IOException;
  }

  private static final Description DESCRIPTION =
      new Description(
          List.of("Größe", "\"thalweg.crc32\":\"00000000\""),
          new Shape(3, 1, 1),
          new Scaling(0.0625, new double[] {1, 2, 3}, new double[] {4, 5, 6}),
          new SmoothHinge(0.5));

  private static LinearClassifier model(Device device) {
    LinearClassifier model = new LinearClassifier(device, ElementType.F32, FEATURES, CLASSES);
    model.initialise(new Philox(1, 0), 1);
    return model;
  }

  /** What reading the file gives: its contents, or a message that names it in one line. */
  private static String outcome(Kind kind, Device device, Path file) {
    try {
      return kind.read(device, file);
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith(file + ": "), message);
      assertFalse(message.substring(file.toString().length()).matches("(?s).*(Exception|\\n).*"));
      return message.substring(file.toString().length());
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyWrongBitIsFound(Kind kind) throws IOException {
    try (Device device = TestDevices.JAVA_1.open()) {
      Path file = folder.resolve("file");
      kind.save(device, file);
      byte[] good = Files.readAllBytes(file);
      String whole = kind.read(device, file);
      int damaged = 0;
      for (int bit = 0; bit < 8 * good.length; bit++) {
        byte[] changed = good.clone();
        changed[bit / 8] ^= (byte) (1 << bit % 8);
        Files.write(file, changed);
        String outcome = outcome(kind, device, file);
        String text = new String(changed, StandardCharsets.ISO_8859_1);
        boolean named = text.contains("\"thalweg.crc32\":\"");
        if (named || kind != Kind.MODEL) { // a model may have no checksum
          assertTrue(outcome.startsWith(": "), "bit " + bit + ": " + outcome);
          damaged += outcome.contains("damaged") ? 1 : 0;
        } else if (!outcome.startsWith(": ")) {
          assertEquals(whole, outcome, "bit " + bit);
        }
      }
      assertTrue(damaged > 8 * (good.length - 24), damaged + " of " + 8 * good.length);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyCutIsFound(Kind kind) throws IOException {
    try (Device device = TestDevices.JAVA_1.open()) {
      Path file = folder.resolve("file");
      kind.save(device, file);
      byte[] good = Files.readAllBytes(file);
      for (int length = 0; length < good.length; length++) {
        Files.write(file, Arrays.copyOf(good, length));
        String outcome = outcome(kind, device, file);
        assertTrue(outcome.contains("damaged"), length + " bytes: " + outcome);
      }
      Files.write(file, Arrays.copyOf(good, good.length + 1));
      assertTrue(outcome(kind, device, file).contains("damaged"));
    }
  }

  /** A file of another program, and what it may not hold, wherever it stands. */
  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void numbersOfAModelAreFinite(double wrong) throws IOException {
    Path file = folder.resolve("file");
    try (Device device = TestDevices.JAVA_1.open()) {
      for (ElementType type : List.of(ElementType.F32, ElementType.F64)) {
        Map<String, Integer> counts =
            Map.of("weight", FEATURES * CLASSES, "bias", CLASSES, "mean", FEATURES);
        for (String name : counts.keySet()) {
          for (int i = 0; i < counts.get(name); i++) {
            double[] means = {1, 2, 3};
            try (LinearClassifier model = new LinearClassifier(device, type, FEATURES, CLASSES)) {
              if (name.equals("mean")) {
                means[i] = wrong;
              } else {
                int which = name.equals("weight") ? 0 : 1;
                Array array = model.parameters().get(which).value();
                device.upload(array.slice(i, 1), new double[] {wrong});
              }
              Description description =
                  new Description(
                      List.of("a", "b"), null, new Scaling(1, means, null), new SmoothHinge(1));
              ModelFile.save(model, file, description, true);
            }
            String place =
                name.equals("weight")
                    ? "row %d, column %d".formatted(i / CLASSES, i % CLASSES)
                    : "element " + i;
            String expected = ": tensor %s: %s (from 0) is %s".formatted(name, place, wrong);
            String outcome = outcome(Kind.MODEL, device, file);
            assertTrue(outcome.startsWith(expected), outcome);
          }
        }
      }
    }
  }

  @Test
  void aFileOfAnotherProgramNeedsNoChecksum() throws IOException {
    Path file = folder.resolve("file");
    try (Device device = TestDevices.JAVA_1.open()) {
      Kind.MODEL.save(device, file);
      String whole = Kind.MODEL.read(device, file);
      byte[] good = Files.readAllBytes(file);
      String text = new String(good, StandardCharsets.ISO_8859_1);
      String without = text.replaceFirst("thalweg.crc32", "anything.else");
      Files.writeString(file, without, StandardCharsets.ISO_8859_1);
      assertEquals(whole, Kind.MODEL.read(device, file));
    }
  }

  /** Names and values of the metadata may be what they like. */
  @Test
  void aChecksumIsTakenFromItsPlaceOnly() throws IOException {
    Path file = folder.resolve("file");
    Map<String, String> metadata = Map.of("x\"thalweg.crc32\":\"12345678", "\"thalweg.crc32\":\"1");
    Safetensors.write(file, metadata, Map.of(), false);
    try (Safetensors tensors = new Safetensors(file)) {
      assertTrue(tensors.checked());
      assertTrue(tensors.metadata().entrySet().containsAll(metadata.entrySet()));
    }
    byte[] good = Files.readAllBytes(file);
    String text = new String(good, StandardCharsets.ISO_8859_1);
    Files.writeString(file, text.replaceFirst("\":\"[0-9a-f]{8}\"", "\":\"x0000000\""));
    IOException e = assertThrows(IOException.class, () -> new Safetensors(file).close());
    assertTrue(String.valueOf(e.getMessage()).contains("checksum cannot be read"), e.getMessage());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }
}
