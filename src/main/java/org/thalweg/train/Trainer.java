package org.thalweg.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.MemoryException;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Steps;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.numeric.Reason;
import org.thalweg.numeric.Registry;
import org.thalweg.optim.Group;

/**
 * Trains a linear classifier by minibatches, and scores it. The weights depend on data, settings
 * and validation alone: not on the device, on whether the data fits its memory, or on how often the
 * training was stopped or killed and restored from a checkpoint.
 */
public final class Trainer implements AutoCloseable {
  /** A step that takes longer is followed by a checkpoint, in nanoseconds. */
  public static final long LONG_STEP = 250_000_000;

  private final Device device;
  private final long limit;
  private final Settings settings;
  private final TrainingOptions options;
  private final Dataset data;
  private final LinearClassifier model;
  private final OptimizerStep update;
  private final Scaling scaling;
  private final @Nullable Array affine;
  private final DataPass training;
  private final @Nullable Scorer validation;
  private final Owned owned;

  /** Created when it is first needed, because it computes the data's checksums. */
  private @Nullable Checkpoint checkpoint;

  private @Nullable Path lastCheckpoint;
  private TrainingState progress = TrainingState.NONE;

  /** The epoch whose order the rows have that were sent last. */
  private int ordered;

  private volatile boolean stopping;

  /** A training with {@link TrainingOptions#NONE}. */
  public Trainer(Device device, Dataset train, Settings settings) {
    this(device, train, settings, TrainingOptions.NONE);
  }

  /**
   * Puts the data and a model with its first weights on the device; where the rows do not fit, they
   * are sent piece by piece while they are needed.
   *
   * @throws MemoryException if the device has not enough memory even so, before any is taken
   * @throws UncheckedIOException if there is no folder for the checkpoint
   */
  public Trainer(Device device, Dataset train, Settings settings, TrainingOptions options) {
    this(device, train, settings, options, Long.MAX_VALUE);
  }

  /**
   * The same.
   *
   * @param limit the most bytes of free memory that are taken into account
   */
  Trainer(Device device, Dataset train, Settings settings, TrainingOptions options, long limit) {
    this.device = device;
    this.limit = limit;
    this.settings = settings;
    this.options = options;
    this.data = train;
    deleteParts(options.checkpoint());
    Dataset rows = options.validation();
    long scoring = rows == null ? 0 : MemoryPlan.leastScoring(rows, settings.type());
    scoring += options.reserve();
    MemoryPlan plan =
        MemoryPlan.training(device, train, settings, columns(settings), scoring, free());
    ElementType type = settings.type();
    scaling = settings.normalisation().of(train);
    try (Owned opening = new Owned()) {
      model = opening.add(new LinearClassifier(device, type, train.features(), train.classes()));
      settings.initialise(model);
      Array own = scaling.on(device, type);
      affine = own == null ? null : opening.add(own);
      update =
          opening.add(
              new OptimizerStep(
                  device,
                  settings.optimizer(),
                  model.parameters(),
                  groups(settings),
                  clipping(settings)));
      training = opening.add(new DataPass(device, train, scaling, model, plan, affine, this::step));
      validation = rows == null ? null : opening.add(scorer(rows, free() - options.reserve()));
      owned = opening.keep();
    }
  }

  private static void deleteParts(@Nullable Path file) {
    try {
      if (file != null) {
        Checkpoint.deleteParts(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "checkpoints cannot be written to %s: %s".formatted(file, Reason.of(e)), e);
    }
  }

  /** Of the weights and of the bias. */
  private static List<Group> groups(Settings settings) {
    return List.of(settings.weights(), Group.PLAIN);
  }

  private static UpdateOptions clipping(Settings settings) {
    return UpdateOptions.PLAIN.withLargestNorm(settings.clipNorm());
  }

  /** A step of the training, as it is recorded. */
  private void step(LinearClassifier.Minibatch minibatch, Steps steps) {
    update.lookAhead(steps, DataPass.FIRST_ROW + 1);
    minibatch.forward(settings.loss());
    device.tally(minibatch.rowLoss(), minibatch.rowCorrect(), steps);
    minibatch.backward();
    update.apply(steps, DataPass.FIRST_ROW + 1);
  }

  /** The columns of the step table: where the minibatch begins, and the update's. */
  static int columns(Settings settings) {
    List<Group> groups = groups(settings);
    return DataPass.FIRST_ROW
        + 1
        + OptimizerStep.columns(settings.optimizer(), groups, clipping(settings), settings.type());
  }

  private long free() {
    return Math.min(limit, device.available());
  }

  /**
   * The metadata of a checkpoint: see {@link TrainingOptions#metadata}.
   *
   * @throws IOException if it is no checkpoint
   */
  public static Map<String, String> metadata(Path checkpoint) throws IOException {
    return Checkpoint.user(checkpoint);
  }

  /**
   * Resumes from a checkpoint, with the same bits, on any device. The settings may have another
   * number of epochs, so that a run that has ended can be made longer: to the same bits as one that
   * was longer from the start, unless its {@link Schedule#dependsOnEpochs}.
   *
   * @throws IOException if the file is no checkpoint, is damaged, is of other settings or data,
   *     which the message names, or has more epochs than the settings; nothing has been changed
   *     then
   */
  public void restore(Path checkpoint) throws IOException {
    progress = checkpoint().read(checkpoint, training.minibatches(), settings.epochs());
    lastCheckpoint = checkpoint;
  }

  private Checkpoint checkpoint() {
    Checkpoint made = checkpoint;
    if (made == null) {
      made = makeCheckpoint();
      checkpoint = made;
    }
    return made;
  }

  private Checkpoint makeCheckpoint() {
    Map<String, Array> arrays = new LinkedHashMap<>();
    arrays.put("weight", model.parameters().get(LinearClassifier.WEIGHTS).value());
    arrays.put("bias", model.parameters().get(LinearClassifier.BIAS).value());
    arrays.putAll(update.arrays());
    Map<String, String> run = settings.text();
    run.remove("epochs");
    run.put("data", "%08x".formatted(data.crc32()));
    Dataset rows = options.validation();
    run.put("validation", rows == null ? "none" : "%08x".formatted(rows.crc32()));
    run.put("patience", Integer.toString(options.patience()));
    return new Checkpoint(device, arrays, run);
  }

  /** How the features are scaled, by the training rows: for the model's description. */
  public Scaling scaling() {
    return scaling;
  }

  /** The model that is being trained. */
  public LinearClassifier model() {
    return model;
  }

  /** The epochs that are done, those before a restored checkpoint too. */
  public List<Epoch> history() {
    return progress.history();
  }

  /** The epoch with the smallest finite validation loss so far, the first of several. */
  public Optional<Epoch> best() {
    return Optional.ofNullable(progress.best()).map(best -> history().get(best.epoch() - 1));
  }

  /** The steps that are done, in all epochs. */
  public long steps() {
    return (long) epochs() * training.minibatches() + progress.batch();
  }

  private int epochs() {
    return progress.history().size();
  }

  /** The steps of all epochs that the settings ask for. */
  public long stepsInAll() {
    return (long) settings.epochs() * training.minibatches();
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
    /** An epoch has been finished, and has not been saved yet. */
    void epoch(Epoch epoch);

    /**
     * Reports how many of the run's steps are done; called at least once in 1,024 steps, and where
     * those take long several times a second.
     */
    default void step(long done, long of) {}
  }

  /**
   * Trains for as many epochs as the settings say, less those that are done. Ends with the
   * parameters of the {@link #best} epoch, or where there is none, with those of the last step.
   *
   * @throws TrainingException if the loss becomes NaN or infinite; the model keeps the weights
   *     before that step, and a checkpoint is left as it was
   * @throws UncheckedIOException if a checkpoint cannot be written
   */
  public Outcome train(Listener listener) {
    while (!done()) {
      long start = System.nanoTime();
      if (progress.batch() < training.minibatches()) {
        piece();
      }
      listener.step(steps(), stepsInAll());
      boolean ended = progress.batch() == training.minibatches() && endEpoch();
      if (ended) {
        listener.epoch(history().get(epochs() - 1));
      }
      boolean stop = stopping && !done();
      if (stop || done() || due(ended) || System.nanoTime() - start > LONG_STEP) {
        save();
      }
      if (stop) {
        stopping = false;
        return Outcome.STOPPED;
      }
    }
    takeBest();
    return impatient() ? Outcome.PATIENCE : Outcome.FINISHED;
  }

  /**
   * From any thread: {@link #train} returns after the minibatches that are under way, training or
   * validation rows, if there are more.
   */
  public void stop() {
    stopping = true;
  }

  private boolean done() {
    return epochs() >= settings.epochs() || impatient();
  }

  private boolean impatient() {
    TrainingState.Best best = progress.best();
    int patience = options.patience();
    return patience > 0 && best != null && epochs() - best.epoch() >= patience;
  }

  private boolean due(boolean ended) {
    Interval every = options.every();
    return every.steps() ? steps() % every.n() == 0 : ended && epochs() % every.n() == 0;
  }

  private void takeBest() {
    TrainingState.Best best = progress.best();
    for (int i = 0; best != null && i < best.parameters().size(); i++) {
      device.upload(model.parameters().get(i).value(), best.parameters().get(i));
    }
  }

  /** Some minibatches of an epoch: up to its end, and to the next checkpoint. */
  private void piece() {
    int epoch = epochs() + 1;
    long before = progress.updates() - progress.batch();
    DataPass.Piece now = next(epoch, progress.batch());
    int then = now.from() + now.n();
    Runnable meanwhile =
        () -> {
          if (then < training.minibatches()) {
            training.prepare(next(epoch, then), fill(before));
          } else if (epoch < settings.epochs()) {
            training.prepare(next(epoch + 1, 0), fill(before + then));
          }
        };
    Steps.Account account = training.run(now, fill(before), meanwhile);
    progress = progress.plus(account);
    String where =
        "epoch %d, step %d of %d".formatted(epoch, progress.batch() + 1, training.minibatches());
    check(account, where);
  }

  /** The piece that begins at a minibatch of an epoch. */
  private DataPass.Piece next(int epoch, int from) {
    if (ordered != epoch) {
      ordered = 0; // where it fails half-way
      training.order(new Philox(settings.seed(), epoch).permutation(data.rows()));
      ordered = epoch;
    }
    Interval every = options.every();
    if (options.checkpoint() == null || !every.steps()) {
      return training.next(from, Long.MAX_VALUE);
    }
    long done = (epoch - 1L) * training.minibatches() + from;
    return training.next(from, every.n() - done % every.n());
  }

  /** Sets the update's numbers of a minibatch in an epoch before which there were some updates. */
  private DataPass.Fill fill(long before) {
    return (steps, row, minibatch) -> {
      long t = before + minibatch + 1;
      update.fill(steps, row, DataPass.FIRST_ROW + 1, lr(t), t);
    };
  }

  /** The learning rate of update t, from 1. */
  private double lr(long t) {
    double factor = settings.schedule().factor(t, training.minibatches(), stepsInAll());
    return settings.optimizer().lr() * factor;
  }

  /** Ends the epoch, unless the training is told to stop while its validation rows are scored. */
  private boolean endEpoch() {
    Score own = progress.score(data.rows());
    Score score = validation == null ? null : validation.score(() -> stopping);
    if (validation != null && score == null) {
      return false;
    }
    int number = epochs() + 1;
    Epoch epoch = new Epoch(number, own.loss(), own.accuracy(), lr(progress.updates()), score);
    TrainingState.Best best = progress.best();
    if (score != null
        && Double.isFinite(score.loss())
        && (best == null || score.loss() < best.loss())) {
      List<double[]> parameters =
          model.parameters().stream().map(Parameter::value).map(device::download).toList();
      best = new TrainingState.Best(number, score.loss(), parameters);
    }
    progress = progress.ended(epoch, best);
    return true;
  }

  private void save() {
    Path file = options.checkpoint();
    if (file != null) {
      try {
        checkpoint().write(file, progress, options.metadata());
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
      lastCheckpoint = file;
    }
  }

  /**
   * Mean loss and accuracy of the model on all rows of a data set, which are centred and scaled as
   * the training rows are.
   */
  public Score score(Dataset rows) {
    try (Scorer scorer = scorer(rows, free())) {
      return Objects.requireNonNull(scorer.score(() -> false));
    }
  }

  /** What {@link Settings} adds to the loss for the model's weights: l1 and l2. */
  public double penalty() {
    return model.penalty(settings.l1(), settings.l2());
  }

  private Scorer scorer(Dataset rows, long free) {
    return new Scorer(device, model, settings.loss(), scaling, affine, rows, free);
  }

  private void check(Steps.Account account, String where) {
    switch (account.halt()) {
      case RUNNING -> {}
      case LOSS_NOT_FINITE -> {
        double loss = account.losses()[account.losses().length - 1];
        throw notFinite("%s: the loss became %s".formatted(where, loss));
      }
      case LABEL_OUT_OF_RANGE ->
          throw new TrainingException(
              where + ": a label is not below the number of classes", false);
    }
  }

  private TrainingException notFinite(String what) {
    if (progress.updates() == 0) {
      return new TrainingException(
          "%s before the first update: features or first weights are too large for %s"
              .formatted(what, settings.type().format()),
          false);
    }
    Double eps = Registry.hyperparameters(settings.optimizer()).get("eps");
    boolean divides = eps != null && eps == 0;
    double rate = lr(progress.updates() + 1);
    double decay = Math.max(settings.weightDecay(), settings.optimizer().weightDecay());
    // Above 2, a step makes weights larger that it should make smaller.
    String other =
        rate * decay > 2 ? "weight decay or " : rate * 2 * settings.l2() > 2 ? "l2 or " : "";
    return new TrainingException(
        "%s at learning rate %s%s; %s"
            .formatted(
                what,
                Decimal.text(rate),
                lastCheckpoint == null ? "" : "; the last good checkpoint is " + lastCheckpoint,
                divides
                    ? "eps is 0, so that 0 is divided by 0 where a gradient is 0: try a larger eps"
                    : "try a smaller %srate".formatted(other)),
        !divides);
  }

  @Override
  public void close() {
    owned.close();
  }
}
