package org.thalweg.train;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.numeric.Records;
import org.thalweg.numeric.Require;

/**
 * What a training does besides updating weights: validation, early stopping, checkpoints.
 *
 * @param validation rows that are scored after each epoch; the training ends with the parameters of
 *     the epoch whose loss was smallest; null for none
 * @param patience how many epochs without a smaller validation loss end the training; 0 for never
 * @param checkpoint the file that a checkpoint is saved to; null for none
 * @param every how often a checkpoint is saved, besides at the end and where the training is
 *     stopped
 * @param metadata strings that a checkpoint carries for whoever resumes
 * @param reserve bytes of the device's memory that the training leaves free
 */
public record TrainingOptions(
    @Nullable Dataset validation,
    int patience,
    @Nullable Path checkpoint,
    Interval every,
    Map<String, String> metadata,
    long reserve) {
  /** Neither validation nor checkpoints. */
  public static final TrainingOptions NONE =
      new TrainingOptions(null, 0, null, new Interval(1, false), Map.of(), 0);

  /** Checks the patience. */
  public TrainingOptions {
    Require.that(patience >= 0, "patience must be at least 0: %s", patience);
    Require.that(reserve >= 0, "reserve must be at least 0: %s", reserve);
    metadata = Map.copyOf(metadata);
  }

  /** These, and rows are scored after each epoch. */
  public TrainingOptions withValidation(Dataset rows, int patience) {
    return Records.with(this, Map.of("validation", rows, "patience", patience));
  }

  /**
   * These, and checkpoints are saved: always to this file, which is replaced in one move. Its
   * folder must be there; parts that killed writers of this file have left in it are deleted. A
   * step that takes longer than a quarter of a second is followed by a checkpoint, too: who stops
   * the training may not want to wait for the end of the next one.
   */
  public TrainingOptions withCheckpoints(Path file, Interval every) {
    return Records.with(this, Map.of("checkpoint", file, "every", every));
  }

  /** These, and so many bytes are left free: for scoring, {@link Scorer#leastBytes}. */
  public TrainingOptions withReserve(long bytes) {
    return Records.with(this, "reserve", bytes);
  }

  /** These with other strings for whoever resumes. */
  public TrainingOptions withMetadata(Map<String, String> strings) {
    return Records.with(this, "metadata", strings);
  }
}
