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

/**
 * Three recorded updates of many tensors at once, and the same behind the clipping of the
 * gradients.
 */
final class UpdateExperiments {
  private static final List<ElementType> TYPES =
      List.of(ElementType.F32, ElementType.F64, ElementType.BF16);

  /** Something of each kind that a group can have of its own. */
  private static final List<Group> GROUPS =
      List.of(Group.PLAIN, new Group(0.5, 0, 0.01, 0), new Group(3, 0.75, 0.25, 0.125));

  private static final Rounding STOCHASTIC = new Rounding(true, 5);

  /** Of each step; the second one maximises. */
  private static final double[] GRADIENT_SCALES = {1, -0.75, 0x1p-3};

  /** The largest norm of each step: nothing is clipped, then much, then nothing. */
  private static final double[] LARGEST_NORMS = {Double.POSITIVE_INFINITY, 0.5, 0x1p200};

  // Columns of the step table.
  private static final int LARGEST_NORM = 0;
  private static final int ROUNDING = 1;
  private static final int NUMBERS = ROUNDING + Rounding.COLUMNS;

  private UpdateExperiments() {}

  /** What is done with the gradients before an update. */
  private enum Clipping {
    none,
    spreading,
    skipping
  }

  /** Every rule, type and rounding, over every size and alignment and pair of special values. */
  static Stream<Experiment> updates() {
    List<Experiment> list = new ArrayList<>();
    for (Optimizer rule : Optimizers.all()) {
      for (ElementType type : TYPES) {
        list.add(experiment(rule, type, Rounding.NEAREST, Clipping.none, false));
      }
      list.add(experiment(rule, ElementType.BF16, STOCHASTIC, Clipping.none, false));
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
            list.add(experiment(Optimizers.named(rule), type, Rounding.NEAREST, clipping, finite));
          }
        }
      }
    }
    return list.stream();
  }

  private static Experiment experiment(
      Optimizer rule, ElementType type, Rounding rounding, Clipping clipping, boolean finite) {
    String name =
        "%s %s%s%s"
            .formatted(
                rule.name(),
                type.suffix(),
                rounding.stochastic() ? ", rounded stochastically" : "",
                clipping == Clipping.none
                    ? ""
                    : ", clipped, %s gradients".formatted(finite ? "finite" : clipping));
    return new Experiment(
        name,
        desk -> {
          List<double[]> w = new ArrayList<>();
          List<double[]> g = new ArrayList<>();
          for (int size : Suite.SIZES) {
            for (int i = 0; i < (size < 2000 ? 4 : 1); i++) { // the long ones lie differently too
              w.add(desk.numbers(size));
              g.add(desk.numbers(size));
            }
          }
          w.add(new double[0]);
          g.add(new double[0]);
          if (rule.states()
              == 0) { // the largest once: how blocks are found does not depend on the rule
            w.add(desk.numbers(Suite.LARGE));
            g.add(desk.numbers(Suite.LARGE));
          }
          if (!finite) {
            pairs(Fixture.special(type), w, g);
          }
          run(desk, type, rule, rounding, clipping, w, g);
        });
  }

  /** Each special parameter with each special gradient. */
  private static void pairs(double[] special, List<double[]> w, List<double[]> g) {
    int n = special.length;
    double[] values = new double[n * n];
    double[] gradients = new double[n * n];
    for (int i = 0; i < n * n; i++) {
      values[i] = special[i / n];
      gradients[i] = special[i % n];
    }
    Collections.addAll(w, values, values);
    Collections.addAll(g, gradients, gradients);
  }

  private static void run(
      Fixture desk,
      ElementType type,
      Optimizer rule,
      Rounding rounding,
      Clipping clipping,
      List<double[]> w,
      List<double[]> g) {
    Device device = desk.device;
    List<Array> values = desk.place("weights", type, 0, 1, w);
    List<Array> gradients = desk.place("gradients", type, 1, 3, g);
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < w.size(); i++) {
      parameters.add(new Parameter(values.get(i), gradients.get(i), i / 4 % GROUPS.size()));
    }
    Tensors tensors = desk.own(device.tensors(parameters, rule));
    int count = GRADIENT_SCALES.length;
    int columns = NUMBERS + GROUPS.size() * Group.columns(rule);
    Steps steps = desk.own(new Steps(device, type.computed(), columns, count, 1));
    int column = type == ElementType.BF16 ? ROUNDING : NUMBERS;
    Optimizer move = rule.lookAhead();
    Program program =
        desk.own(
            device.record(
                steps,
                () -> {
                  if (move != null) {
                    device.update(move, tensors, steps, column);
                  }
                  if (clipping != Clipping.none) {
                    device.clip(tensors, steps, LARGEST_NORM, clipping == Clipping.skipping);
                  }
                  device.update(rule, tensors, steps, column);
                }));
    for (int row = 0; row < count; row++) {
      steps.number(row, LARGEST_NORM, LARGEST_NORMS[row]);
      steps.integer(row, ROUNDING, rounding.key(1 + row));
      for (int i = 0; i < GROUPS.size(); i++) {
        int at = NUMBERS + i * Group.columns(rule);
        double lr = rule.lr() * (1 + row);
        steps.numbers(
            row, at, GROUPS.get(i).numbers(rule, steps.type(), lr, 1 + row, GRADIENT_SCALES[row]));
      }
    }
    steps.start();
    program.run(count);
    desk.watch("clock", steps.state());
    for (int i = 0; i < w.size(); i++) {
      desk.watch("master " + i, tensors.master(i));
      for (int k = 0; k < rule.states(); k++) {
        desk.watch("state %d of tensor %d".formatted(k, i), tensors.state(i, k));
      }
    }
  }
}
