package org.thalweg.cli;

import java.io.PrintWriter;
import java.util.Map;
import org.thalweg.numeric.Registry;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Traits;

/** The output of {@code --optimizer help}. */
final class OptimizerList {
  private OptimizerList() {}

  static void print(PrintWriter out) {
    out.println(
        "w is a parameter, g its gradient, t the number of the update; other letters are state,");
    out.println("0 at first unless the formula says what.");
    out.println(
        "Hyperparameters differ from these where they are named: --optimizer"
            + " adam:beta1=0.8,eps=1e-6");
    for (Optimizer rule : Optimizers.all()) {
      Map<String, Double> defaults = Optimizers.hyperparameters(rule);
      defaults.remove("lr");
      out.printf("%n%s%n", Registry.text(rule.name(), defaults));
      for (String line : rule.definition().formula().split("; ")) {
        out.printf("    %s%n", line);
      }
    }
    traits(out);
    out.printf("%nWith --weight-decay X every rule multiplies w by 1 - lr*X first.%n");
    out.println("The learning rate lr is that of --lr, times the factor of --schedule.");
    out.flush();
  }

  /** Prints which moments each rule tracks. */
  private static void traits(PrintWriter out) {
    String row = "%-27s %-13s %-14s %-6s %s%n";
    out.printf("%n" + row, "", "first moment", "second moment", "leaky", "bias correction");
    for (Optimizer rule : Optimizers.all()) {
      Traits traits = rule.definition().traits();
      out.printf(
          row,
          rule.name(),
          word(traits.first()),
          word(traits.second()),
          word(traits.leaky()),
          word(traits.corrected()));
    }
  }

  private static String word(boolean has) {
    return has ? "yes" : "-";
  }
}
