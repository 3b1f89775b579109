package org.thalweg.device.java;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.thalweg.optim.Adadelta;
import org.thalweg.optim.Adamax;
import org.thalweg.optim.AmsGrad;
import org.thalweg.optim.Lion;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.RmsProp;
import org.thalweg.optim.Rprop;
import org.thalweg.optim.Yogi;

/**
 * Updates in binary32 by the Vector API: the sequences of {@link org.thalweg.optim}, whose names
 * for columns and state these loops have. What is left of a range after whole vectors takes the
 * rule's own loop.
 */
final class FloatVectorUpdate implements VectorUpdate<float[]> {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int WIDTH = SPECIES.length();

  @Override
  public void update(
      Optimizer rule, float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    int end = to - (to - from) % WIDTH;
    if (rule instanceof AmsGrad) {
      amsGrad(w, g, s, from, end, c);
    } else if (rule instanceof Yogi) {
      yogi(w, g, s, from, end, c);
    } else if (rule instanceof Adadelta) {
      adadelta(w, g, s, from, end, c);
    } else if (rule instanceof Adamax) {
      adamax(w, g, s, from, end, c);
    } else if (rule instanceof Lion) {
      lion(w, g, s, from, end, c);
    } else if (rule instanceof Rprop) {
      rprop(w, g, s, from, end, c);
    } else if (rule instanceof RmsProp centred && centred.centred()) {
      rmsProp(w, g, s, from, end, c, centred.mu() > 0);
    } else {
      throw new IllegalArgumentException("there are no loops for " + rule);
    }
    rule.update(w, g, s, end, to, c);
  }

  private static FloatVector load(float[] from, int i) {
    return FloatVector.fromArray(SPECIES, from, i);
  }

  private static FloatVector all(float x) {
    return FloatVector.broadcast(SPECIES, x);
  }

  /** {@code fma(a, x, y)}. */
  private static FloatVector fma(float a, FloatVector x, FloatVector y) {
    return all(a).fma(x, y);
  }

  /** The gradient, scaled and regularised. */
  private static FloatVector gradient(float[] w, float[] g, int i, float[] c) {
    return fma(c[2], load(w, i), load(g, i).mul(c[0]));
  }

  /** {@code w = fma(-rate, by, keep * w)}. */
  private static void move(float[] w, int i, float rate, FloatVector by, float[] c) {
    fma(-rate, by, load(w, i).mul(c[3])).intoArray(w, i);
  }

  /** 1, -1, or x itself where that is 0 or NaN. */
  private static FloatVector sign(FloatVector x) {
    return x.blend(1, x.compare(VectorOperators.GT, 0)).blend(-1, x.compare(VectorOperators.LT, 0));
  }

  /** {@link org.thalweg.numeric.Exact#max(float, float)}. */
  private static FloatVector max(FloatVector a, FloatVector b) {
    return a.max(b)
        .blend(a, b.test(VectorOperators.IS_NAN))
        .blend(b, a.test(VectorOperators.IS_NAN));
  }

  private static void amsGrad(float[] w, float[] g, float[][] s, int from, int end, float[] c) {
    float b1 = c[4], o1 = c[5], b2 = c[6], o2 = c[7], step = c[8], eps = c[9];
    float[] m = s[0], v = s[1], largest = s[2];
    for (int i = from; i < end; i += WIDTH) {
      FloatVector gi = gradient(w, g, i, c);
      FloatVector mi = fma(b1, load(m, i), gi.mul(o1));
      FloatVector vi = fma(b2, load(v, i), gi.mul(o2).mul(gi));
      FloatVector li = max(load(largest, i), vi);
      mi.intoArray(m, i);
      vi.intoArray(v, i);
      li.intoArray(largest, i);
      move(w, i, step, mi.div(li.sqrt().add(eps)), c);
    }
  }

  private static void yogi(float[] w, float[] g, float[][] s, int from, int end, float[] c) {
    float b1 = c[4], o1 = c[5], o2 = c[6], step = c[7], eps = c[8];
    float[] m = s[0], v = s[1];
    for (int i = from; i < end; i += WIDTH) {
      FloatVector gi = gradient(w, g, i, c);
      FloatVector mi = fma(b1, load(m, i), gi.mul(o1));
      FloatVector q = gi.mul(gi);
      FloatVector old = load(v, i);
      FloatVector vi = sign(old.sub(q)).mul(o2).neg().fma(q, old);
      mi.intoArray(m, i);
      vi.intoArray(v, i);
      move(w, i, step, mi.div(vi.sqrt().add(eps)), c);
    }
  }

  private static void adadelta(float[] w, float[] g, float[][] s, int from, int end, float[] c) {
    float rho = c[4], o = c[5], lr = c[6], eps = c[7];
    float[] v = s[0], d = s[1];
    for (int i = from; i < end; i += WIDTH) {
      FloatVector gi = gradient(w, g, i, c);
      FloatVector vi = fma(rho, load(v, i), gi.mul(o).mul(gi));
      FloatVector di = load(d, i);
      FloatVector delta = di.add(eps).div(vi.add(eps)).sqrt().mul(gi);
      vi.intoArray(v, i);
      fma(rho, di, delta.mul(o).mul(delta)).intoArray(d, i);
      move(w, i, lr, delta, c);
    }
  }

  private static void adamax(float[] w, float[] g, float[][] s, int from, int end, float[] c) {
    float b1 = c[4], o1 = c[5], b2 = c[6], step = c[7], eps = c[8];
    float[] m = s[0], u = s[1];
    for (int i = from; i < end; i += WIDTH) {
      FloatVector gi = gradient(w, g, i, c);
      FloatVector mi = fma(b1, load(m, i), gi.mul(o1));
      FloatVector ui = max(load(u, i).mul(b2), gi.abs().add(eps));
      mi.intoArray(m, i);
      ui.intoArray(u, i);
      move(w, i, step, mi.div(ui), c);
    }
  }

  private static void lion(float[] w, float[] g, float[][] s, int from, int end, float[] c) {
    float b1 = c[4], o1 = c[5], b2 = c[6], o2 = c[7], lr = c[8];
    float[] m = s[0];
    for (int i = from; i < end; i += WIDTH) {
      FloatVector gi = gradient(w, g, i, c);
      FloatVector mi = load(m, i);
      FloatVector u = fma(b1, mi, gi.mul(o1));
      fma(b2, mi, gi.mul(o2)).intoArray(m, i);
      move(w, i, lr, sign(u), c);
    }
  }

  private static void rprop(float[] w, float[] g, float[][] s, int from, int end, float[] c) {
    float etaMinus = c[4], etaPlus = c[5], minStep = c[6], maxStep = c[7], ratio = c[8];
    float[] before = s[0], h = s[1];
    for (int i = from; i < end; i += WIDTH) {
      FloatVector gi = gradient(w, g, i, c);
      FloatVector p = gi.mul(load(before, i));
      var turned = p.compare(VectorOperators.LT, 0);
      FloatVector grown = all(1).blend(etaPlus, p.compare(VectorOperators.GT, 0));
      FloatVector hi = load(h, i).mul(grown.blend(etaMinus, turned));
      hi = max(hi, all(minStep)).min(maxStep);
      gi = gi.blend(0, turned);
      gi.intoArray(before, i);
      hi.intoArray(h, i);
      FloatVector kept = load(w, i).mul(c[3]);
      hi.mul(ratio).neg().fma(sign(gi), kept).intoArray(w, i);
    }
  }

  /** Centred. */
  private static void rmsProp(
      float[] w, float[] g, float[][] s, int from, int end, float[] c, boolean heavy) {
    float alpha = c[4], o = c[5], lr = c[6], eps = c[7], mu = c[8];
    float[] v = s[0], mean = s[1], velocity = s[s.length - 1];
    for (int i = from; i < end; i += WIDTH) {
      FloatVector gi = gradient(w, g, i, c);
      FloatVector vi = fma(alpha, load(v, i), gi.mul(o).mul(gi));
      FloatVector mi = fma(alpha, load(mean, i), gi.mul(o));
      vi.intoArray(v, i);
      mi.intoArray(mean, i);
      FloatVector spread = mi.neg().fma(mi, vi);
      spread = spread.blend(0, spread.compare(VectorOperators.LT, 0));
      FloatVector q = gi.div(spread.sqrt().add(eps));
      if (heavy) {
        q = fma(mu, load(velocity, i), q);
        q.intoArray(velocity, i);
      }
      move(w, i, lr, q, c);
    }
  }
}
