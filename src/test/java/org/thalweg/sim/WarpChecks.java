package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What the lanes of a warp do together: shfl, vote, activemask. Each warp of one launch is a case
 * of its own.
 */
final class WarpChecks {
  private static final int LANES = 32;
  private static final int WARPS = 512;

  /**
   * Longs of the input for each lane: a, b, c, the member mask, and whether the lane takes part.
   */
  private static final int ENTRY = 5;

  private final Instruction instruction;
  private final Random random = new Random(7);

  private WarpChecks(Instruction instruction) {
    this.instruction = instruction;
  }

  static @Nullable Runnable find(Instruction i) {
    WarpChecks checks = new WarpChecks(i);
    if (i.mnemonic().matches("shfl\\.sync\\.(up|down|bfly|idx)\\.b32")) return checks::shuffle;
    if (i.mnemonic().matches("vote\\.sync\\.(all|any|uni)\\.pred|vote\\.sync\\.ballot\\.b32"))
      return checks::vote;
    return i.mnemonic().equals("activemask.b32") ? checks::activeMask : null;
  }

  /** The lane that a lane reads from, by the PTX ISA, and whether that was inside its segment. */
  private record Source(int lane, boolean inside) {
    static Source of(String mode, int lane, int b, int c) {
      int segment = c >> 8 & 31;
      int last = (lane & segment) | (c & 31 & ~segment);
      int j =
          switch (mode) {
            case "up" -> lane - (b & 31);
            case "down" -> lane + (b & 31);
            case "bfly" -> lane ^ (b & 31);
            default -> (lane & segment) | (b & 31 & ~segment);
          };
      boolean inside = mode.equals("up") ? j >= last : j <= last;
      return new Source(inside ? j : lane, inside);
    }
  }

  private void shuffle() {
    String mode = instruction.parts().get(2);
    boolean predicate = !instruction.form().isEmpty();
    long[] in = new long[WARPS * LANES * ENTRY];
    for (int w = 0; w < WARPS; w++) {
      int members = members(w);
      int width = 1 << random.nextInt(6);
      // As CUDA's __shfl_sync has it: segments of a power of two; of the last lane all bits, or
      // none for up.
      int c = ((LANES - width) << 8) | (mode.equals("up") ? 0 : 31);
      boolean uniform = random.nextBoolean();
      int common = random.nextInt(LANES);
      for (int l = 0; l < LANES; l++) {
        int b = uniform ? common : random.nextInt(LANES);
        // A lane that is not a member has nothing to give.
        while ((members >> Source.of(mode, l, b, c).lane & 1) == 0 && (members >> l & 1) != 0) {
          b =
              mode.equals("idx")
                  ? random.nextInt(LANES)
                  : random.nextInt(4) == 0 ? 0 : random.nextInt(LANES);
        }
        entry(in, w, l, random.nextInt(), b, c, members);
      }
    }
    String line =
        "%s %%d%s, %%a, %%b, %%c, %%members;"
            .formatted(instruction.mnemonic(), predicate ? "|%p" : "");
    ByteBuffer out = run(in, line);
    for (int w = 0; w < WARPS; w++) {
      for (int l = 0; l < LANES; l++) {
        if (get(in, w, l, 4) == 0) continue;
        Source source = Source.of(mode, l, (int) get(in, w, l, 1), (int) get(in, w, l, 2));
        int at = (w * LANES + l) * 2 * Long.BYTES;
        String where = "%s, warp %d, lane %d".formatted(instruction, w, l);
        assertEquals((int) get(in, w, source.lane, 0), out.getInt(at), where);
        if (predicate) assertEquals(source.inside ? 1 : 0, out.getInt(at + Long.BYTES), where);
      }
    }
  }

  /** a is the lane's vote. */
  private void vote() {
    long[] in = new long[WARPS * LANES * ENTRY];
    for (int w = 0; w < WARPS; w++) {
      int members = members(w);
      int votes = w % 4 == 0 ? -1 : w % 4 == 1 ? 0 : random.nextInt();
      for (int l = 0; l < LANES; l++) {
        entry(in, w, l, votes >>> l & 1, 0, 0, members);
      }
    }
    String mode = instruction.parts().get(2);
    boolean ballot = mode.equals("ballot");
    String line =
        "setp.ne.s32 %%p, %%a, 0;\n%s %s, %%p, %%members;\n%s"
            .formatted(
                instruction.mnemonic(),
                ballot ? "%d" : "%p",
                ballot ? "" : "selp.u32 %d, 1, 0, %p;");
    ByteBuffer out = run(in, line);
    for (int w = 0; w < WARPS; w++) {
      int members = (int) get(in, w, 0, 3);
      int votes = 0;
      for (int l = 0; l < LANES; l++) votes |= (int) get(in, w, l, 0) << l;
      votes &= members;
      int expected =
          switch (mode) {
            case "ballot" -> votes;
            case "any" -> votes != 0 ? 1 : 0;
            case "all" -> votes == members ? 1 : 0;
            default -> votes == members || votes == 0 ? 1 : 0;
          };
      for (int l = 0; l < LANES; l++) {
        if (get(in, w, l, 4) == 0) continue;
        int actual = out.getInt((w * LANES + l) * 2 * Long.BYTES);
        assertEquals(expected, actual, "%s, warp %d, lane %d".formatted(instruction, w, l));
      }
    }
  }

  private void activeMask() {
    long[] in = new long[WARPS * LANES * ENTRY];
    for (int w = 0; w < WARPS; w++) {
      int members = members(w);
      for (int l = 0; l < LANES; l++) entry(in, w, l, 0, 0, 0, members);
    }
    ByteBuffer out = run(in, instruction.mnemonic() + " %d;");
    for (int i = 0; i < WARPS * LANES; i++) {
      if (in[i * ENTRY + 4] == 0) continue;
      assertEquals((int) in[i * ENTRY + 3], out.getInt(i * 2 * Long.BYTES), "warp " + i / LANES);
    }
  }

  /** The whole warp, an aligned part of it, or any lanes. */
  private int members(int warp) {
    return switch (warp % 3) {
      case 0 -> -1;
      case 1 -> {
        int size = 1 << (1 + random.nextInt(4));
        yield ((1 << size) - 1) << (size * random.nextInt(LANES / size));
      }
      default -> random.nextInt() | (1 << random.nextInt(LANES));
    };
  }

  private static void entry(long[] in, int warp, int lane, int a, int b, int c, int members) {
    long[] entry = {a, b, c, members, (members >>> lane) & 1};
    System.arraycopy(entry, 0, in, (warp * LANES + lane) * ENTRY, ENTRY);
  }

  private static long get(long[] in, int warp, int lane, int k) {
    return in[(warp * LANES + lane) * ENTRY + k];
  }

  /** For each lane %d, and %p as 0 or 1. Lanes that are no members jump over the instruction. */
  private static ByteBuffer run(long[] in, String line) {
    String body =
        """
        .reg .pred %%p;
        .reg .pred %%member;
        .reg .b32 %%a;
        .reg .b32 %%b;
        .reg .b32 %%c;
        .reg .b32 %%d;
        .reg .b32 %%members;
        ld.global.u32 %%a, [%%in];
        ld.global.u32 %%b, [%%in+8];
        ld.global.u32 %%c, [%%in+16];
        ld.global.u32 %%members, [%%in+24];
        ld.global.u32 %%t0, [%%in+32];
        setp.ne.s32 %%member, %%t0, 0;
        setp.ne.s32 %%p, %%i, %%i;
        @!%%member bra DONE;
        %s
        st.global.u32 [%%out], %%d;
        selp.u32 %%t0, 1, 0, %%p;
        st.global.u32 [%%out+8], %%t0;
        DONE:
        """
            .formatted(line);
    ByteBuffer out = Ptx.bytes(WARPS * LANES * 2 * Long.BYTES);
    try (Ptx ptx = Ptx.of(PtxLines.kernel("check", ENTRY * Long.BYTES, 2 * Long.BYTES, body))) {
      ptx.run("check", Ptx.longs(in), out, WARPS * LANES / Ptx.BLOCK, Ptx.BLOCK, 0);
    }
    return out;
  }
}
