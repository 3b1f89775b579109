package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Rounding;
import org.thalweg.optim.Shrink;

/**
 * Three recorded updates of many tensors at once, and the same after the clipping of the gradients.
 */
final class UpdateExperiments {
  private static final List<ElementType> TYPES =
      List.of(ElementType.F32, ElementType.F64, ElementType.BF16);

  static final Rounding STOCHASTIC = new Rounding(true, 5);

  /** The gradient scale of each step; the second one maximises. */
  private static final double[] GRADIENT_SCALES = {1, -0.75, 0x1p-3};

  /** The largest norm of each step: nothing is clipped, then much, then nothing. */
  private static final double[] LARGEST_NORMS = {Double.POSITIVE_INFINITY, 0.5, 0x1p200};

  // Columns of the step table.
  private static final int LARGEST_NORM = 0;
  private static final int ROUNDING = 1;
  private static final int NUMBERS = ROUNDING + Rounding.COLUMNS;

  private UpdateExperiments() {}

  /** What is done with the gradients before an update. */
  enum Clipping {
    none,
    spreading,
    skipping
  }

  /** A tensor, how far it and its gradient lie off alignment, and its group. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  record Tensor(double[] w, double[] g, int wOffset, int gOffset, int group) {
    /** The i-th of many tensors, which all have different offsets and groups. */
    static Tensor of(int i, double[] w, double[] g) {
      return new Tensor(w, g, i % 4, (1 + 3 * i) % 4, i / 4 % Suite.GROUPS.size());
    }

    /** Each special parameter with each special gradient. */
    static Tensor pairs(int index, ElementType type) {
      double[] special = Suite.special(type);
      int n = special.length;
      double[] w = new double[n * n];
      double[] g = new double[n * n];
      for (int i = 0; i < n * n; i++) {
        w[i] = special[i / n];
        g[i] = special[i % n];
      }
      return of(index, w, g);
    }
  }

  /**
   * What is done to tensors of a type.
   *
   * @param first the number of the first update
   */
  record Step(Optimizer rule, ElementType type, Rounding rounding, Clipping clipping, long first) {
    Step(Optimizer rule, ElementType type, Rounding rounding) {
      this(rule, type, rounding, Clipping.none, 1);
    }

    @Override
    public String toString() {
      String rounded = rounding.stochastic() ? ", rounded stochastically" : "";
      String clipped = clipping == Clipping.none ? "" : ", clipped, " + clipping;
      return rule.name() + " " + type.suffix() + rounded + clipped;
    }
  }

  /** Every rule, and the proximal step, which zeroes some elements here and leaves others. */
  static List<Optimizer> rules() {
    List<Optimizer> rules = new ArrayList<>(Optimizers.all());
    rules.add(new Shrink(0.125));
    return rules;
  }

  /** Every rule, type and rounding, over every size and alignment and pair of special values. */
  static Stream<Experiment> updates() {
    List<Experiment> list = new ArrayList<>();
    for (Optimizer rule : rules()) {
      for (ElementType type : TYPES) {
        list.add(experiment(new Step(rule, type, Rounding.NEAREST), false));
      }
      list.add(experiment(new Step(rule, ElementType.BF16, STOCHASTIC), false));
    }
    return list.stream();
  }

  /** Where gradients that are not finite skip an update, and where they spread. */
  static Stream<Experiment> clip() {
    List<Experiment> list = new ArrayList<>();
    for (String rule : List.of("sgd", "adam", "nesterov_look_ahead")) {
      for (ElementType type : TYPES) {
        for (Clipping clipping : List.of(Clipping.spreading, Clipping.skipping)) {
          for (boolean finite : new boolean[] {true, false}) {
            Optimizer named = Optimizers.named(rule);
            list.add(experiment(new Step(named, type, Rounding.NEAREST, clipping, 1), finite));
          }
        }
      }
    }
    return list.stream();
  }

  private static Experiment experiment(Step step, boolean finite) {
    return new Experiment(
        step + (finite ? ", finite gradients" : ""),
        fixture -> {
          List<Integer> sizes = new ArrayList<>();
          for (int size : Suite.SIZES) { // the long ones lie differently too
            sizes.addAll(Collections.nCopies(size < 2000 ? 4 : 1, size));
          }
          sizes.add(0);
          if (step.rule.states() == 0) { // how blocks are found does not depend on the rule
            sizes.add(Suite.LARGE);
          }
          List<Tensor> tensors = new ArrayList<>();
          for (int size : sizes) {
            tensors.add(Tensor.of(tensors.size(), fixture.numbers(size), fixture.numbers(size)));
          }
          for (int i = 0; i < 2 && !finite; i++) {
            tensors.add(Tensor.pairs(tensors.size(), step.type));
          }
          run(fixture, step, tensors);
        });
  }

  static void run(Fixture fixture, Step step, List<Tensor> tensors) {
    Device device = fixture.device;
    Optimizer rule = step.rule;
    List<double[]> w = tensors.stream().map(Tensor::w).toList();
    List<double[]> g = tensors.stream().map(Tensor::g).toList();
    List<Array> values = fixture.place("weights", step.type, i -> tensors.get(i).wOffset, w);
    List<Array> gradients = fixture.place("gradients", step.type, i -> tensors.get(i).gOffset, g);
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < tensors.size(); i++) {
      parameters.add(new Parameter(values.get(i), gradients.get(i), tensors.get(i).group));
    }
    Tensors updated = fixture.own(device.tensors(parameters, rule));
    int count = GRADIENT_SCALES.length;
    int columns = NUMBERS + Suite.GROUPS.size() * Group.columns(rule);
    Steps steps = fixture.own(new Steps(device, step.type.computed(), columns, count, 1));
    int column = step.type == ElementType.BF16 ? ROUNDING : NUMBERS;
    Optimizer move = rule.lookAhead();
    Runnable body =
        () -> {
          if (move != null) {
            device.update(move, updated, steps, column);
          }
          if (step.clipping != Clipping.none) {
            device.clip(updated, steps, LARGEST_NORM, step.clipping == Clipping.skipping);
          }
          device.update(rule, updated, steps, column);
        };
    Program program = fixture.own(device.record(steps, body));
    for (int row = 0; row < count; row++) {
      long t = step.first + row;
      steps.number(row, LARGEST_NORM, LARGEST_NORMS[row]);
      steps.integer(row, ROUNDING, step.rounding.key(t));
      for (int i = 0; i < Suite.GROUPS.size(); i++) {
        int at = NUMBERS + i * Group.columns(rule);
        double lr = rule.lr() * (1 + row);
        Group group = Suite.GROUPS.get(i);
        steps.numbers(row, at, group.numbers(rule, steps.type(), lr, t, GRADIENT_SCALES[row]));
      }
    }
    steps.start();
    program.run(count);
    fixture.watch("step state", steps.state());
    for (int i = 0; i < tensors.size(); i++) {
      fixture.watch("master " + i, updated.master(i));
      for (int k = 0; k < rule.states(); k++) {
        fixture.watch("state %d of tensor %d".formatted(k, i), updated.state(i, k));
      }
    }
  }
}
