package org.thalweg.sim;

import java.util.List;

/**
 * What an instruction computes of each lane's operands by itself.
 *
 * @param syntax the operands in PTX: {@code d e} are the results, {@code a b c} the operands
 * @param results their types; a register may be wider than its type
 * @param rule the results for given operands
 */
record Reference(String syntax, List<Register> results, List<Register> operands, Rule rule) {
  /** A register of so many bits that is read or written as this type. */
  record Register(PtxType type, int bits) {
    static Register of(PtxType type) {
      return new Register(type, type.registerBits());
    }

    /** Its declared type: bits of its width. */
    String declared() {
      return bits == 1 ? "pred" : "b" + bits;
    }
  }

  /** Operands are given as bits of the register's width, and so are results. */
  interface Rule {
    Expected[] of(long[] operands);
  }

  interface SingleRule {
    Expected of(long[] operands);
  }

  static Reference of(PtxType result, List<PtxType> operands, SingleRule rule) {
    return new Reference(
        "d, a, b, c, f".substring(0, 1 + 3 * operands.size()),
        List.of(Register.of(result)),
        operands.stream().map(Register::of).toList(),
        a -> new Expected[] {rule.of(a)});
  }
}
