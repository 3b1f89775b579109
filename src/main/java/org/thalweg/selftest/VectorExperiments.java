package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Norm;
import org.thalweg.numeric.ElementType;

/** Dot products, norms, axpy, scaling and copies. */
final class VectorExperiments {
  private VectorExperiments() {}

  static Stream<Experiment> all() {
    List<Experiment> list = new ArrayList<>();
    for (ElementType type : Suite.TYPES) {
      for (int size : Suite.SIZES) {
        for (int i = 0; i < 4; i++) {
          list.add(experiment(type, "", size, i, -0.3, x -> x));
        }
      }
      list.add(experiment(type, "", Suite.LARGE, 1, -0.3, x -> x));
      for (double special : Suite.special(type)) {
        for (int at : new int[] {0, 1023, 1024, 2052}) {
          String what = "%s at %d, ".formatted(special, at);
          list.add(experiment(type, what, 2053, at % 4, special, x -> with(x, at, special)));
        }
      }
    }
    for (ElementType type : Suite.TYPES) {
      for (int columns : new int[] {1, 2, 10, 33, 1025, 5000}) {
        for (int rows : new int[] {1, 3, 128, 1025}) {
          list.add(scaleRows(type, rows, columns));
        }
      }
    }
    for (ElementType type : ElementType.values()) {
      for (int size : Suite.SIZES) {
        for (int from = 0; from < 4; from++) {
          list.add(copy(type, size, from, (from + size) % 4));
        }
      }
    }
    return list.stream();
  }

  static double[] with(double[] x, int at, double value) {
    x[at] = value;
    return x;
  }

  private static Experiment experiment(
      ElementType type, String what, int n, int offset, double a, UnaryOperator<double[]> change) {
    return new Experiment(
        "%s%d %s, %d off alignment".formatted(what, n, type.suffix(), offset),
        fixture -> {
          Array x = fixture.place("x", type, offset, change.apply(fixture.numbers(n)));
          run(fixture, a, x, fixture.place("y", type, 3 * offset % 4, fixture.numbers(n)));
        });
  }

  /** All that can be done with two vectors. */
  static void run(Fixture fixture, double a, Array x, Array y) {
    Device device = fixture.device;
    int room = (int) Device.dotRoom(x.count());
    device.dot(x, y, fixture.place("x.y", ElementType.F64, 0, new double[room]));
    device.dot(x, x, fixture.place("x.x", ElementType.F64, 3, new double[room]));
    for (Norm norm : Norm.values()) {
      device.norm(norm, x, fixture.place("norm " + norm, ElementType.F64, 1, new double[room]));
    }
    device.axpy(a, x, y);
    fixture.note("y + a*x", device.download(y));
    device.axpy(a, y, y);
    fixture.note("y + a*y", device.download(y));
    device.axpySign(a, x, y);
    fixture.note("y + a*sign(x)", device.download(y));
    device.axpySign(a, y, y);
    fixture.note("y + a*sign(y)", device.download(y));
    device.scale(a, y);
    device.copy(y, x);
  }

  private static Experiment scaleRows(ElementType type, int rows, int columns) {
    return new Experiment(
        "factors of %d rows of %d %s".formatted(rows, columns, type.suffix()),
        fixture -> {
          Array factors = fixture.place("factors", type, 1, fixture.numbers(rows));
          Array x = fixture.place("x", type, 3, fixture.numbers(rows * columns));
          fixture.device.scaleRows(factors, x);
        });
  }

  private static Experiment copy(ElementType type, int n, int fromOffset, int toOffset) {
    return new Experiment(
        "copy of %d %s from %d to %d off alignment".formatted(n, type, fromOffset, toOffset),
        fixture -> {
          Array from = fixture.place("from", type, fromOffset, fixture.numbers(n));
          fixture.device.copy(from, fixture.place("to", type, toOffset, new double[n]));
        });
  }
}
