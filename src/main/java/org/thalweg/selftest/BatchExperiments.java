package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.numeric.ElementType;

/** What begins and ends a recorded step: the gathering of a minibatch and the count of its rows. */
final class BatchExperiments {
  private static final int ROWS = 11;
  private static final double[] ORDER = {3, 3, 10, 0, 7, 2, 2, 9, 4, 10, 1, 0, 5};

  /** How rows may be stored. */
  static final List<ElementType> FROM =
      List.of(ElementType.U8, ElementType.F16, ElementType.BF16, ElementType.F32, ElementType.F64);

  private BatchExperiments() {}

  static Stream<Experiment> all() {
    List<Experiment> list = new ArrayList<>();
    for (ElementType type : Suite.TYPES) {
      for (int features : new int[] {1, 3, 64, 785}) {
        for (int i : new int[] {3, 6, 9, 12}) {
          list.add(gather(type, ElementType.U8, features, false, i));
          list.add(gather(type, ElementType.F32, features, true, i));
          list.add(gather(type, ElementType.F16, features, i % 2 == 0, i));
          list.add(gather(type, ElementType.BF16, features, i % 2 == 1, i));
          if (type == ElementType.F64) {
            list.add(gather(type, ElementType.F64, features, i % 2 == 0, i));
          }
        }
      }
      for (int rows : Suite.SIZES) {
        list.add(
            new Experiment(
                "tally %s, 3 models of %d rows".formatted(type.suffix(), rows),
                fixture -> {
                  double[] right = fixture.random.ints(3L * rows, 0, 2).asDoubleStream().toArray();
                  tally(fixture, type, 3, fixture.numbers(3 * rows), right);
                }));
      }
    }
    return list.stream();
  }

  /**
   * Two steps, each of which gathers its minibatch, of bytes or of numbers, some of them special.
   *
   * @param i 0 to 15: another size of the minibatch, and other offsets, for each
   */
  static Experiment gather(
      ElementType type, ElementType from, int features, boolean affineToo, int i) {
    return gather(type, from, features, affineToo, i, 1 + i % 9);
  }

  /** The same with a minibatch of that many rows. */
  static Experiment gather(
      ElementType type, ElementType from, int features, boolean affineToo, int i, int batch) {
    String what = (affineToo ? " scaled each, " : " ") + from;
    return new Experiment(
        "%d rows of %d%s to %s, %d".formatted(batch, features, what, type.suffix(), i),
        fixture -> {
          double[] special = Suite.special(from);
          double[] values = fixture.numbers(ROWS * features);
          for (int k = 0; k < values.length; k += 9) {
            values[k] = special[k / 9 % special.length];
          }
          if (from == ElementType.U8) {
            Arrays.setAll(values, k -> fixture.random.nextInt(256));
          }
          double[] numbered = IntStream.range(0, ROWS).asDoubleStream().toArray();
          Array all = fixture.place("values", from, i % 4, values);
          Array labels = fixture.place("labels", ElementType.I32, 1, numbered);
          double[] positions = new double[Math.max(ORDER.length, batch + 1)];
          Arrays.setAll(positions, k -> ORDER[k % ORDER.length]);
          Array order = fixture.place("order", ElementType.I32, 3, positions);
          Array affine = fixture.place("affine", type, 1, fixture.numbers(2 * features));
          Array x = fixture.place("x", type, i / 4, new double[batch * features]);
          Array y = fixture.place("y", ElementType.I32, 2, new double[batch]);
          Rows rows = new Rows(all, labels, features, 1.0 / 255, affineToo ? affine : null);
          Device device = fixture.device;
          Steps steps = fixture.own(new Steps(device, type, 3, 2, 1));
          Runnable body = () -> device.gather(rows, order, steps, 1, x, y);
          Program program = fixture.own(device.record(steps, body));
          steps.integer(1, 1, positions.length - batch);
          steps.start();
          for (int step = 0; step < 2; step++) {
            program.run(1);
            fixture.note("x", device.download(x));
            fixture.note("y", device.download(y));
          }
        });
  }

  /** Two steps, each of which tallies the same rows. */
  static void tally(
      Fixture fixture, ElementType type, int models, double[] losses, double[] right) {
    Array loss = fixture.place("losses", type, 1, losses);
    Array correct = fixture.place("correct", ElementType.I32, 3, right);
    Device device = fixture.device;
    Steps steps = fixture.own(new Steps(device, type, 1, 2, models));
    Program program = fixture.own(device.record(steps, () -> device.tally(loss, correct, steps)));
    steps.start();
    program.run(2);
    fixture.watch("results", steps.results());
    fixture.watch("step state", steps.state());
  }
}
