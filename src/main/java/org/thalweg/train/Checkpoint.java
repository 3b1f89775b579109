package org.thalweg.train;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.model.Safetensors;

/**
 * The file of a training between two steps, in the safetensors format. Tensors: the arrays by their
 * names; {@code history}, [epochs × 5]: loss, accuracy, learning rate, validation loss and accuracy
 * (NaN where there is none); {@code best.0}, {@code best.1}. Metadata: the numbers of {@link
 * TrainingState}, with the prefix {@code run.} the settings that the resumed run must share, and
 * with the prefix {@code user.} the caller's own strings.
 */
final class Checkpoint {
  private static final String FORMAT = "thalweg.checkpoint";
  private static final String RUN = "run.";
  private static final String USER = "user.";
  private static final String HISTORY = "history";
  private static final String BEST = "best.";
  private static final int HISTORY_COLUMNS = 5;

  /** The settings that are checksums of rows, or "none". */
  private static final Map<String, String> ROWS =
      Map.of("data", "training", "validation", "validation");

  private final Device device;
  private final Map<String, Array> arrays;
  private final Map<String, String> run;

  /**
   * The checkpoints of a training.
   *
   * @param arrays what is saved and read back, by name
   * @param run the settings that must be equal where the training is resumed
   */
  Checkpoint(Device device, Map<String, Array> arrays, Map<String, String> run) {
    this.device = device;
    this.arrays = arrays;
    this.run = run;
  }

  /**
   * Writes the file and replaces an existing one atomically: at any moment one of them is there,
   * complete.
   */
  void write(Path file, TrainingState progress, Map<String, String> user) throws IOException {
    Map<String, String> metadata = StateFile.metadata(FORMAT);
    metadata.put("batch", Integer.toString(progress.batch()));
    metadata.put("updates", Long.toString(progress.updates()));
    metadata.put("loss", Double.toString(progress.loss()));
    metadata.put("correct", Long.toString(progress.correct()));
    run.forEach((key, value) -> metadata.put(RUN + key, value));
    user.forEach((key, value) -> metadata.put(USER + key, value));
    Map<String, Safetensors.Tensor> tensors = StateFile.tensors(device, arrays);
    long epochs = progress.history().size();
    double[] history = table(progress.history());
    tensors.put(HISTORY, Safetensors.Tensor.of(history, epochs, HISTORY_COLUMNS));
    TrainingState.Best best = progress.best();
    if (best != null) {
      metadata.put("best_epoch", Integer.toString(best.epoch()));
      metadata.put("best_loss", Double.toString(best.loss()));
      for (int i = 0; i < best.parameters().size(); i++) {
        double[] values = best.parameters().get(i);
        tensors.put(BEST + i, Safetensors.Tensor.of(values, values.length));
      }
    }
    Safetensors.write(file, metadata, tensors, true);
  }

  /**
   * Deletes the partial files that killed writers of this file have left.
   *
   * @throws java.nio.file.NoSuchFileException if its folder is not there
   */
  static void deleteParts(Path file) throws IOException {
    String name = file.getFileName() + ".";
    Path folder = file.toAbsolutePath().getParent();
    DirectoryStream.Filter<Path> part =
        entry -> {
          String own = String.valueOf(entry.getFileName());
          return own.startsWith(name) && own.endsWith(".part");
        };
    try (DirectoryStream<Path> parts =
        Files.newDirectoryStream(folder == null ? file : folder, part)) {
      for (Path entry : parts) {
        Files.deleteIfExists(entry);
      }
    }
  }

  private static double[] table(List<Trainer.Epoch> history) {
    return history.stream()
        .flatMapToDouble(
            epoch -> {
              Score score = epoch.validation();
              return DoubleStream.of(
                  epoch.loss(),
                  epoch.accuracy(),
                  epoch.lr(),
                  score == null ? Double.NaN : score.loss(),
                  score == null ? Double.NaN : score.accuracy());
            })
        .toArray();
  }

  /** The caller's own strings of a file. */
  static Map<String, String> user(Path file) throws IOException {
    try (StateFile state = new StateFile(file, FORMAT)) {
      Map<String, String> user = new LinkedHashMap<>();
      state
          .saved()
          .metadata()
          .forEach(
              (key, value) -> {
                if (key.startsWith(USER)) {
                  user.put(key.substring(USER.length()), value);
                }
              });
      return user;
    }
  }

  /**
   * Reads a file. The arrays are read last, after everything has been checked.
   *
   * @param minibatches of an epoch
   * @param epochs at most
   * @throws IOException if it is no checkpoint, is damaged, or of another run; the message names
   *     the place
   */
  TrainingState read(Path file, int minibatches, int epochs) throws IOException {
    try (StateFile state = new StateFile(file, FORMAT)) {
      for (Map.Entry<String, String> common : run.entrySet()) {
        String found = state.saved().metadata().get(RUN + common.getKey());
        if (!same(common.getValue(), found)) {
          String rows = ROWS.get(common.getKey());
          if (rows != null
              && found != null
              && !List.of(common.getValue(), found).contains("none")) {
            throw new OtherRunException(
                ("%s: the %s rows are not those that it was saved with: they have changed, or are"
                        + " of other data")
                    .formatted(file, rows),
                OtherRunException.Part.DATA);
          }
          throw state.wrong(common.getKey(), common.getValue(), found);
        }
      }
      state.expectShapes(arrays);
      TrainingState progress = progress(state);
      if (progress.batch() < 0 || progress.batch() > minibatches) {
        throw state.wrong("metadata batch", "at most " + minibatches, progress.batch());
      }
      int begun = progress.history().size() + (progress.batch() > 0 ? 1 : 0);
      if (begun > epochs) {
        throw new OtherRunException(
            "%s: it is in epoch %d already: epochs must be at least that, not %d"
                .formatted(file, begun, epochs),
            OtherRunException.Part.EPOCHS);
      }
      state.read(device, arrays);
      return progress;
    }
  }

  /** Numbers are compared by value: how a double is written has changed in Java 19. */
  private static boolean same(String expected, @Nullable String found) {
    if (found == null || expected.equals(found)) {
      return found != null;
    }
    try {
      return Double.parseDouble(expected) == Double.parseDouble(found);
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static TrainingState progress(StateFile state) throws IOException {
    Safetensors saved = state.saved();
    Map<String, String> metadata = saved.metadata();
    try {
      return new TrainingState(
          history(saved.doubles(HISTORY)),
          Integer.parseUnsignedInt(metadata.getOrDefault("batch", "")),
          Long.parseUnsignedLong(metadata.getOrDefault("updates", "")),
          Double.parseDouble(metadata.getOrDefault("loss", "")),
          Long.parseUnsignedLong(metadata.getOrDefault("correct", "")),
          !metadata.containsKey("best_epoch")
              ? null
              : new TrainingState.Best(
                  Integer.parseUnsignedInt(metadata.getOrDefault("best_epoch", "")),
                  Double.parseDouble(metadata.getOrDefault("best_loss", "")),
                  List.of(saved.doubles(BEST + 0), saved.doubles(BEST + 1))));
    } catch (NumberFormatException e) {
      throw state.wrong("metadata", "a number", e.getMessage());
    }
  }

  private static List<Trainer.Epoch> history(double[] table) {
    List<Trainer.Epoch> history = new ArrayList<>();
    for (int at = 0; at + HISTORY_COLUMNS <= table.length; at += HISTORY_COLUMNS) {
      Score validation =
          Double.isNaN(table[at + 3]) ? null : new Score(table[at + 3], table[at + 4]);
      history.add(
          new Trainer.Epoch(
              history.size() + 1, table[at], table[at + 1], table[at + 2], validation));
    }
    return history;
  }
}
