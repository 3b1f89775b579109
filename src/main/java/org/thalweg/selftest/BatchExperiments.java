package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.thalweg.device.Array;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.numeric.ElementType;

/** What begins and ends a recorded step: the gathering of a minibatch and the count of its rows. */
final class BatchExperiments {
  private static final int ROWS = 11;
  private static final double[] ORDER = {3, 3, 10, 0, 7, 2, 2, 9, 4, 10, 1, 0, 5};

  private BatchExperiments() {}

  static Stream<Experiment> all() {
    List<Experiment> list = new ArrayList<>();
    for (ElementType type : Suite.TYPES) {
      for (int features : new int[] {1, 3, 64, 785}) {
        for (int i = 0; i < 4; i++) {
          list.add(gather(type, ElementType.U8, features, 7, i, 3 - i, false));
          list.add(gather(type, ElementType.F32, features, 7, i, 3 - i, true));
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

  /** Two steps, each of which gathers its minibatch of bytes or numbers, some of them special. */
  static Experiment gather(
      ElementType type,
      ElementType from,
      int features,
      int batch,
      int offset,
      int xOffset,
      boolean shifted) {
    return new Experiment(
        "%d rows of %d %s to %s, %d and %d off alignment%s"
            .formatted(
                batch, features, from, type.suffix(), offset, xOffset, shifted ? ", shifted" : ""),
        fixture -> {
          double[] special = Suite.special(from);
          double[] values = fixture.numbers(ROWS * features);
          for (int i = 0; i < values.length; i++) {
            if (from == ElementType.U8) {
              values[i] = fixture.random.nextInt(256);
            } else if (i % 9 == 0) {
              values[i] = special[i / 9 % special.length];
            }
          }
          double[] numbered = IntStream.range(0, ROWS).asDoubleStream().toArray();
          Array all = fixture.place("values", from, offset, values);
          Array labels = fixture.place("labels", ElementType.I32, 1, numbered);
          Array order = fixture.place("order", ElementType.I32, 3, ORDER);
          Array shift = fixture.place("shift", type, 1, fixture.numbers(features));
          Array x = fixture.place("x", type, xOffset, new double[batch * features]);
          Array y = fixture.place("y", ElementType.I32, 2, new double[batch]);
          Rows rows = new Rows(all, labels, features, 1.0 / 255, shifted ? shift : null);
          Steps steps = fixture.own(new Steps(fixture.device, type, 3, 2, 1));
          Program program =
              fixture.own(
                  fixture.device.record(
                      steps, () -> fixture.device.gather(rows, order, steps, 1, x, y)));
          steps.integer(1, 1, ORDER.length - batch);
          steps.start();
          for (int step = 0; step < 2; step++) {
            program.run(1);
            fixture.note("x", fixture.device.read(x));
            fixture.note("y", fixture.device.read(y));
          }
        });
  }

  /** Two steps, each of which tallies the same rows. */
  static void tally(
      Fixture fixture, ElementType type, int models, double[] losses, double[] right) {
    Array loss = fixture.place("losses", type, 1, losses);
    Array correct = fixture.place("right rows", ElementType.I32, 3, right);
    Steps steps = fixture.own(new Steps(fixture.device, type, 1, 2, models));
    Program program =
        fixture.own(fixture.device.record(steps, () -> fixture.device.tally(loss, correct, steps)));
    steps.start();
    program.run(2);
    fixture.watch("results", steps.results());
    fixture.watch("clock", steps.state());
  }
}
