package org.thalweg.cli;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The terminal that the command was typed in. */
final class Terminal {
  /** Where nothing says how wide it is. */
  private static final int USUAL = 80;

  private Terminal() {}

  /** Whether there is one. From JDK 22 on there can be a console without a terminal. */
  @SuppressWarnings("SystemConsoleNull") // which is asked, too
  static boolean exists() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (ReflectiveOperationException before22) {
      return true;
    }
  }

  /** Its columns: of the variable COLUMNS, else as stty says. */
  static int columns() {
    String said = System.getenv("COLUMNS");
    if (said != null && said.matches("[1-9][0-9]{0,3}")) {
      return Integer.parseInt(said);
    }
    if (!exists()) {
      return USUAL;
    }
    try {
      Process stty = new ProcessBuilder("stty", "size").redirectInput(new File("/dev/tty")).start();
      String size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      return size.strip().matches("[0-9]+ [1-9][0-9]{0,3}")
          ? Integer.parseInt(size.strip().replaceFirst(".* ", ""))
          : USUAL;
    } catch (IOException noStty) {
      return USUAL;
    }
  }
}
