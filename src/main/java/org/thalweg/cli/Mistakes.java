package org.thalweg.cli;

import java.util.List;
import java.util.stream.Stream;
import org.thalweg.numeric.Nearest;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
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
    Object[] names = place.type().getEnumConstants();
    return name
        + (names == null
            ? message.substring(message.indexOf(": ")) // after picocli's name of the place
            : " %s: %s"
                .formatted(
                    value, Nearest.advice(value, Stream.of(names).map(Object::toString).toList())));
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
            .formatted(word, Nearest.advice(word, command.getSubcommands().keySet()));
  }
}
