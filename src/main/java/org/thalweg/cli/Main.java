package org.thalweg.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.thalweg.data.DataException;
import org.thalweg.device.MemoryException;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.Reason;
import org.thalweg.train.TrainingException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code thalweg}. Exit codes: 0 done, 1 failed, 2 wrong usage. */
@Command(
    name = "thalweg",
    description = "Training on NVIDIA GPUs, and in plain Java with the same bits.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      TrainCommand.class,
      EvalCommand.class,
      PredictCommand.class,
      ProbeCommand.class,
      CompareCommand.class,
      GradCheckCommand.class,
      LectureCommand.class,
      DevicesCommand.class,
      SelfTestCommand.class,
      BenchCommand.class
    })
public final class Main {
  /** Columns of the help: picocli takes no less, and longer lines are hard to read. */
  private static final int NARROWEST = 55;

  private static final int WIDEST = 100;

  private static final int FAILED = 1;
  private static final int WRONG_USAGE = 2;

  /** Read by the scripts that start the command. */
  private static final String VECTORS = "THALWEG_VECTORS";

  private Main() {}

  /** Starts the command and ends the process with its exit code. */
  public static void main(String[] args) {
    Locale.setDefault(Locale.ROOT); // numbers are printed with a decimal point in every country
    StandardOutput out = new StandardOutput();
    System.setOut(new PrintStream(out, false, StandardCharsets.UTF_8));
    System.setErr(
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
    System.getenv().keySet().stream()
        .filter(name -> name.startsWith("THALWEG_") && !name.startsWith("THALWEG_SIM_"))
        .filter(name -> !name.equals(JavaDevice.THREADS) && !name.equals(VECTORS))
        .forEach(
            name ->
                System.err.printf(
                    "thalweg: warning: there is no variable %s; there are %s, %s and"
                        + " THALWEG_SIM_*%n",
                    name, JavaDevice.THREADS, VECTORS));
    int code = FAILED;
    try {
      code = run(args);
    } catch (Error e) {
      boolean memory = e instanceof OutOfMemoryError;
      System.err.println(
          "thalweg: "
              + (memory ? "out of memory; java -Xmx8g allows 8 GB: " : "")
              + e.getMessage());
    }
    if (out.failure() != null) {
      System.err.println("thalweg: standard output: " + out.failure());
      code = FAILED;
    }
    System.exit(code);
  }

  /** Runs the command on System.out and System.err, in UTF-8; returns the exit code. */
  public static int run(String... args) {
    CommandLine line = commands();
    line.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    try {
      return run(line, args);
    } finally {
      line.getOut().flush();
      System.out.flush();
    }
  }

  /** The command with all its verbs. */
  static CommandLine commands() {
    return reading(new Main());
  }

  /** A command that reads its options as all verbs do. */
  static CommandLine reading(Object command) {
    CommandLine line = new CommandLine(command).setCaseInsensitiveEnumValuesAllowed(true);
    Numbers.readIn(line);
    return line;
  }

  private static int run(CommandLine line, String... args) {
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          command.getErr().println("thalweg: " + explain(failure));
          return FAILED;
        });
    line.setExecutionStrategy(
        parsed -> {
          if (!parsed.hasSubcommand() && !parsed.unmatched().isEmpty()) { // before --help
            throw new CommandLine.UnmatchedArgumentException(line, parsed.unmatched());
          }
          Mistakes.refuseRepeated(parsed);
          return new CommandLine.RunLast().execute(parsed);
        });
    line.setParameterExceptionHandler(
        (mistake, arguments) -> {
          CommandLine command = mistake.getCommandLine();
          command
              .getErr()
              .printf(
                  "thalweg: %s (see %s --help)%n",
                  Mistakes.explain(mistake), command.getCommandSpec().qualifiedName());
          return WRONG_USAGE;
        });
    List<String> words = new ArrayList<>(List.of(args));
    String encoding = System.getProperty("sun.jnu.encoding");
    if (!"UTF-8".equals(encoding) && words.stream().anyMatch(word -> word.contains("\ufffd"))) {
      line.getErr()
          .printf(
              "thalweg: some characters typed are not in this locale's encoding, %s:"
                  + " export LC_ALL=C.UTF-8%n",
              encoding);
      return WRONG_USAGE;
    }
    if (args.length > 0 && args[0].equals("help")) { // the same as --help at the end
      words.remove(0);
      words.add("--help");
    }
    if (words.isEmpty() || words.contains("--help") || words.contains("-h")) {
      line.setUsageHelpWidth(Math.max(NARROWEST, Math.min(WIDEST, Terminal.columns())));
    }
    if (words.isEmpty()) {
      line.usage(line.getErr());
      return WRONG_USAGE;
    }
    return line.execute(words.toArray(String[]::new));
  }

  static String explain(Throwable failure) {
    if (failure instanceof IOException io) {
      return Reason.withFile(io);
    }
    if (failure instanceof InvalidPathException name) {
      return name.getInput() + " cannot be the name of a file here: " + name.getReason();
    }
    String message = failure.getMessage();
    return message == null ? "a fault of the program itself" : message + option(failure);
  }

  /** The option that does what a message advises. */
  private static String option(Throwable failure) {
    if (failure instanceof DataException data && data.isMissing()) {
      return " by --data-dir";
    }
    if (failure instanceof TrainingException training && training.isDiverged()) {
      return " (--lr)";
    }
    if (failure instanceof MemoryException memory) {
      return switch (memory.remedy()) {
        case NONE -> "";
        case SMALLER_BATCH -> " (--batch)";
        case MINIBATCHES -> " (--method minibatch)";
      };
    }
    return "";
  }

  /** The version in the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"thalweg " + (version == null ? "(not from a jar)" : version)};
    }
  }
}
