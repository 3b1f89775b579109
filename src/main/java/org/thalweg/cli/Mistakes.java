package org.thalweg.cli;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.thalweg.numeric.Nearest;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** What was wrong with the command line, in one line. */
final class Mistakes {
  private Mistakes() {}

  static String explain(ParameterException mistake) {
    if (mistake instanceof UnmatchedArgumentException unknown) {
      return unknown(unknown.getCommandLine(), unknown.getUnmatched());
    }
    String message = String.valueOf(mistake.getMessage()).lines().findFirst().orElse("wrong usage");
    ArgSpec place = mistake.getArgSpec();
    String value = mistake.getValue();
    if (place == null || value == null) {
      return message;
    }
    String name = place instanceof OptionSpec option ? option.longestName() : place.paramLabel();
    Class<?> type = place.isMultiValue() ? place.auxiliaryTypes()[0] : place.type();
    Object[] names = type.getEnumConstants();
    return name
        + (names == null
            ? message.substring(message.indexOf(": ")) // after picocli's name of the place
            : " %s: %s"
                .formatted(
                    value,
                    Nearest.advice(
                        value,
                        Stream.of(names)
                            .map(one -> one.toString().toLowerCase(Locale.ROOT))
                            .toList())));
  }

  /**
   * Refuses an option that is there twice. picocli takes the second one of a group of options for
   * another group, and forgets the first group with all its options.
   *
   * @throws ParameterException if there is one
   */
  static void refuseRepeated(ParseResult parsed) {
    List<String> words =
        parsed.originalArgs().stream().takeWhile(word -> !word.equals("--")).toList();
    for (ParseResult verb = parsed; verb != null; verb = verb.subcommand()) {
      for (OptionSpec option : verb.commandSpec().options()) {
        if (option.isMultiValue()) continue;
        List<String> names = List.of(option.names());
        if (words.stream().filter(word -> names.contains(word.replaceFirst("=.*", ""))).count()
            > 1) {
          throw Usage.wrong(verb.commandSpec(), "%s: it is given twice", option.longestName());
        }
      }
    }
  }

  private static String unknown(CommandLine command, List<String> words) {
    String verb = command.getCommandSpec().qualifiedName();
    String word = words.get(0);
    if (word.startsWith("-")) {
      List<String> options =
          command.getCommandSpec().options().stream().map(OptionSpec::longestName).toList();
      String option = word.replaceFirst("=.*", "");
      return "%s: %s has no such option%s"
          .formatted(
              option,
              verb,
              Nearest.to(option, options).map(near -> "; did you mean " + near + "?").orElse(""));
    }
    return command.getSubcommands().isEmpty()
        ? "%s: %s takes no more than it has already".formatted(word, verb)
        : "there is no verb %s; %s"
            .formatted(
                word.isEmpty() ? "\"\"" : word,
                Nearest.advice(
                    word,
                    Stream.concat(command.getSubcommands().keySet().stream(), Stream.of("help"))
                        .toList()));
  }
}
