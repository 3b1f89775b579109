package org.thalweg.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.stream.Collectors;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/** What {@code --optimizer help} prints. */
final class OptimizerList {
  private OptimizerList() {}

  static void print(PrintWriter out) {
    out.println(
        "w is a parameter, g its gradient, t the number of the update; other letters are state, from 0.");
    out.println(
        "Hyperparameters differ from these where they are named: --optimizer adam:beta1=0.8,eps=1e-6");
    for (Optimizer rule : Optimizers.all()) {
      String defaults =
          Optimizers.hyperparameters(rule).entrySet().stream()
              .filter(number -> !number.getKey().equals("lr"))
              .map(OptimizerList::text)
              .collect(Collectors.joining(", "));
      out.printf(
          "%n%s%n", defaults.isEmpty() ? rule.name() : "%-27s %s".formatted(rule.name(), defaults));
      for (String line : rule.formula().split("; ")) {
        out.printf("    %s%n", line);
      }
    }
    out.printf("%nadamw is adam with --weight-decay X; every other rule takes that, too.%n");
    out.println("The learning rate lr is that of --lr, times the factor of --schedule.");
    out.flush();
  }

  /** {@code name=value}, the value as short as people write it. */
  static String text(Map.Entry<String, Double> number) {
    double value = number.getValue();
    return number.getKey()
        + "="
        + Double.toString(value).replaceFirst("\\.0(?=E|$)", "").replace('E', 'e');
  }
}
