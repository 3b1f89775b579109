package org.thalweg.device.java;

import java.util.Arrays;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;

/**
 * A loss over rows of scores: the twin of {@code kernels/losses.cu} and {@code
 * kernels/hessians.cu}.
 */
record JavaLoss(Loss loss, JavaArray scores, JavaArray labels, int classes, double scale) {
  /** What is done with a row. */
  private interface Row {
    void run(int row, int label);
  }

  private void forEach(Workers workers, int rows, Row body) {
    int shared = (int) labels.count();
    workers.forEach(
        rows,
        16L * classes,
        (from, to) -> {
          for (int row = from; row < to; row++) {
            body.run(row, labels.ints()[labels.at() + row % shared]);
          }
        });
  }

  /** The losses, their gradients, and whether the rows are right. */
  Runnable gradient(Workers workers, JavaArray d, JavaArray losses, JavaArray correct) {
    double[] doubles = loss.numbers(scores.type(), classes);
    float[] floats = {(float) doubles[0], (float) doubles[1]};
    Row body =
        (row, label) -> {
          correct.ints()[correct.at() + row] = right(row * classes, label);
          int from = scores.at() + row * classes;
          int to = d.at() + row * classes;
          if (scores.type() == ElementType.F32) {
            float[] x = Arrays.copyOfRange(scores.floats(), from, from + classes);
            losses.floats()[losses.at() + row] = loss.row(x, label, (float) scale, floats);
            System.arraycopy(x, 0, d.floats(), to, classes);
          } else {
            double[] x = Arrays.copyOfRange(scores.doubles(), from, from + classes);
            losses.doubles()[losses.at() + row] = loss.row(x, label, scale, doubles);
            System.arraycopy(x, 0, d.doubles(), to, classes);
          }
        };
    return () -> forEach(workers, (int) losses.count(), body);
  }

  /** 1 if the label's score is the largest, the first of equals; 0 if not; -1 if it is no class. */
  private int right(int at, int label) {
    if (label < 0 || label >= classes) {
      return -1;
    }
    double best = scores.number(at + label);
    boolean beaten = Double.isNaN(best);
    for (int j = 0; j < classes; j++) {
      double x = scores.number(at + j);
      beaten |= j < label ? x >= best : x > best;
    }
    return beaten ? 0 : 1;
  }

  /** The products of the rows' Hessians and a direction. */
  Runnable hessian(Workers workers, int rows, JavaArray u, JavaArray r) {
    double[] doubles = loss.numbers(scores.type(), classes);
    float[] floats = {(float) doubles[0], (float) doubles[1]};
    Row body =
        (row, label) -> {
          int from = scores.at() + row * classes;
          int at = u.at() + row * classes;
          int to = r.at() + row * classes;
          if (scores.type() == ElementType.F32) {
            float[] x = Arrays.copyOfRange(scores.floats(), from, from + classes);
            float[] product = Arrays.copyOfRange(u.floats(), at, at + classes);
            loss.hessianRow(x, label, (float) scale, floats, product);
            System.arraycopy(product, 0, r.floats(), to, classes);
          } else {
            double[] x = Arrays.copyOfRange(scores.doubles(), from, from + classes);
            double[] product = Arrays.copyOfRange(u.doubles(), at, at + classes);
            loss.hessianRow(x, label, scale, doubles, product);
            System.arraycopy(product, 0, r.doubles(), to, classes);
          }
        };
    return () -> forEach(workers, rows, body);
  }
}
