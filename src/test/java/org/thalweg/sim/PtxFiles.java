package org.thalweg.sim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The PTX in the tree, shipped and of the tests, and which instructions it contains. */
final class PtxFiles {
  private static final List<Path> FOLDERS =
      List.of(Path.of("kernels/ptx"), Path.of("src/test/resources/kernels"));

  private static final Pattern COMMENT = Pattern.compile("//[^\n]*|/\\*.*?\\*/", Pattern.DOTALL);
  private static final Pattern REGISTERS = Pattern.compile("\\.reg\\s+\\.(\\w+)\\s+([^;]+);");

  private PtxFiles() {}

  static List<Path> all() throws IOException {
    List<Path> found = new ArrayList<>();
    for (Path folder : FOLDERS) {
      try (Stream<Path> files = Files.walk(folder)) {
        files.filter(p -> p.toString().endsWith(".ptx")).sorted().forEach(found::add);
      }
    }
    return found;
  }

  /** Each instruction once, with the first place where it stands. */
  static SortedMap<Instruction, String> instructions() throws IOException {
    SortedMap<Instruction, String> found = new TreeMap<>();
    for (Path file : all()) {
      instructions(Files.readString(file)).forEach(i -> found.putIfAbsent(i, file.toString()));
    }
    return found;
  }

  static List<Instruction> instructions(String text) {
    String bare = COMMENT.matcher(text).replaceAll(" ");
    Map<String, Integer> widths = registerWidths(bare);
    List<Instruction> found = new ArrayList<>();
    // A brace that begins a line opens or closes a scope; elsewhere it groups operands.
    for (String statement : bare.split(";|(?m:^\\s*[{}])|\\)\\s*\\{")) {
      String rest =
          statement
              .strip()
              .replaceFirst("^([{}()\\s]|[\\w$]+:(?!:))+", "")
              .replaceFirst("^@!?[\\w%]+\\s+", "");
      if (rest.isEmpty() || !Character.isLetter(rest.charAt(0))) continue;
      String mnemonic = rest.split("\\s", 2)[0];
      String operands = rest.substring(mnemonic.length()).strip();
      found.add(new Instruction(mnemonic, form(mnemonic, operands, widths)));
    }
    return found;
  }

  private static String form(String mnemonic, String operands, Map<String, Integer> widths) {
    String opcode = mnemonic.split("\\.")[0];
    if (opcode.matches("ld|st|cvt")) {
      List<String> moved = new ArrayList<>();
      for (String operand : operands.replaceAll("\\[[^]]*\\]|[{}\\s]", "").split(",")) {
        if (operand.isEmpty()) continue;
        Integer width = width(operand, widths);
        moved.add(String.valueOf(width == null ? typeBits(mnemonic) : width));
      }
      return String.join(",", moved);
    }
    Matcher special =
        Pattern.compile(",\\s*(%[a-z_]+\\.[xyz]|%(?:lane|warp)\\w+)$").matcher(operands);
    if (opcode.equals("mov") && special.find()) return special.group(1);
    int brace = operands.indexOf('{');
    if (opcode.equals("mov") && brace >= 0) return brace == 0 ? "{} from" : "to {}";
    return operands.matches("[\\w%]+\\s*\\|.*") ? "with a predicate" : "";
  }

  private static @Nullable Integer width(String register, Map<String, Integer> widths) {
    Integer named = widths.get(register);
    return named != null ? named : widths.get(register.replaceFirst("\\d+$", "<"));
  }

  private static int typeBits(String mnemonic) {
    String type = mnemonic.substring(mnemonic.lastIndexOf('.') + 1);
    return Objects.requireNonNull(PtxType.of(type), mnemonic).registerBits();
  }

  /** Of each register by its name, and of each range such as {@code %r<5>} by {@code %r<}. */
  private static Map<String, Integer> registerWidths(String text) {
    Map<String, Integer> widths = new HashMap<>();
    Matcher declaration = REGISTERS.matcher(text);
    while (declaration.find()) {
      PtxType type = Objects.requireNonNull(PtxType.of(declaration.group(1)), declaration.group());
      for (String name : declaration.group(2).split(",")) {
        widths.put(name.strip().replaceFirst("<\\s*\\d+\\s*>", "<"), type.registerBits());
      }
    }
    return widths;
  }
}
