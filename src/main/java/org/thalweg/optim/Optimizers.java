package org.thalweg.optim;

import java.util.List;
import java.util.Map;
import org.thalweg.numeric.Registry;

/** The registry of optimizers, with PyTorch's defaults for the rules that PyTorch has. */
public final class Optimizers {
  private static final Registry<Optimizer> ALL =
      new Registry<>(
          "optimizer",
          List.of(
              new Sgd(1e-3),
              new Asgd(1e-2, 1e-4, 0.75, 1e6),
              new Momentum(1e-3, 0.9, 0),
              new ClassicalMomentum(1e-3, 0.9),
              new Nesterov(1e-3, 0.9),
              new NesterovLookAhead(1e-3, 0.9),
              new AdaGrad(1e-2, 0, 0, 1e-10),
              new RmsProp(1e-2, 0.99, 1e-8, false, 0),
              new RmsProp(1e-2, 0.99, 1e-8, false, 0.9),
              new RmsProp(1e-2, 0.99, 1e-8, true, 0),
              new RmsProp(1e-2, 0.99, 1e-8, true, 0.9),
              new Adam(1e-3, 0.9, 0.999, 1e-8),
              new AdamW(1e-3, 0.9, 0.999, 1e-8, 1e-2),
              new AdamUncorrected(1e-3, 0.9, 0.999, 1e-8),
              new AmsGrad(1e-3, 0.9, 0.999, 1e-8),
              new RAdam(1e-3, 0.9, 0.999, 1e-8),
              new NAdam(2e-3, 0.9, 0.999, 1e-8),
              new NAdamW(2e-3, 0.9, 0.999, 1e-8, 1e-2),
              new Adamax(2e-3, 0.9, 0.999, 1e-8),
              new AdaBelief(1e-3, 0.9, 0.999, 1e-16),
              new Yogi(1e-2, 0.9, 0.999, 1e-3, 1e-6),
              new Adadelta(1, 0.9, 1e-6),
              new Rprop(1e-2, 0.5, 1.2, 1e-6, 50),
              new Lion(1e-4, 0.9, 0.99)),
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
