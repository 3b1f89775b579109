package org.thalweg.compare;

import java.util.List;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.train.Updater;

/**
 * Descent with an optimizer on a function in plain Java, in binary64: the host computes the
 * gradient, the device takes the optimizer's step.
 */
public final class Descent implements AutoCloseable {
  /** The gradient to descend by. */
  public interface Slope {
    /**
     * Computes the gradient at w; a function of its arguments alone.
     *
     * @param seed of what is random in it
     * @param step from 1
     * @param gradient receives as many numbers as w has
     */
    void gradient(double[] w, long seed, long step, double[] gradient);
  }

  private final Device device;
  private final Array w;
  private final Array g;
  private final Updater updater;
  private final Owned owned;
  private final long seed;
  private long steps;

  /**
   * Puts the point on the device.
   *
   * @param seed of what is random in the gradients
   */
  public Descent(Device device, Optimizer rule, double[] start, long seed) {
    this.device = device;
    this.seed = seed;
    try (Owned opening = new Owned()) {
      w = opening.add(device.allocate(ElementType.F64, start.length));
      g = opening.add(device.allocate(ElementType.F64, start.length));
      device.upload(w, start);
      List<Parameter> parameters = List.of(new Parameter(w, g, 0));
      updater = opening.add(new Updater(device, rule, parameters, List.of(Group.PLAIN)));
      owned = opening.keep();
    }
  }

  /** The current point. */
  public double[] w() {
    return device.download(w);
  }

  /**
   * One step of the optimizer, by the gradient at the current point, or at the point to which the
   * optimizer looks ahead.
   */
  public void step(Slope slope) {
    updater.lookAhead();
    double[] gradient = new double[(int) w.count()];
    slope.gradient(w(), seed, ++steps, gradient);
    device.upload(g, gradient);
    updater.step();
  }

  @Override
  public void close() {
    owned.close();
  }
}
