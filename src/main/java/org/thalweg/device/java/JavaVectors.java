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

  /** What the first n terms of two vectors give; it may write over x. */
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
  static void dot(Workers workers, JavaArray x, JavaArray y, JavaArray out) {
    int count = chunks(workers, x, y, PRODUCTS, out.doubles(), out.at() + 1);
    out.doubles()[out.at()] = Exact.sum(out.doubles(), out.at() + 1, count);
  }

  /** The sum of the squares. */
  static double squares(Workers workers, JavaArray x) {
    double[] sums = new double[(int) Exact.chunks(x.count())];
    return Exact.sum(sums, 0, chunks(workers, x, x, PRODUCTS, sums, 0));
  }

  /** {@code out[1 + c]} is chunk c's sum or largest magnitude, {@code out[0]} the norm. */
  static void norm(Workers workers, Norm which, JavaArray x, JavaArray out) {
    if (which == Norm.TWO) {
      dot(workers, x, x, out);
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

  /** The sum of the magnitudes, which take the place of x. */
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
   * Their results, from {@code first} on. Returns how many there are. Where y is x, it is widened
   * once.
   */
  private static int chunks(
      Workers workers, JavaArray x, JavaArray y, Chunk chunk, double[] results, int first) {
    int n = (int) x.count();
    int count = (int) Exact.chunks(n);
    workers.forEach(
        count,
        2L * Exact.CHUNK,
        (from, to) -> {
          double[] xs = new double[Exact.CHUNK];
          double[] ys = y == x ? xs : new double[Exact.CHUNK];
          for (int c = from; c < to; c++) {
            int at = c * Exact.CHUNK;
            int length = Math.min(Exact.CHUNK, n - at);
            widen(x, at, length, xs);
            if (y != x) {
              widen(y, at, length, ys);
            }
            results[first + c] = chunk.result(xs, ys, length);
          }
        });
    return count;
  }

  private static void widen(JavaArray x, int index, int n, double[] to) {
    int at = x.at() + index;
    if (x.type() == ElementType.F64) {
      System.arraycopy(x.doubles(), at, to, 0, n);
    } else if (x.type() == ElementType.F32) {
      float[] floats = x.floats();
      for (int i = 0; i < n; i++) {
        to[i] = floats[at + i];
      }
    } else {
      for (int i = 0; i < n; i++) {
        to[i] = x.number(index + i);
      }
    }
  }

  /** {@code y[i] = fma(a, x[i], y[i])}. */
  static void axpy(Workers workers, double a, JavaArray x, JavaArray y) {
    int p = x.at();
    int q = y.at();
    workers.forEach(
        (int) y.count(),
        1,
        y.type() == ElementType.F32
            ? (from, to) -> axpy((float) a, x.floats(), p, y.floats(), q, from, to)
            : (from, to) -> axpy(a, x.doubles(), p, y.doubles(), q, from, to));
  }

  private static void axpy(float a, float[] x, int p, float[] y, int q, int from, int to) {
    for (int i = from; i < to; i++) {
      y[q + i] = Math.fma(a, x[p + i], y[q + i]);
    }
  }

  private static void axpy(double a, double[] x, int p, double[] y, int q, int from, int to) {
    for (int i = from; i < to; i++) {
      y[q + i] = Math.fma(a, x[p + i], y[q + i]);
    }
  }

  /** {@code y[i] = fma(a, sign(x[i]), y[i])}; 0 and NaN are their own signs. */
  static void axpySign(Workers workers, double a, JavaArray x, JavaArray y) {
    int p = x.at();
    int q = y.at();
    workers.forEach(
        (int) y.count(),
        1,
        y.type() == ElementType.F32
            ? (from, to) -> axpySign((float) a, x.floats(), p, y.floats(), q, from, to)
            : (from, to) -> axpySign(a, x.doubles(), p, y.doubles(), q, from, to));
  }

  private static void axpySign(float a, float[] x, int p, float[] y, int q, int from, int to) {
    for (int i = from; i < to; i++) {
      y[q + i] = Math.fma(a, Math.signum(x[p + i]), y[q + i]);
    }
  }

  private static void axpySign(double a, double[] x, int p, double[] y, int q, int from, int to) {
    for (int i = from; i < to; i++) {
      y[q + i] = Math.fma(a, Math.signum(x[p + i]), y[q + i]);
    }
  }

  /** {@code x[i] = a * x[i]}. */
  static void scale(Workers workers, double a, JavaArray x) {
    int p = x.at();
    workers.forEach(
        (int) x.count(),
        1,
        x.type() == ElementType.F32
            ? (from, to) -> scale((float) a, x.floats(), p + from, p + to)
            : (from, to) -> scale(a, x.doubles(), p + from, p + to));
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
}
