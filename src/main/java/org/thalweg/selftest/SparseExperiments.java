package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Product;
import org.thalweg.device.SparseMatrix;
import org.thalweg.device.Steps;
import org.thalweg.numeric.ElementType;

/** Sparse rows: gathered, and as the left operand of both products. */
final class SparseExperiments {
  private static final List<Product> SIZES =
      List.of(
          Product.of(0, 3, 5),
          Product.of(5, 3, 0),
          Product.of(1, 1, 1),
          Product.of(64, 10, 300),
          Product.of(129, 2, 1025),
          Product.of(33, 33, 129),
          Product.of(300, 1, 257),
          Product.of(7, 300, 41),
          new Product(3, true, 33, 17, 131));

  private SparseExperiments() {}

  static Stream<Experiment> all() {
    List<Experiment> list = new ArrayList<>();
    for (ElementType type : Suite.TYPES) {
      for (Product size : SIZES) {
        for (double share : new double[] {0, 0.03, 0.5, 1}) {
          list.add(random(type, size, false, share, true));
          list.add(random(type, size, true, share, true));
        }
        list.add(random(type, size, false, 0.1, false));
        list.add(random(type, size, true, 0.1, false));
      }
      for (boolean transposed : new boolean[] {false, true}) {
        list.add(special(type, transposed));
      }
    }
    return list.stream();
  }

  private static String name(ElementType type, boolean transposed) {
    return "%s of sparse rows %s"
        .formatted(transposed ? "transposed product" : "product", type.suffix());
  }

  /**
   * A product whose left operand has each element with a probability.
   *
   * @param size of the plain product; the transposed one has its rows as depth
   * @param row whether with a bias or a row of ones
   */
  static Experiment random(
      ElementType type, Product size, boolean transposed, double share, boolean row) {
    Product own =
        transposed
            ? new Product(
                size.models(),
                size.leftShared(),
                /* rows= */ size.depth(),
                size.columns(),
                /* depth= */ size.rows())
            : size;
    return new Experiment(
        "%s, %s, %s of its elements%s"
            .formatted(name(type, transposed), own, share, row ? ", with a row" : ""),
        fixture -> {
          SparseMatrix left = matrix(fixture, type, size.rows(), size.depth(), share);
          double[] right = fixture.numbers(own.models() * own.depth() * own.columns());
          run(
              fixture,
              own,
              transposed,
              left,
              fixture.place("right", type, 2, right),
              row ? fixture.numbers(own.models() * own.columns()) : null);
        });
  }

  /** Rows that each have every special value, times a matrix of numbers that have some too. */
  private static Experiment special(ElementType type, boolean transposed) {
    double[] special = Suite.special(type);
    int n = special.length;
    return new Experiment(
        name(type, transposed) + ", special values",
        fixture -> {
          int rows = transposed ? n : 5;
          int[] ranges = IntStream.range(0, 2 * rows).map(i -> (i + 1) / 2 * n).toArray();
          int[] columns = IntStream.range(0, rows * n).map(i -> 120 + i % n).toArray();
          double[] values = new double[rows * n];
          double[] right = fixture.numbers((transposed ? rows : 150) * n);
          for (int i = 0; i < values.length; i++) {
            values[i] = special[i % n];
          }
          for (int i = 0; i < n; i++) {
            right[(transposed ? i : 120 + i) * n + i] = special[i];
          }
          SparseMatrix left =
              new SparseMatrix(
                  fixture.own(fixture.device.of(ranges)),
                  fixture.own(fixture.device.of(columns)),
                  fixture.place("left", type, 1, values),
                  150);
          Product size = transposed ? Product.of(150, n, rows) : Product.of(rows, n, 150);
          run(fixture, size, transposed, left, fixture.place("right", type, 2, right), special);
        });
  }

  private static void run(
      Fixture fixture,
      Product size,
      boolean transposed,
      SparseMatrix left,
      Array right,
      double @Nullable [] row) {
    ElementType type = right.type();
    Array r = row == null ? null : fixture.place(transposed ? "ones" : "bias", type, 0, row);
    int count = size.models() * size.rows() * size.columns();
    Array out = fixture.place("product", type, 3, new double[count]);
    if (transposed) {
      fixture.device.multiplyTransposed(size, left, right, out, r);
    } else {
      fixture.device.multiply(size, left, right, r, out);
    }
  }

  private static SparseMatrix matrix(
      Fixture fixture, ElementType type, int rows, int width, double share) {
    List<Double> ranges = new ArrayList<>();
    List<Double> columns = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      ranges.add((double) columns.size());
      for (int column = 0; column < width; column++) {
        if (fixture.random.nextDouble() < share) {
          columns.add((double) column);
        }
      }
      ranges.add((double) columns.size());
    }
    return new SparseMatrix(
        fixture.place("ranges", ElementType.I32, 5, array(ranges)),
        fixture.place("columns", ElementType.I32, 7, array(columns)),
        fixture.place("left", type, 1, fixture.numbers(columns.size())),
        width);
  }

  private static double[] array(List<Double> of) {
    return of.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** Minibatches of sparse rows, of which the second begins in the middle of the order. */
  static Experiment gather() {
    return new Experiment(
        "gather of sparse rows",
        fixture -> {
          int rows = 300;
          int batch = 130;
          SparseMatrix all = matrix(fixture, ElementType.F32, rows, 9, 0.3);
          Array labels = fixture.own(fixture.device.of(fixture.random.ints(rows, 0, 5).toArray()));
          int[] order = fixture.random.ints(2L * batch, 0, rows).toArray();
          Array positions = fixture.own(fixture.device.of(order));
          Array ranges =
              fixture.place("ranges of a minibatch", ElementType.I32, 3, new double[2 * batch]);
          Array y = fixture.place("y", ElementType.I32, 1, new double[batch]);
          Steps steps = fixture.own(new Steps(fixture.device, ElementType.F32, 1, 2, 1));
          steps.integer(1, 0, batch);
          steps.send();
          steps.start();
          var program =
              fixture.own(
                  fixture.device.record(
                      steps,
                      () -> fixture.device.gather(all, labels, positions, steps, 0, ranges, y)));
          program.run(1);
          fixture.note("first ranges", fixture.device.download(ranges));
          program.run(1);
        });
  }
}
