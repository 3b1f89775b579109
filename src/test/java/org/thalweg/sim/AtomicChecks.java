package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.thalweg.sim.Reference.Register;

/**
 * atom and red: many threads work on few cells. In whatever order they did, what each of them found
 * must be what the one before it left, and the last one's is what remains.
 */
final class AtomicChecks {
  private static final int BLOCKS = 2;
  private static final int CELLS = 3;
  private static final Set<String> SCOPES =
      Set.of("relaxed", "acquire", "release", "acq_rel", "gpu", "cta", "sys");

  private static final Set<String> OPERATIONS =
      Set.of("add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec");

  private final Instruction instruction;
  private final PtxType type;
  private final String operation;
  private final boolean shared;

  private AtomicChecks(Instruction instruction, String operation) {
    this.instruction = instruction;
    this.operation = operation;
    type = instruction.types().get(0);
    shared = instruction.has("shared");
  }

  static @Nullable Runnable find(Instruction i) {
    if (!i.opcode().equals("atom") && !i.opcode().equals("red")) return null;
    String operation = null;
    for (String m : i.modifiers()) {
      if (OPERATIONS.contains(m)) operation = m;
      else if (!SCOPES.contains(m) && !m.equals("global") && !m.equals("shared")) return null;
    }
    return operation == null ? null : new AtomicChecks(i, operation)::run;
  }

  /** What a thread does: its cell and operands; and what it found there. */
  private record Access(int cell, long b, long c, long found) {}

  private void run() {
    int threads = shared ? Ptx.BLOCK : BLOCKS * Ptx.BLOCK;
    Random random = new Random(6);
    long[] in = new long[2 * threads];
    for (int t = 0; t < threads; t++) {
      in[2 * t] = operand(random, t);
      in[2 * t + 1] = operation.equals("cas") ? t % 7 : random.nextLong();
    }
    // out: what each thread found, then the cells
    ByteBuffer out = Ptx.bytes((threads + CELLS) * Long.BYTES);
    try (Ptx ptx = Ptx.of(text(threads))) {
      ptx.run("check", Ptx.longs(in), out, threads / Ptx.BLOCK, Ptx.BLOCK, CELLS * Long.BYTES);
    }
    for (int cell = 0; cell < CELLS; cell++) {
      List<Access> accesses = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        if (t % CELLS == cell) {
          accesses.add(new Access(cell, in[2 * t], in[2 * t + 1], out.getLong(t * Long.BYTES)));
        }
      }
      long last = out.getLong((threads + cell) * Long.BYTES);
      if (instruction.opcode().equals("red")) assertSum(accesses, last);
      else assertChain(accesses, last);
    }
  }

  /** Operands that tell their orders apart: positive terms, distinct values. */
  private long operand(Random random, int t) {
    if (type.isFloat()) {
      return type.bits() == 32 ? Float.floatToRawIntBits(t + 1) : Double.doubleToRawLongBits(t + 1);
    }
    return switch (operation) {
      case "add", "exch" -> t + 1;
      case "inc", "dec" -> 100;
      case "cas" -> (t + 1) % 7;
      case "or", "xor" -> 1L << t / CELLS % type.bits();
      case "and" -> ~(1L << t / CELLS % type.bits());
      default -> random.nextLong();
    };
  }

  private long next(long old, Access access) {
    long b = access.b;
    if (type.isFloat()) {
      return type.bits() == 32
          ? low(
              Float.floatToRawIntBits(
                  Float.intBitsToFloat((int) old) + Float.intBitsToFloat((int) b)))
          : Double.doubleToRawLongBits(Double.longBitsToDouble(old) + Double.longBitsToDouble(b));
    }
    return low(
        switch (operation) {
          case "add" -> old + b;
          case "min" -> type.integer(old).min(type.integer(b)).longValue();
          case "max" -> type.integer(old).max(type.integer(b)).longValue();
          case "and" -> old & b;
          case "or" -> old | b;
          case "xor" -> old ^ b;
          case "exch" -> b;
          case "inc" -> Long.compareUnsigned(old, low(b)) >= 0 ? 0 : old + 1;
          case "dec" -> old == 0 || Long.compareUnsigned(old, low(b)) > 0 ? b : old - 1;
          case "cas" -> old == low(b) ? access.c : old;
          default -> throw new IllegalArgumentException(operation);
        });
  }

  private long low(long value) {
    return type.bits() == 64 ? value : value & ((1L << type.bits()) - 1);
  }

  private void assertChain(List<Access> accesses, long last) {
    Map<Long, List<Access>> waiting = new HashMap<>();
    for (Access a : accesses) waiting.computeIfAbsent(a.found, k -> new ArrayList<>()).add(a);
    long value = 0;
    for (int done = 0; done < accesses.size(); done++) {
      List<Access> here = waiting.getOrDefault(value, List.of());
      assertTrue(!here.isEmpty(), instruction + ": nobody found " + Long.toHexString(value));
      long now = value;
      // Those that change nothing came before the one that does.
      Access next = here.stream().filter(a -> next(now, a) == now).findFirst().orElse(here.get(0));
      here.remove(next);
      value = next(value, next);
    }
    assertEquals(Long.toHexString(value), Long.toHexString(last), instruction + ": what remains");
  }

  /** For operations whose order leaves no trace. */
  private void assertSum(List<Access> accesses, long last) {
    long value = 0;
    for (Access a : accesses) value = next(value, a);
    assertEquals(Long.toHexString(value), Long.toHexString(last), instruction + ": what remains");
  }

  private String text(int threads) {
    StringBuilder body = new StringBuilder();
    Register register = Register.of(type);
    body.append(
        """
        .reg .pred %%first;
        .reg .b32 %%cell;
        .reg .b32 %%cell32;
        .reg .b64 %%global;
        .reg .b64 %%cell64;
        rem.u32 %%cell, %%i, %1$d;
        ld.param.u64 %%global, [check_out];
        add.s64 %%global, %%global, %2$d;
        mul.wide.s32 %%cell64, %%cell, 8;
        add.s64 %%cell64, %%cell64, %%global;
        """
            .formatted(CELLS, threads * Long.BYTES));
    if (shared) {
      body.append(
          """
          mov.u32 %%cell32, pool;
          mad.lo.s32 %%cell32, %%cell, 8, %%cell32;
          setp.lt.s32 %%first, %%i, %d;
          mov.u64 %%t2, 0;
          @%%first st.shared.u64 [%%cell32], %%t2;
          bar.sync 0;
          """
              .formatted(CELLS));
    }
    PtxLines.load(body, register, "%b", "%in", 0);
    PtxLines.load(body, register, "%c", "%in", Long.BYTES);
    PtxLines.declare(body, register, "%d");
    String destination = instruction.opcode().equals("red") ? "" : "%d, ";
    String operands = operation.equals("cas") ? "%b, %c" : "%b";
    body.append(
        "%s %s[%s], %s;\n"
            .formatted(
                instruction.mnemonic(), destination, shared ? "%cell32" : "%cell64", operands));
    if (!destination.isEmpty()) PtxLines.store(body, register, "%d", "%out", 0);
    if (shared) {
      body.append(
          """
          bar.sync 0;
          @%first ld.shared.u64 %t2, [%cell32];
          @%first st.global.u64 [%cell64], %t2;
          """);
    }
    return (shared ? ".extern .shared .align 16 .b8 pool[];\n" : "")
        + PtxLines.kernel("check", 2 * Long.BYTES, Long.BYTES, body.toString());
  }
}
