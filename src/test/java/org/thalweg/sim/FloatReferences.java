package org.thalweg.sim;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Floating-point arithmetic: exact rational results, rounded once. */
final class FloatReferences {
  private static final Set<String> DIRECTIONS = Set.of("rn", "rz", "rm", "rp");

  private FloatReferences() {}

  static @Nullable Reference find(Instruction i) {
    if (i.has("approx") || i.has("full")) return ApproximateReferences.find(i);
    PtxType type = i.types().get(0);
    FloatFormat f = type.format();
    boolean ftz = i.has("ftz");
    boolean sat = i.has("sat");
    // Without a direction: to nearest even.
    String direction = i.modifiers().stream().filter(DIRECTIONS::contains).findFirst().orElse("rn");
    for (String m : i.modifiers()) {
      boolean known = DIRECTIONS.contains(m) || m.equals("ftz") || m.equals("sat");
      if (!known && !i.opcode().equals("testp")) return null;
    }
    Arithmetic arithmetic = new Arithmetic(f, direction, ftz, sat);
    return switch (i.opcode()) {
      case "add" -> of(type, 2, arithmetic, a -> arithmetic.sum(a[0], a[1]));
      case "sub" -> of(type, 2, arithmetic, a -> arithmetic.sum(a[0], a[1] ^ f.sign()));
      case "mul" -> of(type, 2, arithmetic, a -> arithmetic.product(a[0], a[1]));
      case "fma", "mad" -> of(type, 3, arithmetic, a -> arithmetic.fused(a[0], a[1], a[2]));
      case "div" -> of(type, 2, arithmetic, a -> arithmetic.quotient(a[0], a[1]));
      case "rcp" -> of(type, 1, arithmetic, a -> arithmetic.quotient(f.one(), a[0]));
      case "sqrt" -> of(type, 1, arithmetic, a -> arithmetic.root(a[0]));
      case "min" -> of(type, 2, arithmetic, a -> extreme(f, a[0], a[1], false));
      case "max" -> of(type, 2, arithmetic, a -> extreme(f, a[0], a[1], true));
      case "abs" -> of(type, 1, arithmetic, a -> orNan(f, a[0], a[0] & ~f.sign()));
      case "neg" -> of(type, 1, arithmetic, a -> orNan(f, a[0], a[0] ^ f.sign()));
      case "copysign" ->
          Reference.of(
              type,
              List.of(type, type),
              a -> Expected.bits((a[0] & f.sign()) | (a[1] & ~f.sign())));
      case "testp" ->
          Reference.of(
              PtxType.PRED, List.of(type), a -> Expected.of(property(f, i.parts().get(1), a[0])));
      default -> null;
    };
  }

  /** A function of numbers that are flushed first where .ftz asks for it. */
  private static Reference of(
      PtxType type, int operands, Arithmetic arithmetic, Reference.SingleRule rule) {
    return Reference.of(
        type,
        Collections.nCopies(operands, type),
        a -> {
          long[] flushed = a.clone();
          for (int k = 0; arithmetic.ftz() && k < a.length; k++) {
            flushed[k] = arithmetic.format().flushed(a[k]);
          }
          return rule.of(flushed);
        });
  }

  /** The sign of a NaN's result, and its payload, are unspecified. */
  private static Expected orNan(FloatFormat f, long operand, long result) {
    return f.isNan(operand) ? Expected.anyNan(f) : Expected.bits(result);
  }

  /** A NaN is dropped, two give a NaN; -0 is below +0. */
  private static Expected extreme(FloatFormat f, long a, long b, boolean larger) {
    if (f.isNan(a) && f.isNan(b)) return Expected.nan(f);
    if (f.isNan(a) || f.isNan(b)) return Expected.bits(f.isNan(a) ? b : a);
    boolean first = Double.compare(f.toDouble(a), f.toDouble(b)) < 0; // which also orders zeros
    return Expected.bits(first != larger ? a : b);
  }

  private static boolean property(FloatFormat f, String name, long a) {
    return switch (name) {
      case "finite" -> f.isFinite(a);
      case "infinite" -> f.isInfinite(a);
      case "number" -> !f.isNan(a);
      case "notanumber" -> f.isNan(a);
      case "normal" -> f.isFinite(a) && !f.isSubnormal(a); // zeros count as normal
      case "subnormal" -> f.isSubnormal(a);
      default -> throw new IllegalArgumentException("testp." + name);
    };
  }
}
