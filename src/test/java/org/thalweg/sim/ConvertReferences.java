package org.thalweg.sim;

import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.thalweg.sim.Reference.Register;

/** cvt between integers and floating-point numbers. */
final class ConvertReferences {
  private static final Set<String> TO_INTEGER = Set.of("rni", "rzi", "rmi", "rpi");
  private static final Set<String> TO_FLOAT = Set.of("rn", "rz", "rm", "rp");

  private ConvertReferences() {}

  static @Nullable Reference find(Instruction i) {
    PtxType to = i.types().get(0);
    PtxType from = i.types().get(1);
    boolean ftz = i.has("ftz");
    boolean sat = i.has("sat");
    String direction = "";
    for (String m : i.modifiers()) {
      if (TO_INTEGER.contains(m) || TO_FLOAT.contains(m)) direction = m;
      else if (!m.equals("ftz") && !m.equals("sat")) return null;
    }
    String d = direction;
    int[] widths = i.widths();
    Reference.SingleRule rule;
    if (!from.isFloat() && !to.isFloat()) {
      rule = a -> integer(to, widths[0], clamped(to, from.integer(a[0]), sat));
    } else if (!from.isFloat()) {
      Arithmetic arithmetic = new Arithmetic(to.format(), d, false, sat);
      rule = a -> arithmetic.rounded(Dyadic.of(from.integer(a[0])), false);
    } else if (!to.isFloat()) {
      rule = a -> toInteger(to, widths[0], from, flushed(from, ftz, a[0]), d);
    } else {
      rule = a -> toFloat(to.format(), from.format(), flushed(from, ftz, a[0]), d, ftz, sat);
    }
    return new Reference(
        "d, a",
        List.of(new Register(to, widths[0])),
        List.of(new Register(from, widths[1])),
        a -> new Expected[] {rule.of(a)});
  }

  /** .ftz is of f32 only. */
  private static long flushed(PtxType from, boolean ftz, long a) {
    return ftz && from.bits() == 32 ? FloatFormat.F32.flushed(a) : a;
  }

  /** In a register that is wider than the type, the sign or zeros go on. */
  private static Expected integer(PtxType to, int width, BigInteger n) {
    return Expected.bits(to.integer(n.longValue()).and(PtxType.mask(width)).longValue());
  }

  private static BigInteger clamped(PtxType to, BigInteger n, boolean sat) {
    return sat ? n.max(to.least()).min(to.greatest()) : n;
  }

  private static Expected toInteger(PtxType to, int width, PtxType from, long a, String direction) {
    FloatFormat f = from.format();
    if (f.isNan(a)) {
      // 0, or where 64 bits are involved 1 << (bits - 1).
      boolean zero = from.bits() < 64 && to.bits() < 64;
      return integer(to, width, zero ? BigInteger.ZERO : BigInteger.ONE.shiftLeft(to.bits() - 1));
    }
    if (f.isInfinite(a)) return integer(to, width, f.isNegative(a) ? to.least() : to.greatest());
    return integer(to, width, clamped(to, f.value(a).integer(direction), true));
  }

  private static Expected toFloat(
      FloatFormat to, FloatFormat from, long a, String direction, boolean ftz, boolean sat) {
    boolean whole = TO_INTEGER.contains(direction);
    Arithmetic arithmetic =
        new Arithmetic(
            to, TO_FLOAT.contains(direction) ? direction : "rn", ftz && to == FloatFormat.F32, sat);
    if (from.isNan(a)) return arithmetic.nan();
    if (from.isInfinite(a)) return arithmetic.infinity(from.isNegative(a));
    Dyadic value = whole ? Dyadic.of(from.value(a).integer(direction)) : from.value(a);
    return arithmetic.rounded(value, from.isNegative(a));
  }
}
