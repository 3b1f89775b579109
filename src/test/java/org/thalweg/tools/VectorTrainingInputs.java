package org.thalweg.tools;

import static org.thalweg.tools.Vectors.hex;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.thalweg.device.Values;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/** The inputs of what a training does with gradients, rows and whole data sets. */
final class VectorTrainingInputs extends VectorDraws {
  /** The rules that a proximal step follows, besides those that look ahead. */
  private static final List<String> PROXIMAL = List.of("sgd", "momentum", "adam");

  /** Rules with hyperparameters that the registry's defaults leave without effect. */
  private static final List<String> VARIED =
      List.of("momentum:dampening=0.25", "adagrad:decay=0.5,initial=0.25", "adam:beta1=0");

  VectorTrainingInputs(Philox random) {
    super(random);
  }

  void clipping(Vectors file) {
    List<ElementType> types = List.of(ElementType.F32, ElementType.F64, ElementType.BF16);
    for (ElementType type : types) {
      String plain = type.suffix() + "_plain";
      List<double[]> gradients =
          List.of(normal(type, 5), new double[0], normal(type, 1), normal(type, 70));
      file.input(plain, object("type", type, "gradients", array(gradients)));
      for (double most : new double[] {1, 0.1, 1000, Double.POSITIVE_INFINITY}) {
        file.add("clip", plain, object("largest_norm", most, "skip_not_finite", false));
      }
      String large = type.suffix() + "_large";
      double most = type == ElementType.F64 ? 0x1p1000 : 0x1p127;
      file.input(
          large, object("type", type, "gradients", array(List.of(new double[] {most, most, 1}))));
      for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
        String name = type.suffix() + (Double.isNaN(bad) ? "_nan" : "_infinite");
        List<double[]> spoiled = List.of(normal(type, 3), new double[] {1, bad});
        file.input(name, object("type", type, "gradients", array(spoiled)));
      }
      for (String name : List.of("_large", "_nan", "_infinite")) {
        for (boolean skip : new boolean[] {false, true}) {
          file.add(
              "clip", type.suffix() + name, object("largest_norm", 1.0, "skip_not_finite", skip));
        }
      }
    }
  }

  void updates(Vectors file) {
    List<String> rules = new ArrayList<>();
    for (Optimizer rule : Optimizers.all()) {
      rules.add(rule.name());
    }
    rules.addAll(VARIED);
    JsonArray groups = new JsonArray();
    groups.add(object("lr_factor", 1.0, "l1", 0.0, "l2", 0.0, "weight_decay", 0.0));
    groups.add(object("lr_factor", 0.5, "l1", 0.0, "l2", 0.01, "weight_decay", 0.1));
    groups.add(object("lr_factor", 3.0, "l1", 0.75, "l2", 0.25, "weight_decay", 0.125));
    JsonArray shrinking = new JsonArray();
    shrinking.add(proximal(1, 0.75));
    shrinking.add(proximal(3, 20));
    shrinking.add(groups.get(2)); // whose l1 is part of the gradient
    double[] factors = {1, 2, 0.5};
    for (ElementType type : List.of(ElementType.F32, ElementType.F64, ElementType.BF16)) {
      boolean stochastic = type == ElementType.BF16;
      List<double[]> parameters =
          List.of(normal(type, 4), normal(type, 5), join(normal(type, 4), new double[] {0, -0.0}));
      String clipped = type.suffix() + "_maximised_and_clipped";
      JsonObject input =
          object(
              "type",
              type,
              "parameters",
              array(parameters),
              "groups",
              groups,
              "gradients",
              gradients(type, parameters, 3),
              "lr_factors",
              factors,
              "gradient_scale",
              -0.5,
              "largest_norm",
              1.0);
      if (stochastic) {
        input.addProperty("rounding_seed", 5);
      }
      file.input(clipped, input);
      double[] numbers = special(type == ElementType.F64 ? type : ElementType.F32);
      List<double[]> pairs = pairs(stochastic ? rounded(numbers) : numbers);
      String plain = type.suffix() + "_special";
      JsonArray steps = new JsonArray();
      steps.add(array(List.of(pairs.get(1), normal(type, 3))));
      steps.add(array(List.of(normal(type, pairs.get(0).length), normal(type, 3))));
      JsonObject special =
          object(
              "type",
              type,
              "parameters",
              array(List.of(pairs.get(0), normal(type, 3))),
              "groups",
              groups,
              "gradients",
              steps,
              "lr_factors",
              factors,
              "gradient_scale",
              1.0,
              "largest_norm",
              Double.POSITIVE_INFINITY);
      file.input(plain, special);
      for (String rule : rules) {
        file.add("update", clipped, object("rule", rule));
        file.add("update", plain, object("rule", rule));
      }
      Map<String, JsonObject> likes =
          Map.of(type.suffix() + "_proximal", input, type.suffix() + "_proximal_special", special);
      for (String proximal : new TreeSet<>(likes.keySet())) {
        JsonObject shrunk = Objects.requireNonNull(likes.get(proximal)).deepCopy();
        shrunk.add("groups", shrinking);
        file.input(proximal, shrunk);
        for (Optimizer rule : Optimizers.all()) {
          if (PROXIMAL.contains(rule.name()) || rule.lookAhead() != null) {
            file.add("update", proximal, object("rule", rule.name()));
          }
        }
      }
    }
  }

  private static JsonObject proximal(double lrFactor, double l1) {
    return object(
        "lr_factor", lrFactor, "l1", l1, "l2", 0.25, "weight_decay", 0.125, "proximal", true);
  }

  private static double[] rounded(double[] x) {
    return Arrays.stream(x).map(ElementType.BF16::round).toArray();
  }

  /** Parameters and gradients: each special number with 1 and with 0, both ways. */
  private static List<double[]> pairs(double[] special) {
    double[] ones = new double[special.length];
    double[] zeros = new double[special.length];
    Arrays.fill(ones, 1);
    return List.of(join(special, ones, zeros), join(ones, special, special));
  }

  private JsonArray gradients(ElementType type, List<double[]> parameters, int steps) {
    JsonArray all = new JsonArray();
    for (int step = 0; step < steps; step++) {
      all.add(array(parameters.stream().map(w -> normal(type, w.length)).toList()));
    }
    return all;
  }

  void gather(Vectors file) {
    int[] labels = {2, 0, 1, 1};
    int[] order = {3, 0, 2, 1};
    double[] bytes = {0, 255, 128, 1, 2, 3, 77, 200, 254, 16, 99, 5};
    double[] floats = normal(ElementType.F32, 12);
    floats[0] = -0.0;
    floats[4] = Float.MIN_VALUE;
    floats[7] = Double.NaN;
    file.input(
        "bytes",
        object(
            "stored",
            "U8",
            "features",
            3,
            "values",
            bytes,
            "labels",
            labels,
            "order",
            order,
            "scale",
            1.0 / 255));
    file.input(
        "floats",
        object(
            "stored",
            "F32",
            "features",
            3,
            "values",
            floats,
            "labels",
            labels,
            "order",
            order,
            "scale",
            0.1));
    for (String input : List.of("bytes", "floats")) {
      for (ElementType type : Values.TYPES) {
        JsonObject plain = object("type", type, "first", 1, "rows", 3);
        file.add("gather", input, plain);
        JsonObject shifted = plain.deepCopy();
        shifted.add("shift", hex(normal(type, 3)));
        file.add("gather", input, shifted);
      }
    }
  }

  void training(Vectors file) {
    int features = 5;
    int classes = 3;
    int rows = 20;
    int[] labels = IntStream.range(0, rows).map(i -> random.nextBounded(classes)).toArray();
    double[] bytes =
        IntStream.range(0, rows * features).mapToDouble(i -> random.nextBounded(17)).toArray();
    int size = (features + 1) * classes;
    file.input(
        "bytes",
        object(
            "stored",
            "U8",
            "features",
            features,
            "classes",
            classes,
            "values",
            bytes,
            "labels",
            labels,
            "scale",
            0.0625,
            "weights",
            normal(ElementType.F32, size),
            "direction",
            normal(ElementType.F32, size)));
    file.input(
        "floats",
        object(
            "stored",
            "F32",
            "features",
            features,
            "classes",
            classes,
            "values",
            normal(ElementType.F32, rows * features),
            "labels",
            labels,
            "weights",
            normal(ElementType.F32, size),
            "direction",
            normal(ElementType.F32, size)));
    for (Loss loss : Losses.examples()) {
      for (ElementType type : Values.TYPES) {
        file.add("objective", "bytes", objective(type, loss, 0, 0.01, false));
        file.add("objective", "floats", objective(type, loss, 0.001, 0.01, true));
      }
    }
    String adam = "adam:lr=0.05";
    for (ElementType type : Values.TYPES) {
      for (Loss loss : Losses.examples()) {
        String name = Losses.text(loss);
        file.add("training", "bytes", training(type, adam, name, 0, "constant", 0, false));
      }
      file.add("training", "bytes", training(type, adam, "softmax", 0.5, "cosine", 2, true));
      file.add(
          "training",
          "floats",
          training(type, "nesterov_look_ahead:lr=0.1", "softmax", 0.25, "linear", 0, true));
      file.add(
          "training",
          "floats",
          training(type, "sgd:lr=0.5", "hinge", 0.25, "step:every=1,factor=0.5", 3, false));
    }
  }

  private static JsonObject objective(
      ElementType type, Loss loss, double l1, double l2, boolean centred) {
    return object("type", type, "loss", Losses.text(loss), "l1", l1, "l2", l2, "centred", centred);
  }

  /**
   * Two epochs of three minibatches, the last one smaller. Where the norm is clipped, all else is
   * on.
   */
  private static JsonObject training(
      ElementType type,
      String optimizer,
      String loss,
      double clip,
      String schedule,
      int warmup,
      boolean centre) {
    boolean all = clip > 0;
    return object(
        "type",
        type,
        "optimizer",
        optimizer,
        "loss",
        loss,
        "batch",
        8,
        "epochs",
        2,
        "l1",
        all ? 0.001 : 0.0,
        "l2",
        all ? 0.01 : 0.0,
        "weight_decay",
        all ? 0.1 : 0.0,
        "clip_norm",
        all ? clip : Double.POSITIVE_INFINITY,
        "schedule",
        schedule,
        "warmup",
        warmup,
        "initialisation",
        all ? "XAVIER" : "NORMAL",
        "init_scale",
        all ? 1.0 : 0.01,
        "centre",
        centre,
        "seed",
        3);
  }
}
