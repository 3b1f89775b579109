package org.thalweg.check;

import java.util.function.UnaryOperator;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.minimize.Objective;
import org.thalweg.numeric.ElementType;

/** An objective whose gradient and Hessian products somebody has spoiled. */
record Tampered(Objective right, UnaryOperator<double[]> gradient, UnaryOperator<double[]> product)
    implements Objective {
  @Override
  public Device device() {
    return right.device();
  }

  @Override
  public ElementType type() {
    return right.type();
  }

  @Override
  public long size() {
    return right.size();
  }

  @Override
  public double value(Array w) {
    return right.value(w);
  }

  @Override
  public double[] values(double[][] points) {
    return right.values(points);
  }

  @Override
  public double gradient(Array w, Array to) {
    double value = right.gradient(w, to);
    device().upload(to, gradient.apply(device().download(to)));
    return value;
  }

  @Override
  public boolean twiceDifferentiable() {
    return right.twiceDifferentiable();
  }

  @Override
  public void hessianTimes(Array w, Array v, Array out) {
    right.hessianTimes(w, v, out);
    device().upload(out, product.apply(device().download(out)));
  }
}
