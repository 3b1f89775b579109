package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.thalweg.device.Array;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;

/**
 * Losses, their gradients and products with their Hessians; and exp and log, whose results softmax
 * exposes.
 */
final class LossExperiments {
  private static final int[] CLASSES = {1, 2, 10, 33, 1025, 16385};

  private LossExperiments() {}

  /**
   * A loss; if in place, the gradient overwrites the scores and the Hessian product the direction.
   */
  record Kernel(Loss loss, ElementType type, boolean inPlace) {
    static List<Kernel> all() {
      return Losses.examples().stream()
          .flatMap(loss -> Suite.TYPES.stream().map(type -> new Kernel(loss, type, false)))
          .flatMap(one -> Stream.of(one, new Kernel(one.loss, one.type, true)))
          .toList();
    }

    /** Rows of scores; the Hessian is multiplied by the same numbers in another order. */
    Experiment on(int classes, int[] labels, Function<Fixture, double[]> numbers) {
      String text = Arrays.toString(labels);
      String place = inPlace ? ", in place" : "";
      return new Experiment(
          "%s %s, %d classes, labels %s%s"
              .formatted(loss.kernel(), type.suffix(), classes, text, place),
          fixture -> {
            double[] scores = numbers.apply(fixture);
            int n = scores.length;
            int rows = n / classes;
            double[] right = Arrays.stream(labels).asDoubleStream().toArray();
            double[] other =
                IntStream.range(0, n).mapToDouble(i -> scores[(i + n / 3) % n]).toArray();
            Array x = fixture.place("scores" + place, type, 1, scores);
            Array y = fixture.place("labels", ElementType.I32, 3, right);
            Array u = fixture.place("direction" + place, type, 2, other);
            Array d = inPlace ? x : fixture.place("gradient", type, 2, new double[n]);
            Array r = inPlace ? u : fixture.place("Hessian product", type, 3, new double[n]);
            Array rowLoss = fixture.place("row losses", type, 3, new double[rows]);
            Array correct = fixture.place("right rows", ElementType.I32, 1, new double[rows]);
            if (loss.twiceDifferentiable()) {
              fixture.device.lossHessian(loss, x, y, rows, 1.0 / 3, u, r);
            }
            fixture.device.loss(loss, x, y, 1.0 / 3, d, rowLoss, correct);
          });
    }
  }

  /**
   * Labels that are classes and labels that are not, ordinary and special scores, in place and not.
   */
  static Stream<Experiment> losses() {
    List<Experiment> list = new ArrayList<>();
    for (Kernel kernel : Kernel.all()) {
      for (int classes : CLASSES) {
        int[] labels = {0, classes / 2, classes - 1, -1, classes};
        list.add(kernel.on(classes, labels, fixture -> fixture.numbers(5 * classes)));
      }
      for (int classes : new int[] {1, 33, 1025}) {
        int[] label = {classes / 2};
        list.add(kernel.on(classes, label, fixture -> special(fixture, kernel.type, classes)));
      }
    }
    return list.stream();
  }

  /** Rows that are one special value, and rows that have one: for each value. */
  static double[] special(Fixture fixture, ElementType type, int classes) {
    double[] special = Suite.special(type);
    double[] scores = fixture.numbers(2 * special.length * classes);
    for (int i = 0; i < special.length; i++) {
      int row = 2 * i * classes;
      Arrays.fill(scores, row, row + classes, special[i]);
      scores[row + classes + i % classes] = special[i];
    }
    return scores;
  }

  /**
   * In each row the largest score is 0, so that the gradient shows exp of the others and the loss
   * log of its sum.
   */
  static Stream<Experiment> expLog() {
    List<Experiment> list = new ArrayList<>();
    int[] label = {0};
    for (ElementType type : Suite.TYPES) {
      Kernel softmax = new Kernel(new SoftmaxCrossEntropy(), type, false);
      double lowest = type == ElementType.F32 ? -104 : -746; // below, exp is 0
      for (int classes : new int[] {2, 65}) {
        double step = lowest / (1024.0 * classes);
        list.add(softmax.on(classes, label, fixture -> sweep(1024, classes, i -> step * i)));
      }
      // exp is near 1 and its sums, of which log is taken, lie between 1 and 1025.
      IntToDoubleFunction near = i -> Math.scalb(-1.0, i / 1025 - 55) * (i % 1025);
      list.add(softmax.on(1025, label, fixture -> sweep(64, 1025, near)));
    }
    return list.stream();
  }

  private static double[] sweep(int rows, int classes, IntToDoubleFunction score) {
    return IntStream.range(0, rows * classes)
        .mapToDouble(i -> i % classes == 0 ? 0 : score.applyAsDouble(i))
        .toArray();
  }
}
