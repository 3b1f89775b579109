package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.ArrayList;
import java.util.List;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Registry;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Rounding;

/**
 * Three updates in a row, recorded and replayed, of any number of tensors. Of bf16, stochastically
 * rounded or not.
 */
public record Updates(
    ElementType type,
    Optimizer rule,
    List<Tensor> tensors,
    List<Group> groups,
    long firstUpdate,
    Rounding rounding)
    implements OnDevice.Experiment {
  /** A tensor and how far it and its gradient lie off alignment. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  public record Tensor(double[] w, double[] g, int wOffset, int gOffset, int group) {}

  /** Two groups that have something of their own, one that has not. */
  public static final List<Group> GROUPS =
      List.of(Group.PLAIN, new Group(0.5, 0, 0.01, 0), new Group(3, 0.75, 0.25, 0.125));

  /** Of each step; the second one maximises. */
  private static final double[] GRADIENT_SCALES = {1, -0.75, 0x1p-3};

  /** Where the columns of the first group begin. */
  private static final int COLUMN = 2;

  public Updates(
      ElementType type,
      Optimizer rule,
      List<Tensor> tensors,
      List<Group> groups,
      long firstUpdate) {
    this(type, rule, tensors, groups, firstUpdate, Rounding.NEAREST);
  }

  /** An update, behind the move of a rule that looks ahead. */
  public static void update(
      Device device, Optimizer rule, Tensors tensors, Steps steps, int column) {
    Optimizer move = rule.lookAhead();
    if (move != null) {
      device.update(move, tensors, steps, column);
    }
    device.update(rule, tensors, steps, column);
  }

  @Override
  public String toString() {
    return "%s %s, %d tensors, from update %d, %s"
        .formatted(rule, type, tensors.size(), firstUpdate, rounding);
  }

  /** The parameters, then master and all states of the first tensor, the second, .. */
  @Override
  public List<double[]> run(Device device) {
    Arena values = new Arena();
    Arena gradients = new Arena();
    for (Tensor tensor : tensors) {
      values.place(tensor.w, tensor.wOffset);
      gradients.place(tensor.g, tensor.gOffset);
    }
    int each = Group.columns(rule);
    int first = COLUMN + (type == ElementType.BF16 ? Rounding.COLUMNS : 0);
    int columns = first + groups.size() * each + 1;
    int count = GRADIENT_SCALES.length;
    try (Array w = device.of(type, values.image());
        Array g = device.of(type, gradients.image());
        Steps steps = new Steps(device, type.computed(), columns, count, 1);
        Tensors own = device.tensors(parameters(values, gradients, w, g), rule);
        Program program = device.record(steps, () -> update(device, rule, own, steps, COLUMN))) {
      for (int step = 0; step < count; step++) {
        if (first > COLUMN) {
          steps.integer(step, COLUMN, rounding.key(firstUpdate + step));
        }
        for (int i = 0; i < groups.size(); i++) {
          double lr = rule.lr() * (1 + step);
          steps.numbers(
              step,
              first + i * each,
              groups
                  .get(i)
                  .numbers(rule, steps.type(), lr, firstUpdate + step, GRADIENT_SCALES[step]));
        }
      }
      steps.start();
      double[] before = device.read(g);
      program.run(count);
      assertArrayEquals(before, device.read(g), "the gradient was written");
      List<double[]> results = new ArrayList<>();
      results.add(device.read(w));
      values.checkGuards(results.get(0));
      for (int i = 0; i < tensors.size(); i++) {
        results.add(device.read(own.master(i)));
        for (int k = 0; k < rule.states(); k++) {
          results.add(device.read(own.state(i, k)));
        }
      }
      return results;
    }
  }

  private List<Parameter> parameters(Arena values, Arena gradients, Array w, Array g) {
    List<Parameter> list = new ArrayList<>();
    for (int i = 0; i < tensors.size(); i++) {
      list.add(new Parameter(values.slice(w, i), gradients.slice(g, i), tensors.get(i).group()));
    }
    return list;
  }

  /**
   * Each rule as registered, and with each hyperparameter in turn at the ends of what it allows.
   */
  public static List<Optimizer> extremes() {
    List<Optimizer> rules = new ArrayList<>();
    for (Optimizer rule : Optimizers.all()) {
      rules.add(rule);
      for (String name : Optimizers.hyperparameters(rule).keySet()) {
        for (double value : new double[] {0, 1e-38, 0.99999}) {
          try {
            rules.add(Registry.with(rule, name, value));
          } catch (IllegalArgumentException refused) {
            // not among what it allows
          }
        }
      }
    }
    return rules;
  }
}
