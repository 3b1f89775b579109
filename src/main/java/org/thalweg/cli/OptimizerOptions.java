package org.thalweg.cli;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.thalweg.compare.RateSearch;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import picocli.CommandLine.Model.CommandSpec;

/** Parses optimizers on the command line. */
final class OptimizerOptions {
  private OptimizerOptions() {}

  /** The names that the help lists: the registry. */
  static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Optimizers.names().iterator();
    }
  }

  /**
   * The optimizer that a text describes.
   *
   * @param option the option that the text belongs to
   * @param lr the value of --lr; null if not given
   * @param otherwise the learning rate if neither gives one
   * @param type that is computed in
   * @throws picocli.CommandLine.ParameterException if the text describes none, or both give the
   *     learning rate
   */
  static Optimizer parse(
      CommandSpec spec,
      String option,
      String text,
      @Nullable Double lr,
      double otherwise,
      ElementType type) {
    Optimizer rule = parse(spec, option, text, type);
    if (saidOnce(spec, option, text, lr)) {
      return rule;
    }
    double rate = lr == null ? otherwise : lr;
    return rated(spec, "--lr", rule, rate, type);
  }

  private static Optimizer parse(CommandSpec spec, String option, String text, ElementType type) {
    return Usage.checked(spec, option + " " + text, () -> checked(Optimizers.parse(text), type));
  }

  /**
   * The same optimizer with a learning rate that an option gives.
   *
   * @throws picocli.CommandLine.ParameterException if the type cannot compute it
   */
  static Optimizer rated(
      CommandSpec spec, String option, Optimizer rule, double lr, ElementType type) {
    return Usage.checked(
        spec, option + " " + Decimal.text(lr), () -> checked(rule.withLr(lr), type));
  }

  private static Optimizer checked(Optimizer rule, ElementType type) {
    Group.PLAIN.check(rule, type);
    return rule;
  }

  /**
   * Whether the text gives the learning rate.
   *
   * @throws picocli.CommandLine.ParameterException if --lr gives it too
   */
  static boolean saidOnce(CommandSpec spec, String option, String text, @Nullable Double lr) {
    if (saysLr(text) && lr != null) {
      throw Usage.wrong(spec, "--lr %s: %s %s gives lr too", lr, option, text);
    }
    return saysLr(text);
  }

  private static boolean saysLr(String text) {
    return text.matches(".*[:,]lr=.*");
  }

  /**
   * The optimizers that a list describes, by their texts, with the learning rates to try. An item
   * with a {@code =} but no colon is a hyperparameter of the optimizer before it; {@code all} means
   * the whole registry.
   *
   * @param option the option that the list belongs to
   * @param rates gives learning rates to those without one
   * @param type that is computed in
   * @throws picocli.CommandLine.ParameterException if one of the texts describes none, or two the
   *     same
   */
  static Map<String, RateSearch> list(
      CommandSpec spec,
      String option,
      String list,
      Function<Optimizer, RateSearch> rates,
      ElementType type) {
    Map<String, RateSearch> rules = new LinkedHashMap<>();
    String texts = list.replaceAll("(?<=^|,)all(?=,|$)", String.join(",", Optimizers.names()));
    for (String piece : texts.split(",(?=[^,=]*(:|,|$))", -1)) {
      String text = (piece.contains(":") ? piece : piece.replaceFirst(",", ":")).trim();
      if (text.isEmpty()) {
        throw Usage.wrong(spec, "%s \"%s\": there is an empty name in it", option, list);
      }
      Optimizer said = parse(spec, option, text, type);
      RateSearch rule = saysLr(text) ? RateSearch.none(said) : rates.apply(said);
      if (rules.containsValue(rule)) {
        throw Usage.wrong(spec, "%s %s: %s is there twice", option, list, text);
      }
      rules.put(text.replaceAll("[\\x00-\\x20]+", ""), rule);
    }
    return rules;
  }

  /** The format of a table column that holds these names. */
  static String column(Set<String> names) {
    return "%-" + Math.max(9, names.stream().mapToInt(String::length).max().orElse(0)) + "s";
  }

  /** Prints the learning rates that were tried, those taken with a star; nothing where none was. */
  static <T> void tried(
      PrintWriter print, String names, Map<String, RateSearch.Found<T>> found, String best) {
    if (found.values().stream().allMatch(one -> one.tried().size() == 1)) {
      return;
    }
    print.printf("lr          tried; * %s:%n", best);
    found.forEach(
        (name, one) ->
            print.printf(
                "  " + names + "  %s%n",
                name,
                one.tried().keySet().stream()
                    .map(rate -> (rate == one.rate() ? "*" : "") + lr(rate))
                    .collect(Collectors.joining(" "))));
  }

  /** A learning rate, short enough for a table. */
  static String lr(double rate) {
    BigDecimal digits = new BigDecimal(rate).round(new MathContext(4));
    return Decimal.text(digits.doubleValue());
  }
}
