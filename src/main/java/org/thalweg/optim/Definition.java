package org.thalweg.optim;

import java.util.List;
import java.util.stream.DoubleStream;

/**
 * The description of an update rule.
 *
 * @param name in the registry: {@code "adam"}
 * @param formula the update of a parameter w with gradient g at update t, in terms of the
 *     hyperparameters; statements are separated by {@code "; "}
 * @param traits its row in the table of optimizers
 * @param states the initial value of each state array that it keeps for a parameter
 * @param kernel its kernel's name without the type: the rule's name, unless two rules share a
 *     kernel
 */
public record Definition(
    String name, String formula, Traits traits, List<Double> states, String kernel) {
  /** Describes a rule whose kernel has the rule's name. */
  public Definition(String name, String formula, Traits traits, double... states) {
    this(name, formula, traits, DoubleStream.of(states).boxed().toList(), name);
  }

  /** Describes a rule that differs from this one only in its numbers. */
  Definition variant(String name, String formula, Traits traits) {
    return new Definition(name, formula, traits, states, kernel);
  }
}
