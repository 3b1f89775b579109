package org.thalweg.tools;

import static org.thalweg.tools.Vectors.words;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.thalweg.device.Values;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;

/** What the vectors are computed from: small, and of every kind that an operation treats apart. */
final class VectorInputs extends VectorDraws {
  private final Map<String, Vectors> files = new LinkedHashMap<>();

  private VectorInputs() {
    super(new Philox(11, 0));
  }

  /** The files by name. */
  static Map<String, Vectors> all() {
    VectorInputs inputs = new VectorInputs();
    inputs.functions(inputs.file("functions.json"));
    inputs.rounding(inputs.file("rounding.json"));
    inputs.random(inputs.file("random.json"));
    inputs.sums(inputs.file("sums.json"));
    inputs.products(inputs.file("products.json"));
    inputs.losses(inputs.file("losses.json"));
    VectorTrainingInputs others = new VectorTrainingInputs(inputs.random);
    others.clipping(inputs.file("clipping.json"));
    others.updates(inputs.file("updates.json"));
    others.gather(inputs.file("gather.json"));
    others.training(inputs.file("training.json"));
    inputs.sparse(inputs.file("sparse.json"));
    return inputs.files;
  }

  private Vectors file(String name) {
    Vectors file = new Vectors();
    files.put(name, file);
    return file;
  }

  private void functions(Vectors file) {
    for (ElementType type : Values.TYPES) {
      boolean single = type == ElementType.F32;
      // Where the functions change their ways, and the floats on both sides.
      double[] ends = {
        1,
        0.5,
        2.0 / 3,
        4.0 / 3,
        Math.sqrt(0.5),
        Math.sqrt(2),
        Math.log(2) / 2,
        0x1p-28,
        0x1p-20,
        88.72283,
        88.72284,
        89,
        103.97207,
        103.97208,
        104,
        709.782712893384,
        745.1332191019411
      };
      double[] near =
          Arrays.stream(ends)
              .flatMap(x -> DoubleStream.of(below(type, x), type.round(x), above(type, x)))
              .flatMap(x -> DoubleStream.of(x, -x))
              .toArray();
      double[] drawn = normal(type, 60);
      for (int i = 0; i < drawn.length; i++) {
        drawn[i] = type.round(Math.scalb(drawn[i], i % 12 - 4));
      }
      double[] magnitudes = normal(type, 40);
      for (int i = 0; i < magnitudes.length; i++) {
        int exponent = (single ? 7 : 51) * (i - 20);
        magnitudes[i] = type.round(Math.scalb(Math.abs(magnitudes[i]), exponent));
      }
      file.input(
          type.suffix(), object("type", type, "x", join(special(type), near, drawn, magnitudes)));
      file.add("exp", type.suffix(), object());
      file.add("log", type.suffix(), object());
    }
  }

  private static double below(ElementType type, double x) {
    return type == ElementType.F32 ? Math.nextDown((float) x) : Math.nextDown(x);
  }

  private static double above(ElementType type, double x) {
    return type == ElementType.F32 ? Math.nextUp((float) x) : Math.nextUp(x);
  }

  private void rounding(Vectors file) {
    // Exact, just above, at and around the middle, for even and odd neighbours; then the ends.
    int[] bits = {
      0x3f800000, 0x3f800001, 0x3f807fff, 0x3f808000, 0x3f808001, 0x3f80ffff, 0x3f818000,
          0x3f818001,
      0xbf808000, 0xbf818000, 0x00000001, 0x00008000, 0x00018000, 0x7f7f7fff, 0x7f7f8000,
          0x7f7fffff,
      0xff7fffff, 0x80000000
    };
    double[] patterns = Arrays.stream(bits).mapToDouble(Float::intBitsToFloat).toArray();
    double[] x = join(patterns, patterns, special(ElementType.F32), normal(ElementType.F32, 30));
    int[] drawn = new int[x.length];
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = i < bits.length ? 0xffff0000 : random.nextInt();
    }
    file.input("numbers", object("x", x, "random", words(drawn)));
    file.add("bf16", "numbers", object());
    file.input("seed", object("seed", "5", "updates", new int[] {1, 2, 3, 1 << 24}));
    file.add("rounding_key", "seed", object());
  }

  private void random(Vectors file) {
    file.input("zeros", object("key", words(0, 0), "counter", words(0, 0, 0, 0)));
    file.input("ones", object("key", words(-1, -1), "counter", words(-1, -1, -1, -1)));
    file.input(
        "pi",
        object(
            "key", words(0xa4093822, 0x299f31d0),
            "counter", words(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344)));
    List.of("zeros", "ones", "pi").forEach(name -> file.add("philox", name, object()));
    file.input("stream", object("seed", "9e3779b97f4a7c15", "stream", "3"));
    int[] bounds = {1, 2, 3, 10, 1000, 1 << 30, (1 << 30) + 1, 0x7fffffff, 0x60000000, 0x60000000};
    file.add("bounded", "stream", object("bounds", bounds));
    file.add("permutation", "stream", object("n", 1));
    file.add("permutation", "stream", object("n", 100));
    file.add("uniform", "stream", object("n", 10));
    file.add("normal", "stream", object("n", 10));
    file.input("weights", object("seed", 7, "features", 4, "classes", 3));
    for (ElementType type : Values.TYPES) {
      for (String name : List.of("ZEROS", "NORMAL", "XAVIER")) {
        file.add(
            "initialisation",
            "weights",
            object("type", type, "initialisation", name, "scale", 0.01));
      }
    }
    file.input("run", object("epoch_steps", 5, "steps", 20));
    for (String schedule :
        List.of("constant", "step:every=2,factor=0.1", "cosine", "linear", "inverse:decay=0.25")) {
      for (int warmup : new int[] {0, 3}) {
        file.add("schedule", "run", object("schedule", schedule, "warmup", warmup));
      }
    }
  }

  private void sums(Vectors file) {
    for (ElementType type : Values.TYPES) {
      String name = type.suffix();
      int most = type == ElementType.F32 ? 2100 : 1030;
      double[] x = normal(type, most);
      for (int i = 0; i < most; i++) {
        x[i] = type.round(Math.scalb(x[i], i % 7 - 3));
      }
      file.input(name, object("type", type, "x", x, "y", normal(type, most)));
      for (int n : new int[] {0, 1, 2, 31, 32, 33, 64, 1023, 1024, 1025, 2049, 2100}) {
        if (n <= most) {
          file.add("sum", name, object("n", n));
          file.add("dot_and_norms", name, object("n", n));
        }
      }
      double[] special = special(type);
      for (int from = 0; from < special.length; from += 4) { // zeros and subnormals come first
        double[] some = Arrays.copyOfRange(special, from, Math.min(from + 4, special.length));
        String four = name + "_special_" + from;
        file.input(four, object("type", type, "x", some, "y", normal(type, some.length)));
        file.add("sum", four, object("n", some.length));
        file.add("dot_and_norms", four, object("n", some.length));
      }
      String each = name + "_elements";
      file.input(
          each,
          object(
              "type",
              type,
              "x",
              join(special, normal(type, 20)),
              "y",
              join(normal(type, 20), special)));
      for (double a : new double[] {-0.1, 0, 1e30}) {
        file.add("elementwise", each, object("a", a));
      }
      // In F32 a*x + y lies just below the middle of two numbers; rounded to F64 first, on it.
      String middle = name + "_middle";
      double[] x1 = {0x1.ffffep-1};
      file.input(middle, object("type", type, "x", x1, "y", new double[] {0x1.000002p0}));
      file.add("elementwise", middle, object("a", 0x1.00001p-24));
      tallies(file, type);
    }
  }

  private void tallies(Vectors file, ElementType type) {
    double[] losses = normal(type, 6);
    double[] spoiled = losses.clone();
    spoiled[4] = Double.POSITIVE_INFINITY;
    int[] right = {1, 0, 1, 1, 0, 0};
    int[] wrong = {1, 0, 1, 1, -1, 0};
    Map<String, Object[]> tallies = new LinkedHashMap<>();
    tallies.put("finite", new Object[] {losses, right});
    tallies.put("infinite", new Object[] {spoiled, right});
    tallies.put("out_of_range", new Object[] {spoiled, wrong});
    tallies.forEach(
        (kind, of) -> {
          String name = type.suffix() + "_tally_" + kind;
          file.input(
              name, object("type", type, "models", 2, "row_loss", of[0], "row_correct", of[1]));
          file.add("tally", name, object());
        });
  }

  private void products(Vectors file) {
    for (ElementType type : Values.TYPES) {
      // models, shared left, rows, columns, depth
      product(file, type, 1, false, 2, 3, 300, false);
      product(file, type, 1, false, 3, 2, 128, false);
      product(file, type, 1, false, 1, 1, 129, false);
      product(file, type, 3, false, 2, 3, 5, false);
      product(file, type, 2, true, 3, 2, 9, false);
      product(file, type, 1, false, 2, 2, 0, false);
      int special = special(type).length;
      product(file, type, 1, false, special, special, 1, true);
    }
  }

  private void product(
      Vectors file,
      ElementType type,
      int models,
      boolean shared,
      int rows,
      int columns,
      int depth,
      boolean special) {
    String name =
        "%s_%d%s_%dx%dx%d"
            .formatted(type.suffix(), models, shared ? "_shared" : "", rows, depth, columns);
    int left = (shared ? 1 : models) * rows * depth;
    int right = models * depth * columns;
    file.input(
        name,
        object(
            "type",
            type,
            "models",
            models,
            "left_shared",
            shared,
            "rows",
            rows,
            "columns",
            columns,
            "depth",
            depth,
            "left",
            special ? special(type) : normal(type, left),
            "right",
            special ? special(type) : normal(type, right),
            "bias",
            normal(type, models * columns)));
    file.add("multiply", name, object("biased", true));
    file.add("multiply", name, object("biased", false));
    file.add("multiply_transposed", name, object());
    file.add("multiply_by_transposed", name, object());
  }

  private void sparse(Vectors file) {
    for (ElementType type : Values.TYPES) {
      // rows, columns, depth, and how many elements of left there are for one that is stored
      sparse(file, type, 2, 3, 300, 5, false);
      sparse(file, type, 130, 2, 9, 7, false);
      sparse(file, type, 3, 1, 128, 1, false);
      sparse(file, type, 2, 2, 3, 100, false);
      sparse(file, type, 7, 2, 7, 3, true);
    }
  }

  private void sparse(
      Vectors file,
      ElementType type,
      int rows,
      int columns,
      int depth,
      int sparsity,
      boolean special) {
    List<Integer> stored = new ArrayList<>();
    int[] starts = new int[rows + 1];
    for (int row = 0; row < rows; row++) {
      for (int k = 0; k < depth; k++) {
        if (random.nextBounded(sparsity) == 0) stored.add(k);
      }
      starts[row + 1] = stored.size();
    }
    int most = columns * Math.max(rows, depth);
    double[] numbers = normal(type, most);
    double[] specials = special(type);
    if (special) { // elements that meet nothing too: they are left out
      Arrays.setAll(numbers, i -> specials[i % specials.length]);
    }
    String name = "%s_%dx%dx%d_of_%d".formatted(type.suffix(), rows, depth, columns, sparsity);
    file.input(
        name,
        object(
            "type",
            type,
            "rows",
            rows,
            "columns",
            columns,
            "depth",
            depth,
            "row_starts",
            starts,
            "left_columns",
            stored.stream().mapToInt(Integer::intValue).toArray(),
            "left",
            normal(type, stored.size()),
            "right",
            numbers,
            "bias",
            normal(type, columns)));
    file.add("sparse_multiply", name, object());
    file.add("sparse_multiply_transposed", name, object());
  }

  private void losses(Vectors file) {
    List<String> inputs = new ArrayList<>();
    for (ElementType type : Values.TYPES) {
      inputs.add(
          scores(
              file,
              type,
              "one_class",
              1,
              new int[] {0, 0, 0, 1, -1},
              new double[] {2, Double.NaN, Double.NEGATIVE_INFINITY, 1, 1}));
      inputs.add(scores(file, type, "plain", 10, new int[] {3, 0, 9, 7}, normal(type, 40)));
      inputs.add(scores(file, type, "lanes", 33, new int[] {32}, normal(type, 33)));
      inputs.add(scores(file, type, "special", 4, specialLabels(), specialScores(type)));
    }
    double[] wide = normal(ElementType.F32, 2 * 1025);
    wide[1024] = 7; // the second chunk has the largest score of the first row
    Arrays.fill(wide, 1025 + 1024, 2050, Float.NEGATIVE_INFINITY);
    inputs.add(scores(file, ElementType.F32, "two_chunks", 1025, new int[] {1024, 5}, wide));
    for (Loss loss : Losses.examples()) {
      inputs.forEach(input -> file.add("loss", input, object("loss", Losses.text(loss))));
    }
  }

  private String scores(
      Vectors file, ElementType type, String what, int classes, int[] labels, double[] scores) {
    String name = type.suffix() + "_" + what;
    file.input(
        name,
        object(
            "type",
            type,
            "classes",
            classes,
            "labels",
            labels,
            "scale",
            1.0 / 3,
            "scores",
            scores,
            "direction",
            normal(type, scores.length)));
    return name;
  }

  /**
   * Rows of four: a tie (the first of equals is right), a tie that is lost, margins at the kink,
   * large scores that overflow nothing, subnormals, NaN at the label and beside it, infinities,
   * labels that are no class.
   */
  private static double[] specialScores(ElementType type) {
    double inf = Double.POSITIVE_INFINITY;
    double nan = Double.NaN;
    double most = type == ElementType.F64 ? Double.MAX_VALUE : Float.MAX_VALUE;
    double least = type == ElementType.F64 ? Double.MIN_VALUE : Float.MIN_VALUE;
    return new double[] {
      2, 2, 1, 0, //
      2, 2, 1, 0, //
      1, 0, 0, 0.5, //
      most, -most, 0, 1, //
      least, -least, 0, -0.0, //
      nan, 1, 2, 3, //
      1, nan, 2, 3, //
      inf, 1, 2, 3, //
      1, inf, 2, 3, //
      -inf, -inf, -inf, -inf, //
      -inf, 1, 2, 3, //
      1, 2, 3, 4, //
      1, 2, 3, 4, //
      100, -100, 0, 50
    };
  }

  private static int[] specialLabels() {
    return new int[] {0, 1, 0, 1, 2, 0, 0, 0, 0, 0, 0, 4, -1, 1};
  }
}
