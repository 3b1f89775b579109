package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Product;
import org.thalweg.numeric.ElementType;

/** Both products, with and without a bias or a row of ones. */
final class ProductExperiments {
  private static final List<Product> SIZES =
      List.of(
          Product.of(0, 0, 0),
          Product.of(5, 3, 0),
          Product.of(1, 1, 1),
          Product.of(64, 10, 1437),
          Product.of(1025, 3, 5),
          Product.of(3, 1025, 5),
          Product.of(3, 5, 1025),
          Product.of(31, 37, 41),
          Product.of(33, 17, 129),
          Product.of(127, 33, 257),
          Product.of(1089, 10, 260),
          Product.of(130, 9, 1500),
          new Product(3, false, 33, 17, 131),
          new Product(3, true, 33, 17, 131),
          new Product(7, true, 5, 1, 3));

  /** Which operand is stored transposed. */
  enum Layout {
    PLAIN("product"),
    LEFT_TRANSPOSED("transposed product"),
    RIGHT_TRANSPOSED("product by a transposed operand");

    private final String text;

    Layout(String text) {
      this.text = text;
    }

    /** Whether a bias or a row of ones can go with it. */
    boolean hasRow() {
      return this != RIGHT_TRANSPOSED;
    }
  }

  private ProductExperiments() {}

  static Stream<Experiment> all() {
    List<Experiment> list = new ArrayList<>();
    for (ElementType type : Suite.TYPES) {
      for (Layout layout : Layout.values()) {
        for (Product size : SIZES) {
          list.add(random(type, size, layout, false));
          if (layout.hasRow()) {
            list.add(random(type, size, layout, true));
          }
        }
        for (int at : new int[] {0, 127, 128}) {
          list.add(special(type, layout, at, 129));
        }
      }
    }
    return list.stream();
  }

  private static String name(ElementType type, Layout layout) {
    return layout.text + " " + type.suffix();
  }

  static Experiment random(ElementType type, Product size, Layout layout, boolean row) {
    int models = size.models();
    return new Experiment(
        "%s, %s%s".formatted(name(type, layout), size, row ? ", with a row" : ""),
        fixture -> {
          int count = (size.leftShared() ? 1 : models) * size.rows() * size.depth();
          Array a = fixture.place("left", type, 1, fixture.numbers(count));
          double[] right = fixture.numbers(models * size.depth() * size.columns());
          Array b = fixture.place("right", type, 2, right);
          run(fixture, size, layout, a, b, row ? fixture.numbers(models * size.columns()) : null);
        });
  }

  /** Each special value times and plus each other, at one place of a chain. */
  static Experiment special(ElementType type, Layout layout, int at, int depth) {
    double[] special = Suite.special(type);
    int n = special.length;
    return new Experiment(
        "%s, special values at %d of %d".formatted(name(type, layout), at, depth),
        fixture -> {
          double[] left = fixture.numbers(n * depth);
          double[] right = fixture.numbers(depth * n);
          for (int i = 0; i < n; i++) {
            left[layout == Layout.LEFT_TRANSPOSED ? at * n + i : i * depth + at] = special[i];
            right[layout == Layout.RIGHT_TRANSPOSED ? i * depth + at : at * n + i] = special[i];
          }
          Array a = fixture.place("left", type, 1, left);
          Array b = fixture.place("right", type, 2, right);
          double @Nullable [] row = layout.hasRow() ? special : null;
          run(fixture, Product.of(n, n, depth), layout, a, b, row);
        });
  }

  static void run(
      Fixture fixture, Product size, Layout layout, Array a, Array b, double @Nullable [] row) {
    String name = layout == Layout.LEFT_TRANSPOSED ? "ones" : "bias";
    Array r = row == null ? null : fixture.place(name, a.type(), 0, row);
    int count = size.models() * size.rows() * size.columns();
    Array out = fixture.place("product", a.type(), 3, new double[count]);
    switch (layout) {
      case PLAIN -> fixture.device.multiply(size, a, b, r, out);
      case LEFT_TRANSPOSED -> fixture.device.multiplyTransposed(size, a, b, out, r);
      case RIGHT_TRANSPOSED -> fixture.device.multiplyByTransposed(size, a, b, out);
    }
  }
}
