package org.thalweg.cli;

import java.util.Iterator;
import org.jspecify.annotations.Nullable;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import picocli.CommandLine.Model.CommandSpec;

/** Optimizers as they are written on the command line. */
final class OptimizerOptions {
  private OptimizerOptions() {}

  /** What the help lists: the registry. */
  static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Optimizers.names().iterator();
    }
  }

  /**
   * The optimizer that a text describes.
   *
   * @param option that has the text
   * @param lr of --lr; null where that was not given
   * @param otherwise the learning rate where neither says one
   * @throws picocli.CommandLine.ParameterException if the text describes none, or both say the learning rate
   */
  static Optimizer parse(
      CommandSpec spec, String option, String text, @Nullable Double lr, double otherwise) {
    Optimizer rule = Usage.checked(spec, option + " " + text, () -> Optimizers.parse(text));
    if (saidOnce(spec, option, text, lr)) {
      return rule;
    }
    double rate = lr == null ? otherwise : lr;
    return Usage.checked(spec, "--lr " + rate, () -> rule.withLr(rate));
  }

  /**
   * Whether the text says the learning rate.
   *
   * @throws picocli.CommandLine.ParameterException if --lr does so, too
   */
  static boolean saidOnce(CommandSpec spec, String option, String text, @Nullable Double lr) {
    boolean inText = text.matches(".*[:,]lr=.*");
    if (inText && lr != null) {
      throw Usage.wrong(spec, "--lr %s: %s %s says lr, too", lr, option, text);
    }
    return inText;
  }
}
