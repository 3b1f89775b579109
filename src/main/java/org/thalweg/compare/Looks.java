package org.thalweg.compare;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.thalweg.optim.Optimizers;

/** Which colour and dash an optimizer has: the same in every picture. */
public final class Looks {
  /** The first looks, which differ most, are those of the optimizers that are compared most. */
  private static final List<String> FIRST =
      List.of("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw");

  private Looks() {}

  /** The look of the optimizer of this name. */
  public static int of(String optimizer) {
    List<String> all = new ArrayList<>(FIRST);
    Optimizers.names().stream().filter(name -> !FIRST.contains(name)).forEach(all::add);
    return all.indexOf(optimizer);
  }

  /**
   * The looks of what some optimizers did, by their texts; where an optimizer is there twice, with
   * other hyperparameters, the second has a look that no other has.
   *
   * @param name of the optimizer
   */
  static <T> Map<String, Integer> of(Map<String, T> done, Function<T, String> name) {
    Map<String, Integer> looks = new LinkedHashMap<>();
    done.forEach((text, one) -> looks.put(text, of(name.apply(one))));
    List<Integer> given = new ArrayList<>(looks.values());
    List<Integer> seen = new ArrayList<>();
    looks.replaceAll(
        (text, look) -> {
          int free =
              seen.contains(look)
                  ? IntStream.iterate(0, i -> i + 1)
                      .filter(i -> !given.contains(i) && !seen.contains(i))
                      .findFirst()
                      .orElseThrow()
                  : look;
          seen.add(free);
          return free;
        });
    return looks;
  }
}
