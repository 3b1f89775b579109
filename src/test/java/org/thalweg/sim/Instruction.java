package org.thalweg.sim;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * An instruction as it stands in a PTX text.
 *
 * @param mnemonic with all its modifiers, such as {@code cvt.rzi.s32.f64}
 * @param form what else tells it from others of that mnemonic: a special register, braces, a second
 *     destination, the widths of the registers that a conversion or an access moves between; or ""
 */
record Instruction(String mnemonic, String form) implements Comparable<Instruction> {
  List<String> parts() {
    return List.of(mnemonic.split("\\."));
  }

  String opcode() {
    return parts().get(0);
  }

  boolean has(String part) {
    return parts().contains(part);
  }

  /** The types that the mnemonic ends in: that of the result first. */
  List<PtxType> types() {
    return parts().stream().map(PtxType::of).filter(Objects::nonNull).toList();
  }

  /** What stands between the opcode and the types. */
  List<String> modifiers() {
    return parts().stream().skip(1).filter(p -> PtxType.of(p) == null).toList();
  }

  /** The widths in bits of the registers that an access or a conversion names. */
  int[] widths() {
    return Arrays.stream(form.split("[, ]+")).mapToInt(Integer::parseInt).toArray();
  }

  @Override
  public int compareTo(Instruction other) {
    return toString().compareTo(other.toString());
  }

  @Override
  public String toString() {
    return form.isEmpty() ? mnemonic : mnemonic + " " + form;
  }
}
