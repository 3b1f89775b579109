package org.thalweg.loss;

import java.util.List;

/** The one registry of losses. */
public final class Losses {
  private static final List<Loss> ALL =
      List.of(new SoftmaxCrossEntropy(), new Hinge(false), new Hinge(true));

  private Losses() {}

  /** All of them. */
  public static List<Loss> all() {
    return ALL;
  }

  /** Their names. */
  public static List<String> names() {
    return ALL.stream().map(Losses::name).toList();
  }

  /** The name of a loss: {@code "squared-hinge"}. */
  public static String name(Loss loss) {
    return loss.kernel().replace('_', '-');
  }

  /**
   * The loss of that name.
   *
   * @throws IllegalArgumentException if there is none; the message lists those that are
   */
  public static Loss named(String name) {
    return ALL.stream()
        .filter(loss -> name(loss).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no loss is called %s; there are %s"
                        .formatted(name, String.join(", ", names()))));
  }
}
