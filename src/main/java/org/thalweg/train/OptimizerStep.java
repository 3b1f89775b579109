package org.thalweg.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Rounding;

/**
 * The part of a recorded step that belongs to an optimizer: a rule, the parameters it updates with
 * their state, and its columns in the step table. The step of an {@link Updater} has no other part.
 */
public final class OptimizerStep implements AutoCloseable {
  private final Device device;
  private final Optimizer rule;
  private final List<Group> groups;
  private final UpdateOptions options;
  private final ElementType type;
  private final Tensors tensors;

  /** Allocates the state, as it is before the first update. */
  public OptimizerStep(
      Device device,
      Optimizer rule,
      List<Parameter> parameters,
      List<Group> groups,
      UpdateOptions options) {
    for (Parameter parameter : parameters) {
      if (parameter.group() >= groups.size()) {
        throw new IllegalArgumentException(
            "a parameter is of group %d, and there are %d groups"
                .formatted(parameter.group(), groups.size()));
      }
    }
    this.device = device;
    this.rule = rule;
    this.groups = List.copyOf(groups);
    this.options = options;
    type = parameters.isEmpty() ? ElementType.F32 : parameters.get(0).value().type();
    check(rule);
    tensors = device.tensors(parameters, rule);
  }

  /** Refuses a rule, this one with another learning rate, that the type cannot compute. */
  void check(Optimizer rated) {
    groups.forEach(group -> group.check(rated, type()));
  }

  /** The type of its step table: what the parameters are computed in. */
  public ElementType type() {
    return type.computed();
  }

  /** Cells that it takes of a row of the step table. */
  public int columns() {
    return first() + groups.size() * Group.columns(rule);
  }

  /** Cells before those of the first group: the largest norm, the rounding. */
  private int first() {
    return rounding() + (type == ElementType.BF16 ? Rounding.COLUMNS : 0);
  }

  private int rounding() {
    return options.clips() ? 1 : 0;
  }

  /**
   * Fills its columns with the numbers of one update.
   *
   * @param column where they begin
   * @param lr the learning rate, before a group's factor
   * @param t the number of the update, from 1
   */
  public void fill(Steps steps, int row, int column, double lr, long t) {
    if (options.clips()) {
      // The device takes the norm of the gradients as they come.
      steps.number(row, column, options.largestNorm() / Math.abs(options.gradientScale()));
    }
    if (type == ElementType.BF16) {
      steps.integer(row, column + rounding(), options.rounding().key(t));
    }
    int at = column + first();
    for (Group group : groups) {
      steps.numbers(row, at, group.numbers(rule, steps.type(), lr, t, options.gradientScale()));
      at += Group.columns(rule);
    }
  }

  /** Whether {@link #lookAhead} does anything. */
  public boolean looksAhead() {
    return rule.lookAhead() != null;
  }

  /** Moves the parameters to where the rule takes their gradients. */
  public void lookAhead(Steps steps, int column) {
    Optimizer move = rule.lookAhead();
    if (move != null) {
      device.update(move, tensors, steps, column + rounding());
    }
  }

  /** Clips where that is asked for, and updates. */
  public void apply(Steps steps, int column) {
    if (options.clips()) {
      device.clip(tensors, steps, column, options.skipNotFinite());
    }
    device.update(rule, tensors, steps, column + rounding());
  }

  Optimizer rule() {
    return rule;
  }

  Device device() {
    return device;
  }

  /** Its state, by the names under which it is saved. */
  Map<String, Array> arrays() {
    Map<String, Array> arrays = new LinkedHashMap<>();
    for (int i = 0; i < tensors.parameters().size(); i++) {
      if (type == ElementType.BF16) {
        arrays.put("master." + i, tensors.master(i));
      }
      for (int k = 0; k < tensors.states(); k++) {
        arrays.put("state." + k + "." + i, tensors.state(i, k));
      }
    }
    return arrays;
  }

  @Override
  public void close() {
    tensors.close();
  }
}
