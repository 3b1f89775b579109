package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.compare.Surfaces;
import org.thalweg.data.Datasets;
import picocli.CommandLine.Model.OptionSpec;

/** Every option of every verb, misspelt and with values that are none. */
class MistakesTest {
  private static final Set<Class<?>> NUMBERS =
      Set.of(double.class, Double.class, int.class, Integer.class, long.class);

  static Stream<List<String>> options() {
    return Main.commands().getSubcommands().entrySet().stream()
        .flatMap(
            verb ->
                verb.getValue().getCommandSpec().options().stream()
                    .map(option -> List.of(verb.getKey(), option.longestName())));
  }

  static Stream<List<String>> numbers() {
    return options().filter(option -> NUMBERS.contains(spec(option).type()));
  }

  private static OptionSpec spec(List<String> option) {
    return Main.commands()
        .getSubcommands()
        .get(option.get(0))
        .getCommandSpec()
        .findOption(option.get(1));
  }

  private static String refused(String... arguments) {
    MainTest.Outcome outcome = MainTest.run(arguments);
    assertEquals(2, outcome.code(), outcome.err());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
    return outcome.err();
  }

  /** It would cost the other options of its group. */
  @ParameterizedTest
  @MethodSource("options")
  void anOptionThatIsThereTwiceIsRefused(List<String> option) {
    OptionSpec spec = spec(option);
    Object[] names = spec.type().getEnumConstants();
    String other = spec.type() == Character.class ? "," : "1";
    String value = names == null ? other : names[0].toString();
    String word = option.get(1) + (spec.arity().max() == 0 ? "" : "=" + value);
    if (spec.usageHelp() || spec.versionHelp() || spec.isMultiValue()) return;
    List<String> words = new ArrayList<>(List.of(option.get(0), word, word));
    // What the verb needs beside it.
    words.addAll(
        switch (option.get(0)) {
          case "eval", "predict" -> List.of("model", "data");
          default -> List.of();
        });
    String message = refused(words.toArray(String[]::new));
    assertTrue(message.startsWith("thalweg: "), message);
    assertTrue(message.contains(option.get(1)), message);
    assertTrue(message.contains("twice") || message.contains("only once"), message);
  }

  /** Each name of data or a surface, misspelt, in each verb that takes it. */
  @Test
  void aMisspeltNameIsGuessed() {
    List<String> names =
        Stream.concat(Datasets.names().stream(), Surfaces.names().stream()).toList();
    for (String name : names) {
      String misspelt = name.substring(0, name.length() - 2) + name.substring(name.length() - 1);
      List<String> verbs =
          Datasets.names().contains(name)
              ? List.of("train", "gradcheck", "compare")
              : List.of("compare");
      for (String verb : verbs) {
        String message = refused(verb, misspelt);
        assertTrue(message.contains(misspelt), message);
        assertTrue(message.contains("did you mean " + name + "? "), message);
      }
    }
    for (String verb : Main.commands().getSubcommands().keySet()) {
      String misspelt = verb.substring(0, verb.length() - 1);
      assertTrue(refused(misspelt).contains("did you mean " + verb + "? "), misspelt);
      assertTrue(refused("help", misspelt).contains("did you mean " + verb + "? "), misspelt);
    }
  }

  @Test
  void thereAreNumbers() {
    assertTrue(numbers().count() >= 20, "else the test below runs over nothing");
  }

  @ParameterizedTest
  @MethodSource("numbers")
  void aNumberThatCannotBeReadNamesItsOption(List<String> option) {
    boolean whole = !Set.of(double.class, Double.class).contains(spec(option).type());
    String expected = whole ? "a whole number, in digits" : "a number, not ";
    List<String> values = new ArrayList<>(List.of("abc", "20f", "1e3d", "0x1p3", "1,5", "", " 1"));
    values.addAll(whole ? List.of("1e3", "1.5", "3.0", "1e-3") : List.of());
    for (String value : values) {
      String message = refused(option.get(0), option.get(1) + "=" + value);
      String beginning = "thalweg: " + option.get(1) + ": expected " + expected;
      assertTrue(message.startsWith(beginning), message);
      assertTrue(message.contains(", not \"" + value + "\" (see "), message);
    }
    String large = refused(option.get(0), option.get(1) + "=1" + "0".repeat(400));
    assertTrue(large.startsWith("thalweg: " + option.get(1) + ": expected "), large);
    assertTrue(large.contains(whole ? "a number of at most " : "308 in size"), large);
  }

  @ParameterizedTest
  @MethodSource("options")
  void aMisspeltOptionIsGuessed(List<String> option) {
    String name = option.get(1);
    String misspelt =
        name.substring(0, name.length() - 2) + "z" + name.substring(name.length() - 1);
    String guess = "; did you mean " + name + "?";
    for (String text : name.length() < 6 ? List.<String>of() : List.of(misspelt, misspelt + "=1")) {
      boolean model = List.of("eval", "predict").contains(option.get(0));
      String message =
          model ? refused(option.get(0), text, "m", "f") : refused(option.get(0), text);
      assertTrue(message.startsWith("thalweg: " + misspelt + ": "), message);
      assertTrue(message.contains(guess), message);
    }
  }
}
