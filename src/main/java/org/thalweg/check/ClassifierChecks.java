package org.thalweg.check;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.thalweg.data.Dataset;
import org.thalweg.device.Device;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;

/**
 * Checks the classifier's derivatives: every loss with every regularisation, on rows of a data set
 * and on edge cases. Weights are drawn so that none is near 0, where |w| is not differentiable, and
 * no margin is near the kink of a hinge loss. They are as large as makes scores of ordinary size,
 * whatever the features' units, and the penalties are in proportion to them.
 */
public final class ClassifierChecks {
  private static final long SEED = 1;

  /** How often weights are drawn again before giving up. */
  private static final int ATTEMPTS = 1000;

  private static final List<Regularisation> REGULARISATIONS =
      List.of(
          new Regularisation("none", 0, 0),
          new Regularisation("l2", 0, 0.02),
          new Regularisation("l1", 0.01, 0),
          new Regularisation("l1 + l2", 0.01, 0.02));

  /** Of all losses, which share their weights. */
  private static final List<Double> KINKS =
      Losses.all().stream().flatMap(loss -> loss.kinks().stream()).distinct().toList();

  private ClassifierChecks() {}

  /** What weights cost, of features up to 1. */
  private record Regularisation(String name, double l1, double l2) {}

  /**
   * Rows, and how large the weights are.
   *
   * @param deviation of a weight, where the largest magnitude of its feature is 1
   * @param equal whether all classes have the same weights, and so the same scores
   */
  private record Input(String name, Dataset data, double deviation, boolean equal) {}

  /**
   * A check that was made.
   *
   * @param order 1 for the gradient, 2 for the Hessian's products
   */
  public record Outcome(Loss loss, String regularisation, String input, int order, Report report) {}

  /**
   * Makes all checks, in binary64.
   *
   * @param name of the rows
   * @param fast along one random direction each, instead of element by element
   * @param listener is told of each
   * @throws IllegalArgumentException if some margin is near its kink, however often weights are
   *     drawn
   */
  public static void run(
      Device device, String name, Dataset rows, boolean fast, Consumer<Outcome> listener) {
    Dataset random = random(33, 7, 5);
    for (Input input :
        List.of(
            new Input(name, rows, 0.3, false),
            new Input("one row", rows.splitAt(1).train(), 0.3, false),
            new Input("random", random, 1.2, false),
            new Input("large scores", random, 24, false),
            new Input("equal scores", random, 1.2, true),
            new Input("one class of two", random(20, 7, 2, 1), 0.2, false))) {
      double[] largest = largest(input.data);
      double[] w = weights(input, largest);
      double unit = 1 / Arrays.stream(largest, 0, largest.length - 1).min().orElse(1);
      for (Loss loss : Losses.all()) {
        for (Regularisation r : REGULARISATIONS) {
          try (ClassifierObjective f =
              new ClassifierObjective(
                  device, input.data, loss, ElementType.F64, r.l1 / unit, r.l2 / unit / unit)) {
            Report first = fast ? GradCheck.fast(f, w) : GradCheck.check(f, w);
            listener.accept(new Outcome(loss, r.name, input.name, 1, first));
            if (f.twiceDifferentiable()) {
              Report second = fast ? GradGradCheck.fast(f, w) : GradGradCheck.check(f, w);
              listener.accept(new Outcome(loss, r.name, input.name, 2, second));
            }
          }
        }
      }
    }
  }

  /** Features of 0 to 4, and labels of those classes from one on. */
  private static Dataset random(int rows, int features, int classes, int firstLabel) {
    Philox random = new Philox(SEED, 0);
    byte[] pixels = new byte[rows * features];
    int[] labels = new int[rows];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) random.nextInt();
    }
    for (int i = 0; i < rows; i++) {
      labels[i] = firstLabel + random.nextBounded(classes - firstLabel);
    }
    return new Dataset(pixels, labels, features, classes, 1.0 / 64);
  }

  private static Dataset random(int rows, int features, int classes) {
    return random(rows, features, classes, 0);
  }

  private static double[] weights(Input input, double[] largest) {
    Dataset data = input.data;
    int classes = data.classes();
    double[] w = new double[(data.features() + 1) * classes];
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Philox random = new Philox(SEED, attempt);
      for (int i = 0; i < w.length; i++) {
        double draw = random.nextNormal() / largest[i / classes];
        boolean copied = input.equal && i % classes != 0;
        double least = Math.copySign(0.1 / largest[i / classes], draw);
        w[i] = copied ? w[i - 1] : input.deviation * (draw + least);
      }
      if (marginsAreFar(data, w, largest)) {
        return w;
      }
    }
    throw new IllegalArgumentException(
        "some margin is near its kink, however the weights are drawn: take fewer rows");
  }

  /** The largest magnitude of each feature, and of the 1 of the bias; 1 where all are 0. */
  private static double[] largest(Dataset data) {
    double[] largest = new double[data.features() + 1];
    largest[data.features()] = 1;
    for (long i = 0; i < data.values().count(); i++) {
      int feature = (int) (i % data.features());
      largest[feature] = Math.max(largest[feature], Math.abs(feature(data, i)));
    }
    for (int i = 0; i < largest.length; i++) {
      largest[i] = largest[i] == 0 ? 1 : largest[i];
    }
    return largest;
  }

  /**
   * Whether all margins are ten times as far from their kink as the first differences can move
   * them. (The components of a direction are hardly ever larger than five.)
   */
  private static boolean marginsAreFar(Dataset data, double[] w, double[] largest) {
    int classes = data.classes();
    double eps = Tolerance.of(ElementType.F64).eps();
    for (int row = 0; row < data.rows(); row++) {
      double[] margins = new double[classes];
      double moves = 0;
      for (int i = 0; i <= data.features(); i++) {
        double x = i < data.features() ? feature(data, (long) row * data.features() + i) : 1;
        moves += 2 * Math.abs(x) / largest[i];
        for (int j = 0; j < classes; j++) {
          margins[j] += x * (w[i * classes + j] - w[i * classes + data.labels()[row]]);
        }
      }
      for (int j = 0; j < classes; j++) {
        double margin = margins[j] + 1;
        double least = 10 * eps * moves;
        if (j != data.labels()[row]
            && KINKS.stream().anyMatch(kink -> Math.abs(margin - kink) < least)) {
          return false;
        }
      }
    }
    return true;
  }

  private static double feature(Dataset data, long i) {
    return data.values().value(i) * data.scaleOr1();
  }
}
