package org.thalweg.optim;

import java.util.List;
import java.util.stream.DoubleStream;

/**
 * What a rule says of itself.
 *
 * @param name in the registry: {@code "adam"}
 * @param formula what it does to a parameter w with gradient g at update t, in the words of its
 *     hyperparameters; one statement after another, with {@code "; "} between them
 * @param traits what it tracks
 * @param states what each of its state arrays begins with: as many as it keeps for each parameter
 * @param kernel its kernel's name before the type; the rule's own, unless two rules differ in their
 *     numbers alone
 */
public record Definition(
    String name, String formula, Traits traits, List<Double> states, String kernel) {
  /** Of a rule whose kernel has its name. */
  public Definition(String name, String formula, Traits traits, double... states) {
    this(name, formula, traits, DoubleStream.of(states).boxed().toList(), name);
  }

  /** Of a rule that differs from this one in its numbers alone. */
  Definition variant(String name, String formula, Traits traits) {
    return new Definition(name, formula, traits, states, kernel);
  }
}
