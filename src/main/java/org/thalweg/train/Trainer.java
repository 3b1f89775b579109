package org.thalweg.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Bytes;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.Owned;
import org.thalweg.device.Philox;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.model.LinearClassifier;
import org.thalweg.optim.Group;

/** Trains a linear classifier by minibatches, and scores it. */
public final class Trainer implements AutoCloseable {
  /** The stream of the first weights; epoch e is shuffled by stream e, from 1. */
  private static final long WEIGHTS = 0;

  /** The standard deviation of the first weights. */
  private static final double DEVIATION = 0.01;

  /** Rows of a minibatch when a model is scored; has no influence on what is learned. */
  private static final int SCORE_BATCH = 512;

  private final Settings settings;
  private final Dataset data;
  private final LinearClassifier model;
  private final Update update;
  private final Rig training;
  private final Device device;
  private final Owned owned;
  private long updates;

  /**
   * Puts the data and a model with its first weights on the device.
   *
   * @throws DeviceException if the device has not enough memory, before any is taken
   */
  public Trainer(Device device, Dataset data, Settings settings) {
    this.device = device;
    this.settings = settings;
    this.data = data;
    checkMemory(device, "training", bytes(data, settings), "; try a smaller --batch");
    // The gradient of lambda * w^2.
    List<Group> groups = List.of(new Group(1, 0, 2 * settings.l2(), 0), Group.PLAIN);
    try (Owned opening = new Owned()) {
      model =
          opening.add(
              new LinearClassifier(device, settings.type(), data.features(), data.classes()));
      model.initialise(new Philox(settings.seed(), WEIGHTS), DEVIATION);
      update =
          opening.add(
              new Update(
                  device, settings.optimizer(), model.parameters(), groups, UpdateOptions.PLAIN));
      training =
          opening.add(
              new Rig(
                  device,
                  data,
                  model,
                  settings.type(),
                  settings.batch(),
                  columns(settings),
                  (minibatch, steps) -> {
                    update.lookAhead(steps, Rig.FIRST_ROW + 1);
                    minibatch.forward(settings.loss());
                    device.tally(minibatch.rowLoss(), minibatch.rowCorrect(), steps);
                    minibatch.backward();
                    update.apply(steps, Rig.FIRST_ROW + 1);
                  }));
      owned = opening.keep();
    }
  }

  /** Of the step table: where the minibatch begins, and the numbers of weights and bias. */
  private static int columns(Settings settings) {
    return Rig.FIRST_ROW + 1 + 2 * Group.columns(settings.optimizer());
  }

  /** Bytes that training takes on the device: data, model, state, tables. */
  static long bytes(Dataset data, Settings settings) {
    int states = settings.optimizer().states();
    long weights = (long) data.features() * data.classes();
    return LinearClassifier.bytes(settings.type(), data.features(), data.classes())
        + Tensors.bytes(settings.type(), states, weights, data.classes())
        + Rig.bytes(data, settings.type(), settings.batch(), columns(settings));
  }

  private static void checkMemory(Device device, String what, long bytes, String advice) {
    long free = device.available();
    if (bytes > free) {
      throw new DeviceException(
          "%s needs %s, %s are free on %s%s"
              .formatted(what, Bytes.text(bytes), Bytes.text(free), device.description(), advice));
    }
  }

  /** The model that is being trained. */
  public LinearClassifier model() {
    return model;
  }

  /**
   * An epoch that has been finished.
   *
   * @param number from 1
   * @param loss the mean loss of its minibatches as they came, without the regularisation
   * @param accuracy the share of their rows that were classified right
   * @param lr the learning rate of its last step
   * @param validation the score of the validation rows; null where there are none
   */
  public record Epoch(
      int number, double loss, double accuracy, double lr, @Nullable Score validation) {}

  /** Is told how the training goes. */
  public interface Listener {
    /** An epoch has been finished. */
    void epoch(Epoch epoch);

    /** So many steps of the whole run are done; called every so many steps. */
    default void step(long done, long of) {}
  }

  /** Scores these rows behind each epoch. */
  public Trainer validation(Dataset rows, int patience) {
    throw new UnsupportedOperationException();
  }

  /** Saves a checkpoint every so often, and at the end. */
  public Trainer checkpoints(Path file, Interval every) {
    throw new UnsupportedOperationException();
  }

  /** Strings that a checkpoint carries for whoever resumes. */
  public Trainer metadata(Map<String, String> strings) {
    throw new UnsupportedOperationException();
  }

  /** What was given to {@link #metadata(Map)}. */
  public static Map<String, String> metadata(Path checkpoint) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Goes on where a checkpoint was saved. */
  public void restore(Path checkpoint) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** From any thread: train returns soon. */
  public void stop() {
    throw new UnsupportedOperationException();
  }

  /** The epochs that are done. */
  public List<Epoch> history() {
    throw new UnsupportedOperationException();
  }

  /** The steps that are done. */
  public long steps() {
    return updates;
  }

  /** Trains for as many epochs as the settings say. */
  public Outcome train(Listener listener) {
    for (int epoch = 1; epoch <= settings.epochs(); epoch++) {
      training.order(new Philox(settings.seed(), epoch).permutation(data.rows()));
      Steps.Account account = training.pass(this::fillUpdates);
      check(account, "epoch " + epoch + ", step " + (account.batches() + 1));
      updates += account.updates();
      listener.epoch(
          new Epoch(
              epoch,
              sum(account.losses()) / data.rows(),
              (double) Arrays.stream(account.correct()).sum() / data.rows(),
              settings.optimizer().lr(),
              null));
    }
    return Outcome.FINISHED;
  }

  private void fillUpdates(Steps steps) {
    for (int i = 0; i < training.minibatches(); i++) {
      update.fill(steps, i, Rig.FIRST_ROW + 1, settings.optimizer().lr(), updates + i + 1);
    }
  }

  /** Loss and accuracy of the model on all rows of a data set. */
  public Score score(Dataset rows) {
    checkMemory(device, "scoring", Rig.bytes(rows, settings.type(), SCORE_BATCH, 1), "");
    try (Rig rig =
        new Rig(
            device,
            rows,
            model,
            settings.type(),
            SCORE_BATCH,
            1,
            (minibatch, steps) -> {
              minibatch.forward(settings.loss());
              device.tally(minibatch.rowLoss(), minibatch.rowCorrect(), steps);
            })) {
      Steps.Account account = rig.pass(steps -> {});
      check(account, "scoring " + rows.rows() + " rows");
      return new Score(
          sum(account.losses()) / rows.rows() + settings.l2() * model.squaredWeights(),
          (double) Arrays.stream(account.correct()).sum() / rows.rows());
    }
  }

  /** In order: DoubleStream.sum compensates, and how is its own affair. */
  private static double sum(double[] losses) {
    double sum = 0;
    for (double loss : losses) {
      sum += loss;
    }
    return sum;
  }

  private void check(Steps.Account account, String where) {
    switch (account.halt()) {
      case RUNNING -> {}
      case LOSS_NOT_FINITE ->
          throw new TrainingException(
              "%s: the loss became %s at learning rate %s; try a smaller --lr"
                  .formatted(
                      where,
                      account.losses()[account.losses().length - 1],
                      settings.optimizer().lr()));
      case LABEL_OUT_OF_RANGE ->
          throw new TrainingException(where + ": a label is not below the number of classes");
    }
  }

  @Override
  public void close() {
    owned.close();
  }
}
