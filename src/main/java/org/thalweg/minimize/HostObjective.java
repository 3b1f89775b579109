package org.thalweg.minimize;

import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.Device;
import org.thalweg.numeric.ElementType;

/** A {@link HostFunction} of vectors that lie on a device. */
record HostObjective(HostFunction function, Device device, ElementType type) implements Objective {
  HostObjective {
    if (type != ElementType.F32 && type != ElementType.F64) {
      throw new IllegalArgumentException("the vectors must be F32 or F64, not " + type);
    }
  }

  @Override
  public long size() {
    return function.size();
  }

  @Override
  public double l1(long i) {
    return function.l1(i);
  }

  @Override
  public double value(Array w) {
    return function.value(numbers("w", w));
  }

  @Override
  public double gradient(Array w, Array gradient) {
    check("gradient", gradient);
    Checks.apart("gradient", gradient, w);
    double[] g = new double[function.size()];
    double value;
    try {
      value = function.gradient(numbers("w", w), g);
    } catch (ArrayIndexOutOfBoundsException e) {
      throw new IllegalArgumentException(
          "the function says that it takes %d numbers, and its gradient reaches for more: %s"
              .formatted(g.length, e.getMessage()),
          e);
    }
    device.upload(gradient, g);
    return value;
  }

  @Override
  public boolean twiceDifferentiable() {
    return function.twiceDifferentiable();
  }

  @Override
  public void hessianTimes(Array w, Array v, Array out) {
    check("product", out);
    Checks.apart("product", out, w);
    Checks.apart("product", out, v);
    double[] product = new double[function.size()];
    function.hessianTimes(numbers("w", w), numbers("v", v), product);
    device.upload(out, product);
  }

  private double[] numbers(String what, Array array) {
    check(what, array);
    return device.download(array);
  }

  private void check(String what, Array array) {
    Checks.type(what, array, type);
    Checks.count(what, array, function.size());
  }
}
