package org.thalweg.check;

import org.thalweg.device.Array;
import org.thalweg.device.Owned;
import org.thalweg.minimize.Objective;

/** An objective along a line: at {@code w + h * direction} for every h. */
final class Line implements AutoCloseable {
  private final Objective f;
  private final Array w;
  private final Array direction;
  private final Array moved;
  private final Array result;
  private final Owned owned;

  Line(Objective f, double[] w, double[] direction) {
    this.f = f;
    try (Owned opening = new Owned()) {
      this.w = opening.add(f.device().of(f.type(), w));
      this.direction = opening.add(f.device().of(f.type(), direction));
      moved = opening.add(f.device().allocate(f.type(), w.length));
      result = opening.add(f.device().allocate(f.type(), w.length));
      owned = opening.keep();
    }
  }

  Array direction() {
    return direction;
  }

  double value(double h) {
    return f.value(at(h));
  }

  double[] gradient(double h) {
    f.gradient(at(h), result);
    return f.device().download(result);
  }

  private Array at(double h) {
    f.device().copy(w, moved);
    f.device().axpy(h, direction, moved);
    return moved;
  }

  /** The product of the Hessian at w with the direction. */
  double[] product() {
    f.hessianTimes(w, direction, result);
    return f.device().download(result);
  }

  @Override
  public void close() {
    owned.close();
  }
}
