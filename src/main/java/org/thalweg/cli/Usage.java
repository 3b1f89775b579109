package org.thalweg.cli;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.util.function.Supplier;
import org.thalweg.numeric.Require;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Errors in the use of the command line. */
final class Usage {
  private Usage() {}

  @FormatMethod
  static ParameterException wrong(
      CommandSpec spec, @FormatString String message, Object... arguments) {
    return new ParameterException(spec.commandLine(), Require.text(message, arguments));
  }

  /**
   * Makes something from an option's value.
   *
   * @param option the option with its value
   * @throws ParameterException if the value is not allowed; the message has the option, its value,
   *     and what is allowed
   */
  static <T> T checked(CommandSpec spec, String option, Supplier<T> make) {
    try {
      return make.get();
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      String value = option.substring(option.indexOf(' ') + 1);
      if (message.endsWith(": " + value)) { // the message has the value already
        message = message.substring(0, message.length() - value.length() - 2);
      }
      message = message.replace(variable(option), words(option));
      throw wrong(spec, "%s", option.isEmpty() ? message : option + ": " + message);
    }
  }

  /** The name that Java code has for an option's value: initScale for "--init-scale 1e-50". */
  private static String variable(String option) {
    String words = words(option);
    StringBuilder name = new StringBuilder(words);
    for (int at = name.indexOf(" "); at >= 0; at = name.indexOf(" ")) {
      name.deleteCharAt(at).setCharAt(at, Character.toUpperCase(name.charAt(at)));
    }
    return name.toString();
  }

  /** Its name without hyphens. */
  private static String words(String option) {
    return option.split(" ", 2)[0].replaceFirst("^--", "").replace('-', ' ');
  }
}
