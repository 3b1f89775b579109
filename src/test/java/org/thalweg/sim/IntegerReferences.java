package org.thalweg.sim;

import java.math.BigInteger;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Integer arithmetic, logic and bits, with integers of any length, of which the low bits are the
 * result.
 */
final class IntegerReferences {
  private static final BigInteger ZERO = BigInteger.ZERO;

  private IntegerReferences() {}

  static @Nullable Reference find(Instruction i) {
    PtxType type = i.types().get(0);
    if (type.kind() == 'p') return predicates(i);
    String variant = String.join(".", i.modifiers());
    return switch (variant.isEmpty() ? i.opcode() : i.opcode() + "." + variant) {
      case "add" -> of(type, type, 2, n -> n[0].add(n[1]));
      case "sub" -> of(type, type, 2, n -> n[0].subtract(n[1]));
      case "mul.lo" -> of(type, type, 2, n -> n[0].multiply(n[1]));
      case "mul.hi" -> of(type, type, 2, n -> n[0].multiply(n[1]).shiftRight(type.bits()));
      case "mul.wide" -> of(twice(type), type, 2, n -> n[0].multiply(n[1]));
      case "mad.lo" -> of(type, type, 3, n -> n[0].multiply(n[1]).add(n[2]));
      case "mad.hi" ->
          of(type, type, 3, n -> n[0].multiply(n[1]).shiftRight(type.bits()).add(n[2]));
      case "mad.wide" ->
          Reference.of(
              twice(type),
              List.of(type, type, twice(type)),
              a ->
                  low(
                      twice(type),
                      type.integer(a[0])
                          .multiply(type.integer(a[1]))
                          .add(twice(type).integer(a[2]))));
      // Division by zero is unspecified.
      case "div" -> of(type, type, 2, n -> n[1].signum() == 0 ? null : n[0].divide(n[1]));
      case "rem" -> of(type, type, 2, n -> n[1].signum() == 0 ? null : n[0].remainder(n[1]));
      case "min" -> of(type, type, 2, n -> n[0].min(n[1]));
      case "max" -> of(type, type, 2, n -> n[0].max(n[1]));
      case "abs" -> of(type, type, 1, n -> n[0].abs());
      case "neg" -> of(type, type, 1, n -> n[0].negate());
      case "and" -> of(type, type, 2, n -> n[0].and(n[1]));
      case "or" -> of(type, type, 2, n -> n[0].or(n[1]));
      case "xor" -> of(type, type, 2, n -> n[0].xor(n[1]));
      case "not" -> of(type, type, 1, n -> n[0].not());
      case "shl" -> shift(type, (n, by) -> n.shiftLeft(by));
      case "shr" -> shift(type, (n, by) -> n.shiftRight(by));
      case "popc" -> of(PtxType.U32, type, 1, n -> BigInteger.valueOf(n[0].bitCount()));
      case "clz" ->
          of(PtxType.U32, type, 1, n -> BigInteger.valueOf(type.bits() - n[0].bitLength()));
      case "brev" ->
          Reference.of(
              type, List.of(type), a -> Expected.bits(Long.reverse(a[0]) >>> (64 - type.bits())));
      case "bfe" ->
          Reference.of(type, List.of(type, PtxType.U32, PtxType.U32), a -> extracted(type, a));
      case "bfi" ->
          Reference.of(type, List.of(type, type, PtxType.U32, PtxType.U32), a -> inserted(type, a));
      case "prmt" -> of(type, type, 3, n -> permuted(n));
      case "shf.l.wrap", "shf.l.clamp", "shf.r.wrap", "shf.r.clamp" ->
          of(type, type, 3, n -> funnel(variant, n));
      default -> null;
    };
  }

  private static PtxType twice(PtxType type) {
    return new PtxType(type.kind(), 2 * type.bits());
  }

  private static Expected low(PtxType type, BigInteger n) {
    return Expected.bits(n.and(PtxType.mask(type.bits())).longValue());
  }

  private static Reference of(
      PtxType result,
      PtxType operand,
      int operands,
      Function<BigInteger[], @Nullable BigInteger> function) {
    return Reference.of(
        result,
        Collections.nCopies(operands, operand),
        a -> {
          BigInteger[] n = new BigInteger[a.length];
          for (int k = 0; k < n.length; k++) n[k] = operand.integer(a[k]);
          BigInteger value = function.apply(n);
          return value == null ? Expected.anything() : low(result, value);
        });
  }

  private interface Shift {
    BigInteger by(BigInteger n, int distance);
  }

  /** By 32 bits unsigned, whatever the type; past the width nothing is left, or the sign. */
  private static Reference shift(PtxType type, Shift shift) {
    return Reference.of(
        type,
        List.of(type, PtxType.U32),
        a -> {
          int distance = PtxType.U32.integer(a[1]).min(BigInteger.valueOf(type.bits())).intValue();
          return low(type, shift.by(type.integer(a[0]), distance));
        });
  }

  private static @Nullable Reference predicates(Instruction i) {
    return switch (i.mnemonic()) {
      case "and.pred" -> predicate(2, a -> (a[0] & a[1]) != 0);
      case "or.pred" -> predicate(2, a -> (a[0] | a[1]) != 0);
      case "xor.pred" -> predicate(2, a -> a[0] != a[1]);
      case "not.pred" -> predicate(1, a -> a[0] == 0);
      default -> null;
    };
  }

  private static Reference predicate(int operands, java.util.function.Predicate<long[]> function) {
    return Reference.of(
        PtxType.PRED,
        Collections.nCopies(operands, PtxType.PRED),
        a -> Expected.of(function.test(a)));
  }

  /**
   * The bits of a from position b on, c of them; beyond the top, and above the field, the sign or
   * 0.
   */
  private static Expected extracted(PtxType type, long[] a) {
    int position = (int) a[1] & 0xff;
    int length = (int) a[2] & 0xff;
    BigInteger from = type.integer(a[0]).shiftRight(position);
    if (length == 0) return Expected.bits(0);
    BigInteger field = from.and(PtxType.mask(length));
    boolean sign = type.isSigned() && field.testBit(length - 1);
    return low(type, sign ? field.subtract(BigInteger.ONE.shiftLeft(length)) : field);
  }

  /** b with d bits from position c on replaced by the low bits of a. */
  private static Expected inserted(PtxType type, long[] a) {
    int position = (int) a[2] & 0xff;
    int length = (int) a[3] & 0xff;
    BigInteger field = PtxType.mask(length).shiftLeft(position);
    BigInteger inserted = type.integer(a[0]).shiftLeft(position).and(field);
    return low(type, type.integer(a[1]).andNot(field).or(inserted));
  }

  /** Each byte of the result is one of the 8 bytes of b:a, or eight times its top bit. */
  private static BigInteger permuted(BigInteger[] n) {
    BigInteger bytes = n[1].shiftLeft(32).or(n[0]);
    BigInteger result = ZERO;
    for (int k = 0; k < 4; k++) {
      int selector = n[2].shiftRight(4 * k).intValue() & 0xf;
      int chosen = bytes.shiftRight(8 * (selector & 7)).intValue() & 0xff;
      if (selector >= 8) chosen = chosen >= 0x80 ? 0xff : 0;
      result = result.or(BigInteger.valueOf(chosen).shiftLeft(8 * k));
    }
    return result;
  }

  /**
   * b:a shifted by c, which counts to 31 and around, or to 32 and no further; its upper half, or
   * the lower.
   */
  private static BigInteger funnel(String variant, BigInteger[] n) {
    BigInteger both = n[1].shiftLeft(32).or(n[0]);
    BigInteger limit = BigInteger.valueOf(32);
    int by = (variant.endsWith("wrap") ? n[2].mod(limit) : n[2].min(limit)).intValue();
    return variant.startsWith("l") ? both.shiftLeft(by).shiftRight(32) : both.shiftRight(by);
  }
}
