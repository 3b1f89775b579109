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
      for (double special : Fixture.special(type)) {
        for (int at : new int[] {0, 1023, 1024, 2052}) {
          String what = "%s at %d, ".formatted(special, at);
          list.add(experiment(type, what, 2053, at % 4, special, x -> with(x, at, special)));
        }
      }
    }
    for (ElementType type :
        List.of(ElementType.U8, ElementType.BF16, ElementType.F32, ElementType.F64)) {
      for (int size : Suite.SIZES) {
        for (int from = 0; from < 4; from++) {
          list.add(copy(type, size, from, (from + size) % 4));
        }
      }
    }
    return list.stream();
  }

  private static double[] with(double[] x, int at, double value) {
    x[at] = value;
    return x;
  }

  /** All that can be done with two vectors. */
  private static Experiment experiment(
      ElementType type, String what, int n, int offset, double a, UnaryOperator<double[]> change) {
    return new Experiment(
        "%s%d %s, %d off alignment".formatted(what, n, type.suffix(), offset),
        desk -> {
          Device device = desk.device;
          Array x = desk.place("x", type, offset, change.apply(desk.numbers(n)));
          Array y = desk.place("y", type, 3 * offset % 4, desk.numbers(n));
          Array sum = desk.place("x + y", type, 2, new double[n]);
          device.dot(x, y, room(desk, "x.y", n));
          device.dot(x, x, room(desk, "x.x", n));
          for (Norm norm : Norm.values()) {
            device.norm(norm, x, room(desk, "norm " + norm, n));
          }
          device.axpy(a, x, y);
          device.copy(y, sum);
          device.axpy(a, y, y);
          device.axpySign(a, x, y);
          device.scale(a, x);
        });
  }

  private static Array room(Fixture desk, String name, int n) {
    return desk.place(name, ElementType.F64, 1, new double[(int) Device.dotRoom(n)]);
  }

  private static Experiment copy(ElementType type, int n, int fromOffset, int toOffset) {
    return new Experiment(
        "copy of %d %s from %d to %d off alignment".formatted(n, type, fromOffset, toOffset),
        desk -> {
          Array from = desk.place("from", type, fromOffset, desk.numbers(n));
          desk.device.copy(from, desk.place("to", type, toOffset, new double[n]));
        });
  }
}
