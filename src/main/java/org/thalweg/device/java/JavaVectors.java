package org.thalweg.device.java;

import org.thalweg.device.Norm;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * The twin of {@code kernels/vectors.cu}. Threads share out chunks and elements; a chunk is widened
 * to binary64 first, so that each of its loops is written once.
 */
final class JavaVectors {
  private JavaVectors() {}

  /** The result of the first n terms of two vectors; it may overwrite x. */
  private interface Chunk {
    double result(double[] x, double[] y, int n);
  }

  private static final Chunk PRODUCTS =
      (xs, ys, n) -> {
        for (int i = 0; i < n; i++) {
          xs[i] = xs[i] * ys[i];
        }
        return Exact.sum(xs, 0, n);
      };

  /** {@code out[1 + c]} is chunk c's sum, {@code out[0]} the sum of them. */
  static Runnable dot(Workers workers, JavaArray x, JavaArray y, JavaArray out) {
    return () -> sum(workers, x, y, out);
  }

  private static void sum(Workers workers, JavaArray x, JavaArray y, JavaArray out) {
    int count = chunks(workers, x, y, PRODUCTS, out.doubles(), out.at() + 1);
    out.doubles()[out.at()] = Exact.sum(out.doubles(), out.at() + 1, count);
  }

  /** The sum of the squares. */
  static double squares(Workers workers, JavaArray x) {
    double[] sums = new double[(int) Exact.chunks(x.count())];
    return Exact.sum(sums, 0, chunks(workers, x, x, PRODUCTS, sums, 0));
  }

  /** {@code out[1 + c]} is chunk c's sum or largest magnitude, {@code out[0]} the norm. */
  static Runnable norm(Workers workers, Norm which, JavaArray x, JavaArray out) {
    return () -> measure(workers, which, x, out);
  }

  private static void measure(Workers workers, Norm which, JavaArray x, JavaArray out) {
    if (which == Norm.TWO) {
      sum(workers, x, x, out);
      out.doubles()[out.at()] = Math.sqrt(out.doubles()[out.at()]);
      return;
    }
    boolean one = which == Norm.ONE;
    Chunk magnitudes = (xs, same, n) -> one ? sumOfMagnitudes(xs, n) : largest(xs, 0, n);
    double[] results = out.doubles();
    int first = out.at() + 1;
    int count = chunks(workers, x, x, magnitudes, results, first);
    results[out.at()] = one ? Exact.sum(results, first, count) : largest(results, first, count);
  }

  /** The sum of the magnitudes, which overwrite x. */
  private static double sumOfMagnitudes(double[] x, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = Math.abs(x[i]);
    }
    return Exact.sum(x, 0, n);
  }

  private static double largest(double[] x, int from, int n) {
    double largest = 0;
    for (int i = from; i < from + n; i++) {
      largest = Math.max(largest, Math.abs(x[i])); // a NaN stays
    }
    return largest;
  }

  /**
   * Computes the result of each chunk, stores them from {@code first} on and returns how many there
   * are. If y is x, it is widened once.
   */
  private static int chunks(
      Workers workers, JavaArray x, JavaArray y, Chunk chunk, double[] results, int first) {
    int n = (int) x.count();
    int count = (int) Exact.chunks(n);
    boolean same = y.equals(x);
    workers.forEach(
        count,
        2L * Exact.CHUNK,
        (from, to) -> {
          double[] xs = new double[Exact.CHUNK];
          double[] ys = same ? xs : new double[Exact.CHUNK];
          for (int c = from; c < to; c++) {
            int at = c * Exact.CHUNK;
            int length = Math.min(Exact.CHUNK, n - at);
            x.read(at, length, xs);
            if (!same) {
              y.read(at, length, ys);
            }
            results[first + c] = chunk.result(xs, ys, length);
          }
        });
    return count;
  }

  /** {@code y[i] = fma(a, x[i], y[i])}. */
  static Runnable axpy(Workers workers, double a, JavaArray x, JavaArray y) {
    return elements(
        workers,
        y,
        (from, to) -> {
          int p = x.at() + from;
          int q = y.at() + from;
          if (y.type() == ElementType.F32) {
            axpy((float) a, x.floats(), p, y.floats(), q, to - from);
          } else {
            axpy(a, x.doubles(), p, y.doubles(), q, to - from);
          }
        });
  }

  private static void axpy(float a, float[] x, int p, float[] y, int q, int n) {
    for (int i = 0; i < n; i++) {
      y[q + i] = Math.fma(a, x[p + i], y[q + i]);
    }
  }

  private static void axpy(double a, double[] x, int p, double[] y, int q, int n) {
    for (int i = 0; i < n; i++) {
      y[q + i] = Math.fma(a, x[p + i], y[q + i]);
    }
  }

  /** {@code y[i] = fma(a, sign(x[i]), y[i])}; 0 and NaN are their own signs. */
  static Runnable axpySign(Workers workers, double a, JavaArray x, JavaArray y) {
    return elements(
        workers,
        y,
        (from, to) -> {
          int p = x.at() + from;
          int q = y.at() + from;
          if (y.type() == ElementType.F32) {
            axpySign((float) a, x.floats(), p, y.floats(), q, to - from);
          } else {
            axpySign(a, x.doubles(), p, y.doubles(), q, to - from);
          }
        });
  }

  private static void axpySign(float a, float[] x, int p, float[] y, int q, int n) {
    for (int i = 0; i < n; i++) {
      y[q + i] = Math.fma(a, Math.signum(x[p + i]), y[q + i]);
    }
  }

  private static void axpySign(double a, double[] x, int p, double[] y, int q, int n) {
    for (int i = 0; i < n; i++) {
      y[q + i] = Math.fma(a, Math.signum(x[p + i]), y[q + i]);
    }
  }

  /** {@code x[i] = a * x[i]}. */
  static Runnable scale(Workers workers, double a, JavaArray x) {
    return elements(
        workers,
        x,
        (from, to) -> {
          if (x.type() == ElementType.F32) {
            scale((float) a, x.floats(), x.at() + from, x.at() + to);
          } else {
            scale(a, x.doubles(), x.at() + from, x.at() + to);
          }
        });
  }

  private static void scale(float a, float[] x, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] *= a;
    }
  }

  private static void scale(double a, double[] x, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] *= a;
    }
  }

  /** {@code x[i][j] = factors[i] * x[i][j]}. */
  static Runnable scaleRows(Workers workers, JavaArray factors, JavaArray x, int columns) {
    return () ->
        workers.forEach(
            (int) factors.count(),
            columns,
            (from, to) -> {
              for (int i = from; i < to; i++) {
                int at = x.at() + i * columns;
                if (x.type() == ElementType.F32) {
                  scale(factors.floats()[factors.at() + i], x.floats(), at, at + columns);
                } else {
                  scale(factors.doubles()[factors.at() + i], x.doubles(), at, at + columns);
                }
              }
            });
  }

  private static Runnable elements(Workers workers, JavaArray written, Workers.Body body) {
    return () -> workers.forEach((int) written.count(), 1, body);
  }
}
