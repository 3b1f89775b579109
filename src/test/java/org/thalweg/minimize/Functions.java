package org.thalweg.minimize;

import java.util.Arrays;
import java.util.Random;

/** Functions to minimise, with their derivatives by hand: plain loops. */
final class Functions {
  private Functions() {}

  /** One that has second derivatives. */
  abstract static class Smooth implements HostFunction {
    private final int size;

    Smooth(int size) {
      this.size = size;
    }

    @Override
    public final int size() {
      return size;
    }

    @Override
    public final double value(double[] w) {
      return gradient(w, new double[size]);
    }

    @Override
    public final boolean twiceDifferentiable() {
      return true;
    }

    @Override
    public abstract void hessianTimes(double[] w, double[] v, double[] out);
  }

  /** {@code n} curvatures from 1 to {@code condition}, evenly on a logarithmic scale. */
  static double[] curvatures(int n, double condition) {
    double[] h = new double[n];
    for (int i = 0; i < n; i++) {
      h[i] = n == 1 ? condition : StrictMath.pow(condition, i / (n - 1.0));
    }
    return h;
  }

  /** {@code 1 + sum h_i (w_i - 1)^2 / 2}. */
  static Smooth quadratic(double... h) {
    return new Smooth(h.length) {
      @Override
      public double gradient(double[] w, double[] gradient) {
        double sum = 1;
        for (int i = 0; i < h.length; i++) {
          gradient[i] = h[i] * (w[i] - 1);
          sum += gradient[i] * (w[i] - 1) / 2;
        }
        return sum;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        for (int i = 0; i < h.length; i++) {
          out[i] = h[i] * v[i];
        }
      }
    };
  }

  /** The same seen in a mirror across a random plane, where no axis is an eigenvector. */
  static Smooth mirrored(double... h) {
    int n = h.length;
    double[] normal = new Random(n).doubles(n, 0.5, 1).toArray();
    double square = dot(normal, normal);
    Smooth straight = quadratic(h);
    return new Smooth(n) {
      private double[] mirror(double[] x) {
        double twice = 2 * dot(normal, x) / square;
        double[] image = new double[n];
        for (int i = 0; i < n; i++) {
          image[i] = x[i] - twice * normal[i];
        }
        return image;
      }

      @Override
      public double gradient(double[] w, double[] gradient) {
        double[] image = new double[n];
        double value = straight.gradient(mirror(w), image);
        System.arraycopy(mirror(image), 0, gradient, 0, n);
        return value;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        double[] image = new double[n];
        straight.hessianTimes(w, mirror(v), image);
        System.arraycopy(mirror(image), 0, out, 0, n);
      }
    };
  }

  /** {@code sum 100 (w_{i+1} - w_i^2)^2 + (1 - w_i)^2}, least at ones, where it is 0. */
  static Smooth rosenbrock(int n) {
    return new Smooth(n) {
      @Override
      public double gradient(double[] w, double[] gradient) {
        Arrays.fill(gradient, 0);
        double sum = 0;
        for (int i = 0; i + 1 < n; i++) {
          double t = w[i + 1] - w[i] * w[i];
          double u = 1 - w[i];
          sum += 100 * t * t + u * u;
          gradient[i] += -400 * t * w[i] - 2 * u;
          gradient[i + 1] += 200 * t;
        }
        return sum;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        Arrays.fill(out, 0);
        for (int i = 0; i + 1 < n; i++) {
          out[i] += (1200 * w[i] * w[i] - 400 * w[i + 1] + 2) * v[i] - 400 * w[i] * v[i + 1];
          out[i + 1] += -400 * w[i] * v[i] + 200 * v[i + 1];
        }
      }
    };
  }

  /**
   * Beale's: {@code sum (c_k - x + x y^k)^2} with c = 1.5, 2.25, 2.625; least at (3, 0.5), where it
   * is 0.
   */
  static Smooth beale() {
    double[] c = {1.5, 2.25, 2.625};
    return new Smooth(2) {
      @Override
      public double gradient(double[] w, double[] gradient) {
        Arrays.fill(gradient, 0);
        double sum = 0;
        for (int k = 1; k <= 3; k++) {
          double power = StrictMath.pow(w[1], k);
          double t = c[k - 1] - w[0] + w[0] * power;
          sum += t * t;
          gradient[0] += 2 * t * (power - 1);
          gradient[1] += 2 * t * w[0] * k * StrictMath.pow(w[1], k - 1);
        }
        return sum;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        Arrays.fill(out, 0);
        for (int k = 1; k <= 3; k++) {
          double power = StrictMath.pow(w[1], k);
          double slope = k * StrictMath.pow(w[1], k - 1);
          double bend = k == 1 ? 0 : k * (k - 1) * StrictMath.pow(w[1], k - 2);
          double t = c[k - 1] - w[0] + w[0] * power;
          double tx = power - 1;
          double ty = w[0] * slope;
          out[0] += 2 * (tx * tx * v[0] + (tx * ty + t * slope) * v[1]);
          out[1] += 2 * ((tx * ty + t * slope) * v[0] + (ty * ty + t * w[0] * bend) * v[1]);
        }
      }
    };
  }

  /**
   * {@code sum w_i - log w_i}: NaN where a number is not positive; least at ones, where it is n.
   */
  static Smooth barrier(int n) {
    return new Smooth(n) {
      @Override
      public double gradient(double[] w, double[] gradient) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
          sum += w[i] > 0 ? w[i] - StrictMath.log(w[i]) : Double.NaN;
          gradient[i] = 1 - 1 / w[i];
        }
        return sum;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        for (int i = 0; i < n; i++) {
          out[i] = v[i] / (w[i] * w[i]);
        }
      }
    };
  }

  /** {@code 1 + (w_0 + ... + w_{n-1} - 1)^2}: its Hessian has rank 1. */
  static Smooth singular(int n) {
    return new Smooth(n) {
      @Override
      public double gradient(double[] w, double[] gradient) {
        double t = Arrays.stream(w).sum() - 1;
        Arrays.fill(gradient, 2 * t);
        return 1 + t * t;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        Arrays.fill(out, 2 * Arrays.stream(v).sum());
      }
    };
  }

  /**
   * {@code (x^2 - 1)^2 / 4 + y^2 / 2}: a saddle at (0, 0), least at (1, 0) and (-1, 0), where it is
   * 0.
   */
  static Smooth saddle() {
    return new Smooth(2) {
      @Override
      public double gradient(double[] w, double[] gradient) {
        double t = w[0] * w[0] - 1;
        gradient[0] = t * w[0];
        gradient[1] = w[1];
        return t * t / 4 + w[1] * w[1] / 2;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        out[0] = (3 * w[0] * w[0] - 1) * v[0];
        out[1] = v[1];
      }
    };
  }

  /** {@code x^2 / 20 + sin 3x}: one dimension, many minima. */
  static Smooth waves() {
    return new Smooth(1) {
      @Override
      public double gradient(double[] w, double[] gradient) {
        gradient[0] = w[0] / 10 + 3 * StrictMath.cos(3 * w[0]);
        return w[0] * w[0] / 20 + StrictMath.sin(3 * w[0]);
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        out[0] = (0.1 - 9 * StrictMath.sin(3 * w[0])) * v[0];
      }
    };
  }

  /**
   * Logistic regression on made-up rows: {@code mean log(1 + exp(-x·w)) + lambda |w|^2}, where x
   * has its label's sign. Its Hessian is nowhere less than 2 lambda.
   */
  static Smooth logistic(int n, int rows, double lambda) {
    Random random = new Random(3);
    double[] truth = random.doubles(n, -1, 1).toArray();
    double[][] x = new double[rows][];
    for (int r = 0; r < rows; r++) {
      x[r] = random.doubles(n, -1, 1).toArray();
      double sign = dot(x[r], truth) + random.nextGaussian() > 0 ? 1 : -1;
      for (int i = 0; i < n; i++) {
        x[r][i] *= sign;
      }
    }
    return new Smooth(n) {
      /** 1 / (1 + exp(margin)): how wrong a row is. */
      private double wrong(double margin) {
        return 1 / (1 + StrictMath.exp(margin));
      }

      @Override
      public double gradient(double[] w, double[] gradient) {
        double sum = 0;
        Arrays.fill(gradient, 0);
        for (double[] row : x) {
          double margin = dot(row, w);
          sum += Math.max(-margin, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(margin)));
          add(-wrong(margin) / rows, row, gradient);
        }
        add(2 * lambda, w, gradient);
        return sum / rows + lambda * dot(w, w);
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        Arrays.fill(out, 0);
        for (double[] row : x) {
          double wrong = wrong(dot(row, w));
          add(wrong * (1 - wrong) * dot(row, v) / rows, row, out);
        }
        add(2 * lambda, v, out);
      }
    };
  }

  static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  /** {@code y += a * x}. */
  static void add(double a, double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      y[i] += a * x[i];
    }
  }
}
