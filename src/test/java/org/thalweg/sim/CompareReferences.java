package org.thalweg.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.thalweg.sim.Reference.Register;

/** setp and selp. */
final class CompareReferences {
  private CompareReferences() {}

  static @Nullable Reference find(Instruction i) {
    PtxType type = i.types().get(0);
    if (i.opcode().equals("selp")) {
      return i.modifiers().isEmpty()
          ? Reference.of(
              type, List.of(type, type, PtxType.PRED), a -> Expected.bits(a[2] != 0 ? a[0] : a[1]))
          : null;
    }
    // setp.lt{.and}{.ftz}.type p{|q}, a, b{, c}: p = (a < b) and c, q = !(a < b) and c
    String relation = i.parts().get(1);
    boolean ftz = i.has("ftz");
    String combine = "";
    for (String m : i.modifiers().subList(1, i.modifiers().size())) {
      if (Set.of("and", "or", "xor").contains(m)) combine = m;
      else if (!m.equals("ftz")) return null;
    }
    String with = combine;
    boolean two = i.form().equals("with a predicate");
    List<Register> operands = new ArrayList<>(List.of(Register.of(type), Register.of(type)));
    if (!with.isEmpty()) operands.add(Register.of(PtxType.PRED));
    List<Register> results = new ArrayList<>(List.of(Register.of(PtxType.PRED)));
    if (two) results.add(Register.of(PtxType.PRED));
    return new Reference(
        (two ? "d|e" : "d") + ", a, b" + (with.isEmpty() ? "" : ", c"),
        results,
        operands,
        a -> {
          boolean holds =
              type.isFloat()
                  ? floats(type.format(), relation, ftz, a)
                  : integers(type, relation, a);
          Expected p = Expected.of(combined(with, holds, a));
          return two
              ? new Expected[] {p, Expected.of(combined(with, !holds, a))}
              : new Expected[] {p};
        });
  }

  private static boolean combined(String with, boolean holds, long[] a) {
    return switch (with) {
      case "and" -> holds && a[2] != 0;
      case "or" -> holds || a[2] != 0;
      case "xor" -> holds ^ a[2] != 0;
      default -> holds;
    };
  }

  /** Relations of numbers are false of a NaN; those that end in u are then true. */
  private static boolean floats(FloatFormat f, String relation, boolean ftz, long[] bits) {
    double a = f.toDouble(ftz ? f.flushed(bits[0]) : bits[0]);
    double b = f.toDouble(ftz ? f.flushed(bits[1]) : bits[1]);
    boolean nan = Double.isNaN(a) || Double.isNaN(b);
    if (relation.equals("num") || relation.equals("nan")) return nan == relation.equals("nan");
    if (nan) return relation.endsWith("u");
    return holds(relation.substring(0, 2), a < b ? -1 : a > b ? 1 : 0);
  }

  private static boolean integers(PtxType type, String relation, long[] a) {
    return holds(relation, type.integer(a[0]).compareTo(type.integer(a[1])));
  }

  private static boolean holds(String relation, int order) {
    return switch (relation) {
      case "eq" -> order == 0;
      case "ne" -> order != 0;
      case "lt", "lo" -> order < 0;
      case "le", "ls" -> order <= 0;
      case "gt", "hi" -> order > 0;
      case "ge", "hs" -> order >= 0;
      default -> throw new IllegalArgumentException("setp." + relation);
    };
  }
}
