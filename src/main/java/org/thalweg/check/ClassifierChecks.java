package org.thalweg.check;

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
 * no margin is near the kink of a hinge loss.
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

  private record Regularisation(String name, double l1, double l2) {}

  /**
   * Rows, and how large the weights are.
   *
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
   * @param listener is told of each
   * @return how many have failed
   * @throws IllegalArgumentException if features are so large that some margin is always near its
   *     kink
   */
  public static int run(Device device, String name, Dataset rows, Consumer<Outcome> listener) {
    int failed = 0;
    Dataset random = random(33, 7, 5);
    for (Input input :
        List.of(
            new Input(name, rows, 0.3, false),
            new Input("one row", rows.splitAt(1).train(), 0.3, false),
            new Input("random", random, 0.3, false),
            new Input("large scores", random, 6, false),
            new Input("equal scores", random, 0.3, true),
            new Input("one class of two", random(20, 7, 2, 1), 0.05, false))) {
      double[] w = weights(input);
      for (Loss loss : Losses.all()) {
        for (Regularisation r : REGULARISATIONS) {
          try (ClassifierObjective f =
              new ClassifierObjective(device, input.data, loss, ElementType.F64, r.l1, r.l2)) {
            for (int order = 1; order <= (f.twiceDifferentiable() ? 2 : 1); order++) {
              Report report = order == 1 ? GradCheck.check(f, w) : GradGradCheck.check(f, w);
              failed += report.passed() ? 0 : 1;
              listener.accept(new Outcome(loss, r.name, input.name, order, report));
            }
          }
        }
      }
    }
    return failed;
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

  private static double[] weights(Input input) {
    Dataset data = input.data;
    double[] w = new double[(data.features() + 1) * data.classes()];
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Philox random = new Philox(SEED, attempt);
      for (int i = 0; i < w.length; i++) {
        double draw = random.nextNormal();
        boolean copied = input.equal && i % data.classes() != 0;
        w[i] = copied ? w[i - 1] : input.deviation * (draw + Math.copySign(0.1, draw));
      }
      if (marginsAreFar(data, w)) {
        return w;
      }
    }
    throw new IllegalArgumentException(
        "some margin is too near its kink, however the weights are drawn: scale the features down");
  }

  /**
   * Whether all margins are ten times as far from their kink as a perturbation by eps in each
   * weight can move them. (The components of a direction are hardly ever larger than five.)
   */
  private static boolean marginsAreFar(Dataset data, double[] w) {
    int classes = data.classes();
    for (int row = 0; row < data.rows(); row++) {
      double[] margins = new double[classes];
      double moves = 2;
      for (int i = 0; i <= data.features(); i++) {
        double x = i < data.features() ? feature(data, row * data.features() + i) : 1;
        moves += 2 * Math.abs(x);
        for (int j = 0; j < classes; j++) {
          margins[j] += x * (w[i * classes + j] - w[i * classes + data.labels()[row]]);
        }
      }
      for (int j = 0; j < classes; j++) {
        double margin = margins[j] + 1;
        double least = 10 * Tolerance.DEFAULT.eps() * moves;
        if (j != data.labels()[row]
            && KINKS.stream().anyMatch(kink -> Math.abs(margin - kink) < least)) {
          return false;
        }
      }
    }
    return true;
  }

  private static double feature(Dataset data, int i) {
    return data.values().value(i) * data.scaleOr1();
  }
}
