package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.thalweg.sim.Reference.Register;

/**
 * Runs an instruction that works on each lane by itself on many tuples of operands, one a thread,
 * and compares with its reference. It is written three ways: alone; under a guard that is false in
 * some lanes, whose results must stay what they were; and with a destination that is an operand as
 * well.
 */
final class Elementwise {
  private static final String OPERANDS = "abcf";
  private static final String RESULTS = "de";

  /** What a guarded destination holds before. */
  private static final long BEFORE = 0x5a5a5a5a5a5a5a5aL;

  private final Instruction instruction;
  private final Reference reference;

  /**
   * One way to write it: which operand is also the first destination, or none; and whether it is
   * guarded.
   */
  private record Way(int inPlace, boolean guarded) {}

  private final List<Way> ways = new ArrayList<>();

  private Elementwise(Instruction instruction, Reference reference) {
    this.instruction = instruction;
    this.reference = reference;
    ways.add(new Way(-1, false));
    ways.add(new Way(-1, true));
    for (int k = 0; k < reference.operands().size(); k++) {
      if (reference.operands().get(k).bits() == reference.results().get(0).bits()) {
        ways.add(new Way(k, false));
      }
    }
  }

  static @Nullable Runnable find(Instruction instruction) {
    Reference reference = References.find(instruction);
    return reference == null ? null : new Elementwise(instruction, reference)::run;
  }

  private void run() {
    List<Register> operands = reference.operands();
    List<long[]> tuples = new Operands().tuples(operands.stream().map(Register::type).toList());
    int blocks = (tuples.size() + Ptx.BLOCK - 1) / Ptx.BLOCK;
    int width = operands.size();
    long[] in = new long[blocks * Ptx.BLOCK * width];
    for (int t = 0; t < tuples.size(); t++) {
      System.arraycopy(tuples.get(t), 0, in, t * width, width);
    }
    int results = reference.results().size();
    ByteBuffer out = Ptx.bytes(blocks * Ptx.BLOCK * ways.size() * results * Long.BYTES);
    try (Ptx ptx = Ptx.of(text())) {
      ptx.run("check", Ptx.longs(in), out, blocks, Ptx.BLOCK, 0);
    }
    for (int t = 0; t < tuples.size(); t++) {
      long[] a = tuples.get(t).clone();
      for (int k = 0; k < width; k++) a[k] &= mask(operands.get(k));
      Expected[] expected = reference.rule().of(a);
      for (int w = 0; w < ways.size(); w++) {
        for (int r = 0; r < results; r++) {
          Register result = reference.results().get(r);
          boolean done = !ways.get(w).guarded() || (t & 4) == 0;
          Expected right = done ? expected[r] : Expected.bits(BEFORE & mask(result));
          long actual = out.getLong(((t * ways.size() + w) * results + r) * Long.BYTES);
          if (!right.admits(actual)) {
            fail(
                "%s of %s, %s: result %d is %x, not %s"
                    .formatted(instruction, hex(a), ways.get(w), r, actual, right));
          }
        }
      }
    }
    assertTrue(tuples.size() > 1);
  }

  private static long mask(Register register) {
    return register.bits() == 64 ? -1 : (1L << register.bits()) - 1;
  }

  private static String hex(long[] a) {
    return String.join(", ", Arrays.stream(a).mapToObj(Long::toHexString).toList());
  }

  private String text() {
    StringBuilder body = new StringBuilder();
    List<Register> operands = reference.operands();
    List<Register> results = reference.results();
    for (int k = 0; k < operands.size(); k++) {
      PtxLines.load(body, operands.get(k), "%" + OPERANDS.charAt(k), "%in", k * Long.BYTES);
    }
    for (int w = 0; w < ways.size(); w++) {
      Way way = ways.get(w);
      UnaryOperator<String> name = destination(w, way);
      for (int r = 0; r < results.size(); r++) {
        String destination = name.apply(RESULTS.substring(r, r + 1));
        PtxLines.declare(body, results.get(r), destination);
        if (way.guarded()) PtxLines.set(body, results.get(r), destination, BEFORE);
      }
      if (way.inPlace() >= 0) {
        String from = "%" + OPERANDS.charAt(way.inPlace());
        PtxLines.copy(body, results.get(0), name.apply("d"), from);
      }
      body.append(way.guarded() ? "@%guard " : "").append(instruction.mnemonic()).append(' ');
      reference
          .syntax()
          .chars()
          .forEach(
              c -> {
                String letter = Character.toString(c);
                boolean isRegister = (OPERANDS + RESULTS).contains(letter);
                body.append(isRegister ? name.apply(letter) : letter);
              });
      body.append(";\n");
      for (int r = 0; r < results.size(); r++) {
        String destination = name.apply(RESULTS.substring(r, r + 1));
        PtxLines.store(
            body, results.get(r), destination, "%out", (w * results.size() + r) * Long.BYTES);
      }
    }
    return PtxLines.kernel(
        "check",
        operands.size() * Long.BYTES,
        ways.size() * results.size() * Long.BYTES,
        body.toString());
  }

  /** The register for each letter of the syntax. */
  private static UnaryOperator<String> destination(int w, Way way) {
    return letter -> {
      boolean same = way.inPlace() >= 0 && letter.charAt(0) == OPERANDS.charAt(way.inPlace());
      return RESULTS.contains(letter) || same
          ? "%" + (same ? "d" : letter) + "_way" + w
          : "%" + letter;
    };
  }
}
