package org.thalweg.sim;

import org.thalweg.sim.Reference.Register;

/**
 * Lines of PTX for the kernels that tests generate. They use few instructions, so that little
 * stands between the one in question and its test: 32- and 64-bit loads and stores, mov, mad, add,
 * selp and setp.
 */
final class PtxLines {
  private PtxLines() {}

  /**
   * {@code name(in, out)}: in {@code %in} and {@code %out} stand the addresses of the thread's own
   * parts, in {@code %i} its number in the grid; {@code %guard} is false where that has bit 2.
   *
   * @param inBytes of in for each thread
   * @param outBytes of out for each thread
   */
  static String kernel(String name, int inBytes, int outBytes, String body) {
    return """
    .visible .entry %1$s(.param .u64 %1$s_in, .param .u64 %1$s_out)
    {
    .reg .pred %%guard;
    .reg .b32 %%i;
    .reg .b32 %%t0;
    .reg .b32 %%t1;
    .reg .b64 %%in;
    .reg .b64 %%out;
    .reg .b64 %%t2;
    mov.u32 %%i, %%tid.x;
    mov.u32 %%t0, %%ctaid.x;
    mov.u32 %%t1, %%ntid.x;
    mad.lo.s32 %%i, %%t0, %%t1, %%i;
    and.b32 %%t0, %%i, 4;
    setp.eq.s32 %%guard, %%t0, 0;
    ld.param.u64 %%in, [%1$s_in];
    mul.wide.s32 %%t2, %%i, %2$d;
    add.s64 %%in, %%in, %%t2;
    ld.param.u64 %%out, [%1$s_out];
    mul.wide.s32 %%t2, %%i, %3$d;
    add.s64 %%out, %%out, %%t2;
    %4$s
    ret;
    }
    """
        .formatted(name, inBytes, outBytes, body);
  }

  static void declare(StringBuilder body, Register register, String name) {
    body.append(".reg .%s %s;\n".formatted(register.declared(), name));
  }

  /** Declares a register and fills it from the 8 bytes at an address. */
  static void load(StringBuilder body, Register register, String name, String base, int offset) {
    declare(body, register, name);
    String at = "[%s+%d];\n".formatted(base, offset);
    switch (register.bits()) {
      case 64 -> body.append("ld.global.u64 ").append(name).append(", ").append(at);
      case 32 -> body.append("ld.global.u32 ").append(name).append(", ").append(at);
      case 16 ->
          body.append("ld.global.u32 %t0, ")
              .append(at)
              .append("cvt.u16.u32 %s, %%t0;\n".formatted(name));
      default ->
          body.append("ld.global.u32 %t0, ")
              .append(at)
              .append("setp.ne.s32 %s, %%t0, 0;\n".formatted(name));
    }
  }

  /** Stores a register as 8 bytes; those above it are not written. */
  static void store(StringBuilder body, Register register, String name, String base, int offset) {
    String at = "[%s+%d], ".formatted(base, offset);
    switch (register.bits()) {
      case 64 -> body.append("st.global.u64 ").append(at).append(name).append(";\n");
      case 32 -> body.append("st.global.u32 ").append(at).append(name).append(";\n");
      case 16 -> body.append("cvt.u32.u16 %%t0, %s;\nst.global.u32 %s%%t0;\n".formatted(name, at));
      default ->
          body.append("selp.u32 %%t0, 1, 0, %s;\nst.global.u32 %s%%t0;\n".formatted(name, at));
    }
  }

  static void copy(StringBuilder body, Register register, String to, String from) {
    body.append(
        register.bits() == 1
            ? "and.pred %s, %s, %s;\n".formatted(to, from, from)
            : "mov.b%d %s, %s;\n".formatted(register.bits(), to, from));
  }

  /** Sets a register to the low bits of a value. */
  static void set(StringBuilder body, Register register, String name, long value) {
    switch (register.bits()) {
      case 64 -> body.append("mov.b64 %s, %d;\n".formatted(name, value));
      case 32 -> body.append("mov.b32 %s, %d;\n".formatted(name, (int) value));
      case 16 -> body.append("mov.b16 %s, %d;\n".formatted(name, (short) value));
      default ->
          body.append("setp.%s.s32 %s, %%i, %%i;\n".formatted(value % 2 == 0 ? "ne" : "eq", name));
    }
  }
}
