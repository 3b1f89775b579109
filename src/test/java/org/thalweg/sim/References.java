package org.thalweg.sim;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.sim.Reference.Register;

/** The table of references: which family of instructions goes where. */
final class References {
  private References() {}

  /**
   * What the instruction computes by the words of the PTX ISA, or null if that is not known here.
   */
  static @Nullable Reference find(Instruction i) {
    return switch (i.opcode()) {
      case "add", "sub", "mul", "mad", "fma", "div", "min", "max", "abs", "neg" ->
          i.types().get(0).isFloat() ? FloatReferences.find(i) : IntegerReferences.find(i);
      case "sqrt", "rcp", "copysign", "testp" -> FloatReferences.find(i);
      case "ex2", "lg2", "rsqrt", "sin", "cos" -> ApproximateReferences.find(i);
      case "rem", "popc", "clz", "brev", "bfe", "bfi", "prmt", "lop3", "shf" ->
          IntegerReferences.find(i);
      case "and", "or", "xor", "not", "shl", "shr" -> IntegerReferences.find(i);
      case "setp", "selp" -> CompareReferences.find(i);
      case "cvt" -> ConvertReferences.find(i);
      case "mov" -> move(i);
      default -> null;
    };
  }

  private static @Nullable Reference move(Instruction i) {
    PtxType type = i.types().get(0);
    PtxType half = new PtxType('b', type.bits() / 2);
    long low = half.bits() == 64 ? -1 : (1L << half.bits()) - 1;
    return switch (i.form()) {
      case "" -> Reference.of(type, List.of(type), a -> Expected.bits(a[0]));
      case "{} from" ->
          new Reference(
              "{d, e}, a",
              List.of(Register.of(half), Register.of(half)),
              List.of(Register.of(type)),
              a ->
                  new Expected[] {
                    Expected.bits(a[0] & low), Expected.bits(a[0] >>> half.bits() & low)
                  });
      case "to {}" ->
          new Reference(
              "d, {a, b}",
              List.of(Register.of(type)),
              List.of(Register.of(half), Register.of(half)),
              a -> new Expected[] {Expected.bits(a[1] << half.bits() | a[0])});
      default -> null;
    };
  }
}
