package org.thalweg.loss;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.thalweg.numeric.Registry;

/** The registry of losses. */
public final class Losses {
  private static final Registry<Loss> ALL =
      new Registry<>(
          "loss",
          List.of(
              new SoftmaxCrossEntropy(0), new Hinge(false), new Hinge(true), new SmoothHinge(2)),
          Loss::name);

  private Losses() {}

  /** All of them. */
  public static List<Loss> all() {
    return ALL.all();
  }

  /** Their names. */
  public static List<String> names() {
    return ALL.names();
  }

  /**
   * The loss that a text describes: its name, and after a colon the hyperparameters that differ
   * from the defaults, {@code "softmax:smoothing=0.1"}.
   *
   * @throws IllegalArgumentException if it describes none; the message says what is allowed
   */
  public static Loss parse(String text) {
    return ALL.parse(text);
  }

  /** The text from which {@link #parse} makes this loss. */
  public static String text(Loss loss) {
    return ALL.text(loss);
  }

  /**
   * The losses for checks of every loss: all with their defaults, and those with hyperparameters
   * once more, with each value v changed to v/2 + 0.1.
   */
  public static List<Loss> examples() {
    return ALL.all().stream().flatMap(loss -> Stream.of(loss, moved(loss)).distinct()).toList();
  }

  private static Loss moved(Loss loss) {
    String numbers =
        Registry.hyperparameters(loss).entrySet().stream()
            .map(number -> number.getKey() + "=" + (number.getValue() / 2 + 0.1))
            .collect(Collectors.joining(","));
    return numbers.isEmpty() ? loss : parse(loss.name() + ":" + numbers);
  }
}
