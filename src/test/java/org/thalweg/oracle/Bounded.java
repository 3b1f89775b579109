package org.thalweg.oracle;

import org.thalweg.device.Roundoff;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * A number, and how far the roundings of a type may have taken whoever computes it so in that type:
 * a running error analysis. Each operation rounds once, in the type and in the double here, and
 * carries on what its operands err by.
 *
 * @param value computed in double
 * @param error a bound of its distance from the same in the type
 * @param type that the bound is for
 */
public record Bounded(double value, double error, ElementType type) {
  private static Bounded rounded(double value, double carried, double roundings, ElementType type) {
    double unit = Roundoff.unit(type) + Roundoff.unit(ElementType.F64);
    double least = type == ElementType.F32 ? Float.MIN_VALUE : Double.MIN_VALUE;
    double error = carried + roundings * unit * (Math.abs(value) + carried) + roundings * least;
    return new Bounded(value, error, type);
  }

  /** A number that is rounded to the type before it is used. */
  public static Bounded of(ElementType type, double x) {
    return rounded(x, 0, 1, type);
  }

  /** Numbers that are rounded to the type before they are used. */
  public static Bounded[] of(ElementType type, double[] x) {
    Bounded[] numbers = new Bounded[x.length];
    for (int i = 0; i < x.length; i++) {
      numbers[i] = of(type, x[i]);
    }
    return numbers;
  }

  /** An integer, which is exact. */
  public Bounded exactly(int n) {
    return new Bounded(n, 0, type);
  }

  public Bounded plus(Bounded b) {
    return rounded(value + b.value, error + b.error, 1, type);
  }

  public Bounded minus(Bounded b) {
    return rounded(value - b.value, error + b.error, 1, type);
  }

  public Bounded times(Bounded b) {
    double carried = Math.abs(value) * b.error + Math.abs(b.value) * error + error * b.error;
    return rounded(value * b.value, carried, 1, type);
  }

  public Bounded over(Bounded b) {
    double quotient = value / b.value;
    double carried = (error + Math.abs(quotient) * b.error) / (Math.abs(b.value) - b.error);
    return rounded(quotient, carried, 1, type);
  }

  /**
   * The exponential errs by less than 0.9 ulp, two roundings. In a row of several chunks it is a
   * product of two of them: five.
   */
  public Bounded exp() {
    double exp = Math.exp(value);
    return rounded(exp, exp * Math.expm1(error), 5, type);
  }

  /** The logarithm errs by less than 0.9 ulp, two roundings. */
  public Bounded log() {
    return rounded(Math.log(value), -Math.log1p(-error / value), 2, type);
  }

  public static Bounded max(Bounded[] x) {
    Bounded max = x[0];
    for (Bounded one : x) {
      double error = Math.max(max.error, one.error);
      max = new Bounded(Math.max(max.value, one.value), error, one.type);
    }
    return max;
  }

  /**
   * A canonical sum: a term goes through at most 37 additions a level of chunks, and one fma with
   * what the chunk lacks. Here the terms are added one after the other.
   */
  public static Bounded sum(Bounded[] x) {
    double sum = 0;
    double size = 0;
    double carried = 0;
    int levels = 1;
    for (int n = x.length; n > Exact.CHUNK; n = (n - 1) / Exact.CHUNK + 1) {
      levels++;
    }
    for (Bounded one : x) {
      sum += one.value;
      size += Math.abs(one.value) + one.error;
      carried += one.error;
    }
    ElementType type = x[0].type;
    double unit = 38 * levels * Roundoff.unit(type) + x.length * Roundoff.unit(ElementType.F64);
    return new Bounded(sum, carried + 1.01 * unit * size, type); // a hundredth for second orders
  }

  public Bounded negated() {
    return new Bounded(-value, error, type);
  }

  /** Whether it is above another number; it must not be in doubt. */
  public boolean isAbove(Bounded b) {
    if (!(Math.abs(value - b.value) > error + b.error)) {
      throw new AssertionError(this + " may be on either side of " + b + ": take other numbers");
    }
    return value > b.value;
  }
}
