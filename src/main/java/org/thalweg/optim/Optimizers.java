package org.thalweg.optim;

import java.util.List;

/** The one registry: every optimizer with PyTorch's defaults, where it has any. */
public final class Optimizers {
  private static final List<Optimizer> ALL =
      List.of(
          new Sgd(1e-3),
          new Momentum(1e-3, 0.9, 0),
          new RmsProp(1e-2, 0.99, 1e-8),
          new Adam(1e-3, 0.9, 0.999, 1e-8));

  private Optimizers() {}

  /** All of them, in the order of the lecture. */
  public static List<Optimizer> all() {
    return ALL;
  }

  /** Their names. */
  public static List<String> names() {
    return ALL.stream().map(Optimizer::name).toList();
  }

  /**
   * The optimizer of that name.
   *
   * @throws IllegalArgumentException if there is none; the message lists those that are
   */
  public static Optimizer named(String name) {
    return ALL.stream()
        .filter(optimizer -> optimizer.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no optimizer is called "
                        + name
                        + "; there are "
                        + String.join(", ", names())));
  }
}
