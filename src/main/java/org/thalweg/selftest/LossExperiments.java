package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.thalweg.device.Array;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;

/**
 * Losses, their gradients and products with their Hessians; and exp and log, which softmax shows.
 */
final class LossExperiments {
  private static final int[] CLASSES = {1, 2, 10, 33, 1025, 16385};

  private LossExperiments() {}

  /**
   * Labels that are classes and labels that are not, ordinary and special scores, in place and not.
   */
  static Stream<Experiment> losses() {
    List<Experiment> list = new ArrayList<>();
    for (Loss loss : Losses.examples()) {
      for (ElementType type : Suite.TYPES) {
        for (boolean inPlace : new boolean[] {false, true}) {
          for (int classes : CLASSES) {
            int[] labels = {0, classes / 2, classes - 1, -1, classes};
            list.add(
                experiment(
                    loss, type, inPlace, classes, labels, desk -> desk.numbers(5 * classes)));
          }
          for (int classes : new int[] {1, 33, 1025}) {
            list.add(
                experiment(
                    loss,
                    type,
                    inPlace,
                    classes,
                    new int[] {classes / 2},
                    desk -> special(desk, type, classes)));
          }
        }
      }
    }
    return list.stream();
  }

  /** Rows that are one special value, and rows that have one: for each value. */
  private static double[] special(Fixture desk, ElementType type, int classes) {
    double[] special = Fixture.special(type);
    double[] scores = desk.numbers(2 * special.length * classes);
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
    for (ElementType type : Suite.TYPES) {
      double lowest = type == ElementType.F32 ? -104 : -746; // below, exp is 0
      int rows = 1024;
      for (int classes : new int[] {2, 65}) {
        list.add(
            experiment(
                new SoftmaxCrossEntropy(),
                type,
                false,
                classes,
                new int[1],
                desk -> sweep(rows, classes, i -> lowest * i / ((double) rows * classes))));
      }
      // exp is near 1 and its sums, of which log is taken, lie between 1 and 1025.
      list.add(
          experiment(
              new SoftmaxCrossEntropy(),
              type,
              false,
              1025,
              new int[1],
              desk -> sweep(64, 1025, i -> Math.scalb(-1.0, i / 1025 - 55) * (i % 1025))));
    }
    return list.stream();
  }

  private static double[] sweep(int rows, int classes, Function<Integer, Double> score) {
    double[] scores = new double[rows * classes];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = i % classes == 0 ? 0 : score.apply(i);
    }
    return scores;
  }

  private static Experiment experiment(
      Loss loss,
      ElementType type,
      boolean inPlace,
      int classes,
      int[] labels,
      Function<Fixture, double[]> numbers) {
    return new Experiment(
        "%s %s, %d classes, labels %s%s"
            .formatted(
                Losses.text(loss),
                type.suffix(),
                classes,
                Arrays.toString(labels),
                inPlace ? ", in place" : ""),
        desk -> {
          double[] scores = numbers.apply(desk);
          int rows = scores.length / classes;
          Array x = desk.place("scores", type, 1, scores);
          Array y =
              desk.place(
                  "labels", ElementType.I32, 3, Arrays.stream(labels).asDoubleStream().toArray());
          Array d = inPlace ? x : desk.place("gradient", type, 2, new double[scores.length]);
          Array rowLoss = desk.place("row losses", type, 3, new double[rows]);
          Array right = desk.place("right rows", ElementType.I32, 1, new double[rows]);
          if (loss.twiceDifferentiable() && !inPlace) {
            Array direction = desk.place("direction", type, 3, desk.numbers(scores.length));
            Array product = desk.place("Hessian product", type, 1, new double[scores.length]);
            desk.device.lossHessian(loss, x, y, rows, 1.0 / 3, direction, product);
          }
          desk.device.loss(loss, x, y, 1.0 / 3, d, rowLoss, right);
        });
  }
}
