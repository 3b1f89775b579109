package org.thalweg.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.Normalisation;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.numeric.Records;
import org.thalweg.numeric.Require;
import org.thalweg.optim.Adam;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/**
 * How to train. The objective is the mean loss of the rows, plus {@code l1} times the sum of the
 * weights' absolute values, plus {@code l2} times the sum of their squares; the bias is in none of
 * these sums.
 *
 * @param optimizer the rule, with its learning rate
 * @param loss what a row costs
 * @param type F32 or F64
 * @param batch rows of a minibatch, the last one of an epoch being smaller where they do not
 *     divide; 0 for all rows
 * @param epochs passes through the training rows
 * @param l1 the factor of the absolute values
 * @param l2 the factor of the squares
 * @param proximal whether l1 acts by its proximal step after each update, which makes exact zeros,
 *     instead of by its subgradient
 * @param weightDecay decoupled: each update multiplies the weights by {@code 1 - lr * weightDecay}
 *     first
 * @param clipNorm to which the norm of the gradient of a minibatch's loss is clipped, before the
 *     terms of l1 and l2 are added; infinite for no clipping
 * @param schedule of the learning rate
 * @param initialisation where the weights begin
 * @param initScale what {@code initialisation} multiplies
 * @param normalisation of the features, by the training rows
 * @param seed of the first weights and of each epoch's order
 */
public record Settings(
    Optimizer optimizer,
    Loss loss,
    ElementType type,
    int batch,
    int epochs,
    double l1,
    double l2,
    boolean proximal,
    double weightDecay,
    double clipNorm,
    Schedule schedule,
    Initialisation initialisation,
    double initScale,
    Normalisation normalisation,
    long seed) {
  /** The stream of the first weights; epoch e is shuffled by stream e, from 1. */
  private static final long WEIGHTS = 0;

  /**
   * Adam at 0.01 and softmax in binary32, 30 epochs of minibatches of 32 rows, and nothing else.
   */
  public static final Settings DEFAULT =
      new Settings(
          Adam.of(0.01),
          new SoftmaxCrossEntropy(),
          ElementType.F32,
          32,
          30,
          0,
          0,
          false,
          0,
          Double.POSITIVE_INFINITY,
          Schedule.CONSTANT,
          Initialisation.NORMAL,
          0.01,
          Normalisation.NONE,
          1);

  /** Checks the numbers. */
  public Settings {
    boolean known = type == ElementType.F32 || type == ElementType.F64;
    Require.that(known, "type must be F32 or F64: %s", type);
    Require.that(batch >= 0, "batch must be at least 1, or 0 for all rows: %s", batch);
    Require.that(epochs >= 0, "epochs must be at least 0: %s", epochs);
    Require.atLeast0("l1", l1);
    Require.atLeast0("l2", l2);
    Require.atLeast0("weightDecay", weightDecay);
    Require.atLeast0("initScale", initScale);
    Require.that(clipNorm > 0, "clipNorm must be above 0, infinite for no clipping: %s", clipNorm);
    Require.in(type, "initScale", initScale);
    if (clipNorm < Double.POSITIVE_INFINITY) {
      Require.in(type, "clipNorm", clipNorm);
    }
    new Group(1, l1, l2, weightDecay, proximal).check(optimizer, type);
    Require.in(type, "2 * l2", 2 * l2); // which is in the gradient
    if (initialisation != Initialisation.ZEROS) {
      Require.in(type, "initScale", initScale, "the largest draw", Philox.LARGEST_NORMAL);
    }
    loss.check(type);
    schedule.check(type, optimizer.lr(), epochs);
  }

  /** The group of the weights; the bias is in a plain one. */
  Group weights() {
    // The gradient of l2 * w^2 is 2 * l2 * w.
    return new Group(1, l1, 2 * l2, weightDecay, proximal);
  }

  /** Gives a model that is still all zeros its first weights. */
  public void initialise(LinearClassifier model) {
    if (initialisation != Initialisation.ZEROS) {
      model.initialise(
          new Philox(seed, WEIGHTS),
          initialisation.deviation(initScale, model.features(), model.classes()));
    }
  }

  /** All settings as text, by their names, to compare two runs. */
  Map<String, String> text() {
    Map<String, String> text = new LinkedHashMap<>();
    Records.components(this)
        .forEach(
            (name, value) -> {
              if (value instanceof Loss own) {
                text.put(name, Losses.text(own));
              } else if (value instanceof Optimizer rule) {
                text.put(name, Optimizers.text(rule));
              } else if (value instanceof Schedule own) {
                text.put(name, own.text());
                text.put("warmup", Integer.toString(own.warmup()));
              } else if (value instanceof Double number) {
                text.put(name, Decimal.text(number));
              } else {
                text.put(name, String.valueOf(value));
              }
            });
    return text;
  }

  /** These with another rule. */
  public Settings withOptimizer(Optimizer other) {
    return with("optimizer", other);
  }

  /** These with another loss. */
  public Settings withLoss(Loss other) {
    return with("loss", other);
  }

  /** These with another type. */
  public Settings withType(ElementType other) {
    return with("type", other);
  }

  /** These with another batch. */
  public Settings withBatch(int other) {
    return with("batch", other);
  }

  /** These with another number of epochs. */
  public Settings withEpochs(int other) {
    return with("epochs", other);
  }

  /** These with another l1. */
  public Settings withL1(double other) {
    return with("l1", other);
  }

  /** These with another l2. */
  public Settings withL2(double other) {
    return with("l2", other);
  }

  /** These with the other way in which l1 acts. */
  public Settings withProximal(boolean other) {
    return with("proximal", other);
  }

  /** These with another weight decay. */
  public Settings withWeightDecay(double other) {
    return with("weightDecay", other);
  }

  /** These with another largest norm. */
  public Settings withClipNorm(double other) {
    return with("clipNorm", other);
  }

  /** These with another schedule. */
  public Settings withSchedule(Schedule other) {
    return with("schedule", other);
  }

  /** These with another initialisation. */
  public Settings withInitialisation(Initialisation other) {
    return with("initialisation", other);
  }

  /** These with another scale of the first weights. */
  public Settings withInitScale(double other) {
    return with("initScale", other);
  }

  /** These with another normalisation. */
  public Settings withNormalisation(Normalisation other) {
    return with("normalisation", other);
  }

  /** These with another seed. */
  public Settings withSeed(long other) {
    return with("seed", other);
  }

  private Settings with(String component, Object value) {
    return Records.with(this, component, value);
  }
}
