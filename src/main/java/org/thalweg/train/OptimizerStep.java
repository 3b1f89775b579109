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
    options.check(type());
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
    return columns(rule, groups, options, type);
  }

  /** The same of a step that is not there yet, for parameters of this type. */
  static int columns(Optimizer rule, List<Group> groups, UpdateOptions options, ElementType type) {
    int columns = clipping(options);
    for (Optimizer by : updates(rule, groups)) {
      columns += columns(by, groups, type);
    }
    return columns;
  }

  /** The largest norm's cell, before all others. */
  private static int clipping(UpdateOptions options) {
    return options.clips() ? 1 : 0;
  }

  /** One after the other: the rule, and where a group asks for it, the proximal step of L1. */
  private static List<Optimizer> updates(Optimizer rule, List<Group> groups) {
    boolean shrinks = groups.stream().anyMatch(Group::shrinks);
    return shrinks ? List.of(rule, Group.SHRINK) : List.of(rule);
  }

  /** The cells of one of them: of the rounding, and of each group. */
  private static int columns(Optimizer by, List<Group> groups, ElementType type) {
    return rounding(type) + groups.size() * Group.columns(by);
  }

  private static int rounding(ElementType type) {
    return type == ElementType.BF16 ? Rounding.COLUMNS : 0;
  }

  /**
   * Fills its columns with the numbers of one update.
   *
   * @param column where they begin
   * @param lr the learning rate, before a group's factor
   * @param t the number of the update, from 1
   */
  public void fill(Steps steps, int row, int column, double lr, long t) {
    double scale = options.gradientScale();
    if (options.clips()) {
      // The device takes the norm of the gradients as they come.
      steps.number(row, column, options.largestNorm() / Math.abs(scale));
    }
    int at = column + clipping(options);
    for (Optimizer by : updates(rule, groups)) {
      if (type == ElementType.BF16) {
        steps.integer(row, at, options.rounding().key(t));
      }
      at += rounding(type);
      for (Group group : groups) {
        steps.numbers(
            row,
            at,
            by == rule
                ? group.numbers(rule, steps.type(), lr, t, scale)
                : group.shrinkage(steps.type(), lr));
        at += Group.columns(by);
      }
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
      device.update(move, tensors, steps, column + clipping(options));
    }
  }

  /**
   * Clips where that is asked for, updates, and takes the proximal step of groups that have one.
   */
  public void apply(Steps steps, int column) {
    if (options.clips()) {
      device.clip(tensors, steps, column, options.skipNotFinite());
    }
    int at = column + clipping(options);
    for (Optimizer by : updates(rule, groups)) {
      device.update(by, tensors, steps, at);
      at += columns(by, groups, type);
    }
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
