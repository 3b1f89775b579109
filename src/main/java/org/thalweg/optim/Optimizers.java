package org.thalweg.optim;

import java.util.List;
import java.util.Map;
import org.thalweg.numeric.Registry;

/**
 * The registry of optimizers, with PyTorch's learning rates for the rules that PyTorch has; the
 * other defaults are those of each rule's {@code of}.
 */
public final class Optimizers {
  private static final Registry<Optimizer> ALL =
      new Registry<>(
          "optimizer",
          List.of(
              Sgd.of(1e-3),
              Asgd.of(1e-2),
              Momentum.of(1e-3),
              ClassicalMomentum.of(1e-3),
              Nesterov.of(1e-3),
              NesterovLookAhead.of(1e-3),
              AdaGrad.of(1e-2),
              RmsProp.of(1e-2),
              RmsProp.of(1e-2).withMu(0.9),
              RmsProp.of(1e-2).withCentred(true),
              RmsProp.of(1e-2).withCentred(true).withMu(0.9),
              Adam.of(1e-3),
              AdamW.of(1e-3),
              AdamUncorrected.of(1e-3),
              AmsGrad.of(1e-3),
              RAdam.of(1e-3),
              NAdam.of(2e-3),
              NAdamW.of(2e-3),
              Adamax.of(2e-3),
              AdaBelief.of(1e-3),
              Yogi.of(1e-2),
              Adadelta.of(1),
              Rprop.of(1e-2),
              Lion.of(1e-4)),
          Optimizer::name);

  private Optimizers() {}

  /** All of them. */
  public static List<Optimizer> all() {
    return ALL.all();
  }

  /** Their names. */
  public static List<String> names() {
    return ALL.names();
  }

  /**
   * The optimizer of that name.
   *
   * @throws IllegalArgumentException if there is none; the message lists those that are
   */
  public static Optimizer named(String name) {
    return ALL.named(name);
  }

  /**
   * The optimizer that a text describes: its name, and after a colon the hyperparameters that
   * differ from the defaults, {@code "adam:beta1=0.8,eps=1e-6"}.
   *
   * @throws IllegalArgumentException if it describes none; the message says what is allowed
   */
  public static Optimizer parse(String text) {
    Optimizer parsed = ALL.parse(text);
    if (!parsed.name().equals(text.split(":", 2)[0])) {
      throw new IllegalArgumentException(
          "%s would be %s: choose that".formatted(text, parsed.name()));
    }
    return parsed;
  }

  /**
   * The text of a rule with all its hyperparameters, {@code "sgd:lr=0.01"}, from which {@link
   * #parse} makes it again.
   */
  public static String text(Optimizer rule) {
    return Registry.text(rule.name(), hyperparameters(rule));
  }

  /** Its hyperparameters that are numbers, in the order of its declaration. */
  public static Map<String, Double> hyperparameters(Optimizer rule) {
    return Registry.hyperparameters(rule);
  }
}
