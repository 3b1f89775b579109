package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/**
 * Nesterov's momentum, looking ahead: the gradient is taken at {@code w + mu*v}, where the velocity
 * leads; then {@code v = mu*v - lr*g}; {@code w += v}. State: v, and the original parameter while
 * it is moved ahead. (Nesterov, Soviet Math. Doklady 27, 1983; Sutskever et al., ICML 2013, section
 * 2.) With a constant learning rate, {@code w + mu*v} here is what {@link Nesterov} calls w.
 *
 * <p>Sequence, before the forward pass: {@code place = w}, {@code w = fma(mu, v, keep*w)}. Update:
 * {@code v = fma(mu, v, -(lr*g))}, {@code w = keep*place + v}. Columns: mu, lr. The terms of l1 and
 * l2 are computed at {@code w + mu*v}.
 *
 * @param lr the learning rate
 * @param mu the share of the velocity that is kept, in [0, 1)
 */
public record NesterovLookAhead(double lr, double mu) implements Optimizer, NesterovLookAhead64 {
  /** Checks the hyperparameters. */
  public NesterovLookAhead {
    Hyper.velocity(lr, mu);
  }

  /** This rule with the default hyperparameters. */
  public static NesterovLookAhead of(double lr) {
    return new NesterovLookAhead(lr, 0.9);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "nesterov_look_ahead",
        "g taken at w + mu*v; v = mu*v - lr*g; w += v",
        Traits.GRADIENT.withFirst(),
        0,
        0);
  }

  @Override
  public Optimizer lookAhead() {
    return new Move(lr, mu);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    return new double[] {mu, lr};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3], mu = c[4], lr = c[5];
    float[] v = s[0], place = s[1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float vi = Math.fma(mu, v[i], -(lr * gi));
      v[i] = vi;
      w[i] = keep * place[i] + vi;
    }
  }

  /** Moves the parameter ahead along the velocity. */
  private record Move(double lr, double mu) implements Optimizer, Move64 {
    @Override
    public Definition definition() {
      return new Definition("look_ahead", "w += mu*v", Traits.GRADIENT.withFirst(), 0, 0);
    }

    @Override
    public double[] numbers(ElementType type, double lr, long t) {
      return new double[] {mu, lr};
    }

    @Override
    public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
      float keep = c[3], mu = c[4];
      float[] v = s[0], place = s[1];
      for (int i = from; i < to; i++) {
        place[i] = w[i];
        w[i] = Math.fma(mu, v[i], keep * w[i]);
      }
    }
  }
}
