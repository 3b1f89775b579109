package org.thalweg.cli;

import org.thalweg.numeric.Decimal;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** Reads the numbers of the command line: decimal ones only. */
final class Numbers {
  private Numbers() {}

  /** Lets a command and its verbs read them so. */
  static void readIn(CommandLine line) {
    line.registerConverter(double.class, Numbers::number);
    line.registerConverter(Double.class, Numbers::number);
    line.registerConverter(int.class, Numbers::whole);
    line.registerConverter(Integer.class, Numbers::whole);
    line.registerConverter(long.class, text -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE));
  }

  private static double number(String text) {
    try {
      return Decimal.parse(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  private static int whole(String text) {
    return (int) whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  private static long whole(String text, long least, long most) {
    if (!text.matches("[+-]?[0-9]+")) {
      throw new TypeConversionException(
          "expected a whole number, in digits as 1000, not \"%s\"".formatted(text));
    }
    try {
      long number = Long.parseLong(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException tooLarge) {
      // Reported below.
    }
    throw new TypeConversionException(
        "expected a number of at most %d in size, not \"%s\"".formatted(most, text));
  }
}
