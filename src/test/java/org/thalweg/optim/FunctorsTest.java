package org.thalweg.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A rule's functor in {@code kernels/rules.cuh} and its record have the same numbers, by the same
 * names, in the same order: the kernel reads the step table's columns into the functor's members.
 */
class FunctorsTest {
  private static final Pattern COLUMN = Pattern.compile("(\\w+) = c\\[(\\d+)]");

  static Stream<Optimizer> rules() {
    return Stream.concat(Optimizers.all().stream(), Stream.of(Group.SHRINK))
        .flatMap(rule -> Stream.of(rule, rule.lookAhead()))
        .filter(rule -> rule != null);
  }

  @ParameterizedTest
  @MethodSource("rules")
  void membersAreTheColumns(Optimizer rule) throws IOException {
    String source =
        Files.readString(Path.of("kernels/rules.cuh"))
            + Files.readString(Path.of("kernels/optimizers.cu"));
    String kernel = rule.definition().kernel();
    String name = only(source, "(?:X|THALWEG_ALL_TYPES)\\(" + kernel + ", (\\w+)\\)");
    Matcher alias = Pattern.compile("using " + name + " =\\s+(\\w+)<").matcher(source);
    String functor = alias.find() ? alias.group(1) : name;
    String body = only(source, "(?s)\\nstruct " + functor + " : (Rule<.*?\\n};)\\n");
    List<String> members = List.of(only(body, "\\n  T (\\w+(?:, \\w+)*);").split(", "));
    assertEquals(members.size(), rule.columns(), functor);

    // The record of the functor's name; what moves a parameter ahead stands in its rule's file.
    Class<?> outer = rule.getClass().getEnclosingClass();
    Path java =
        Path.of(
            "src/main/java/org/thalweg/optim",
            (outer != null ? outer.getSimpleName() : functor) + ".java");
    TreeMap<Integer, String> columns = new TreeMap<>();
    Matcher column = COLUMN.matcher(Files.readString(java));
    while (column.find()) {
      int at = Integer.parseInt(column.group(2));
      String before = columns.put(at, column.group(1));
      assertTrue(before == null || before.equals(column.group(1)), java + " c[" + at + "]");
    }
    assertEquals(
        members, List.copyOf(columns.tailMap(Group.COLUMNS).values()), java + " and " + functor);
    assertEquals(Group.COLUMNS + members.size() - 1, columns.lastKey(), java.toString());
  }

  /** What the group stands for in the one place where it is found. */
  private static String only(String text, String pattern) {
    List<String> found =
        Pattern.compile(pattern).matcher(text).results().map(match -> match.group(1)).toList();
    assertEquals(1, found.size(), pattern + " in kernels/rules.cuh and optimizers.cu: " + found);
    return found.get(0);
  }
}
