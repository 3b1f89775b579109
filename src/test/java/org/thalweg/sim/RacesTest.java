package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.device.TestDevices;

/**
 * What orders two accesses to one byte and what does not: each rule in the fewest instructions,
 * with the software driver's verdict.
 */
@Tag("driver")
class RacesTest {
  /**
   * %r0 is the thread, %r1 the block, %rd1 the argument, %rd2 the argument plus four bytes a
   * thread, %r4 the same place in shared memory. A program may spoil %r5 to %r9.
   */
  private static final String HEAD =
      """
      .visible .entry k(.param .u64 p) {
        .reg .b32 %r<10>;
        .reg .b64 %rd<4>;
        .reg .pred %p<4>;
        .shared .align 4 .b8 s[1024];
        mov.u32 %r0, %tid.x;
        mov.u32 %r1, %ctaid.x;
        ld.param.u64 %rd1, [p];
        cvta.to.global.u64 %rd1, %rd1;
        mul.wide.u32 %rd2, %r0, 4;
        add.s64 %rd2, %rd1, %rd2;
        mov.u32 %r4, s;
        shl.b32 %r5, %r0, 2;
        add.s32 %r4, %r4, %r5;
        setp.eq.s32 %p0, %r0, 0;
        setp.eq.s32 %p1, %r0, 1;
        setp.eq.s32 %p2, %r1, 0;
        setp.eq.s32 %p3, %r1, 1;
      """;

  /**
   * @param threads of a block; the body is what the kernel does behind {@link #HEAD}
   */
  record Program(String name, int blocks, int threads, String body) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Program> ordered() {
    return List.of(
        new Program(
            "a barrier",
            1,
            64,
            "st.shared.u32 [%r4], %r0; bar.sync 0; xor.b32 %r4, %r4, 128; ld.shared.u32 %r6,"
                + " [%r4];"),
        new Program(
            "a barrier, in global memory",
            1,
            64,
            "st.global.u32 [%rd2], %r0; bar.sync 0; ld.global.u32 %r6, [%rd1+252];"),
        new Program(
            "bar.warp.sync",
            1,
            32,
            "st.shared.u32 [%r4], %r0; bar.warp.sync -1; xor.b32 %r4, %r4, 4;"
                + " ld.shared.u32 %r6, [%r4]; bar.warp.sync -1; st.shared.u32 [%r4], %r0;"),
        new Program(
            "bar.warp.sync of half a warp",
            1,
            32,
            "and.b32 %r6, %r0, 16; mov.u32 %r7, 65535; shl.b32 %r7, %r7, %r6;"
                + " st.shared.u32 [%r4], %r0; bar.warp.sync %r7; xor.b32 %r4, %r4, 4;"
                + " ld.shared.u32 %r6, [%r4];"),
        new Program("reads", 4, 64, "ld.global.u32 %r6, [%rd1]; ld.global.u32 %r6, [%rd2];"),
        new Program("atomic operations", 4, 64, "atom.global.add.u32 %r6, [%rd1], 1;"),
        new Program(
            "neighbouring bytes",
            2,
            64,
            "mul.wide.u32 %rd2, %r1, 64; add.s64 %rd1, %rd1, %rd2; cvt.u64.u32 %rd3, %r0;"
                + " add.s64 %rd1, %rd1, %rd3; ld.global.u8 %r6, [%rd1]; st.global.u8 [%rd1], %r6;"),
        new Program(
            "bytes read in a word that nobody writes",
            1,
            64,
            "cvt.u64.u32 %rd3, %r0; add.s64 %rd1, %rd1, %rd3; ld.global.u8 %r6, [%rd1];"
                + " @%p0 st.global.u32 [%rd1+64], %r6;"),
        new Program(
            "the last block, after a fence and an atomic operation",
            8,
            64,
            lastBlock("@%p0 st.global.u32 [%rd2+256], %r0; @%p0 membar.gl;", "")),
        new Program(
            "the last block, after each thread's fence and a barrier",
            8,
            64,
            lastBlock("@%p1 st.global.u32 [%rd2+256], %r0; membar.gl; bar.sync 0;", "")),
        new Program(
            "the last block, after a barrier and one thread's fence",
            8,
            64,
            lastBlock("@%p1 st.global.u32 [%rd2+256], %r0; bar.sync 0; @%p0 membar.gl;", "")),
        new Program(
            "the last block writes what all have read",
            8,
            64,
            lastBlock(
                "ld.global.u32 %r6, [%rd1+1024]; membar.gl; bar.sync 0;",
                "@%p0 st.global.u32 [%rd1+1024], %r0; @%p0 st.global.u32 [%rd1], 0;")));
  }

  /**
   * Blocks of 64 count themselves in the argument's first word; the last one does something. Each
   * block has 512 bytes of its own, from byte 512 on.
   */
  private static String lastBlock(String first, String last) {
    return "mul.wide.u32 %rd3, %r1, 512; add.s64 %rd2, %rd2, %rd3; "
        + first
        + " @!%p0 bra WAIT; atom.global.add.u32 %r6, [%rd1], 1; st.shared.u32 [s], %r6;"
        + " WAIT: bar.sync 0; ld.shared.u32 %r6, [s]; setp.ne.s32 %p2, %r6, 7; @%p2 bra END; "
        + last
        + " ld.global.u32 %r6, [%rd1+256]; ld.global.u32 %r6, [%rd1+260];"
        + " ld.global.u32 %r6, [%rd1+3840]; ld.global.u32 %r6, [%rd1+3844]; END:";
  }

  static List<Program> racing() {
    return List.of(
        new Program(
            "no barrier",
            1,
            64,
            "st.shared.u32 [%r4], 0; bar.sync 0; st.shared.u32 [%r4], %r0; xor.b32 %r4, %r4, 128;"
                + " ld.shared.u32 %r6, [%r4];"),
        new Program(
            "no barrier after the read",
            1,
            64,
            "st.shared.u32 [%r4], %r0; bar.sync 0; ld.shared.u32 %r6, [s]; st.shared.u32 [%r4],"
                + " %r6;"),
        new Program(
            "lockstep",
            1,
            32,
            "st.shared.u32 [%r4], %r0; xor.b32 %r4, %r4, 4; ld.shared.u32 %r6, [%r4];"),
        new Program("one instruction, one value", 1, 32, "st.shared.u32 [s], 1;"),
        new Program(
            "a shuffle",
            1,
            32,
            "st.shared.u32 [%r4], %r0; shfl.sync.bfly.b32 %r5|%p0, %r0, 1, 31, -1;"
                + " xor.b32 %r4, %r4, 4; ld.shared.u32 %r6, [%r4];"),
        new Program(
            "bar.warp.sync of the other half",
            1,
            32,
            "and.b32 %r6, %r0, 16; mov.u32 %r7, 65535; shl.b32 %r7, %r7, %r6;"
                + " st.shared.u32 [%r4], %r0; bar.warp.sync %r7; xor.b32 %r4, %r4, 64;"
                + " ld.shared.u32 %r6, [%r4];"),
        new Program("two blocks write", 2, 32, "st.global.u32 [%rd2], %r0;"),
        new Program(
            "one block reads what another writes",
            2,
            32,
            "@%p2 st.global.u32 [%rd2], %r0; @%p3 ld.global.u32 %r6, [%rd2];"),
        new Program(
            "two blocks read what one of them writes after a barrier",
            2,
            32,
            "ld.global.u32 %r6, [%rd2]; bar.sync 0; @%p2 st.global.u32 [%rd2], %r0;"),
        new Program(
            "an atomic operation and a read",
            1,
            64,
            "atom.global.add.u32 %r6, [%rd1], 1; ld.global.u32 %r6, [%rd1];"),
        new Program("one byte", 1, 64, "st.global.u8 [%rd1+3], %r0;"),
        new Program(
            "a byte of a word",
            1,
            64,
            "@%p0 st.global.u32 [%rd1], %r0; @%p1 st.global.u8 [%rd1+3], %r0;"),
        new Program(
            "the last block, without a fence",
            8,
            64,
            lastBlock("@%p0 st.global.u32 [%rd2+256], %r0;", "")),
        new Program(
            "the last block, the fence before the write",
            8,
            64,
            lastBlock("@%p0 membar.gl; @%p0 st.global.u32 [%rd2+256], %r0;", "")),
        new Program(
            "the last block, the fence in another thread",
            8,
            64,
            lastBlock("@%p1 st.global.u32 [%rd2+256], %r0; @%p0 membar.gl;", "")));
  }

  @BeforeAll
  static void onlyHere() {
    Assumptions.assumeFalse(TestDevices.GPU, "a GPU does not look for races");
  }

  private static String verdict(Program program, long seed) {
    try (TestModule module = TestModule.of(HEAD + program.body + " ret; }")) {
      module.seed(seed);
      long argument = module.upload(new int[2048]);
      TestModule.Shape shape = TestModule.Shape.of(program.blocks, program.threads);
      int code = module.tryRun("k", shape, 0, argument);
      if (code == 0) {
        code = module.tryRun("k", shape, 0, argument); // launches follow each other
      }
      assertTrue(code == 0 || code == CUresult.CUDA_ERROR_LAUNCH_FAILED, () -> module.message());
      return code == 0 ? "" : module.message();
    }
  }

  @ParameterizedTest
  @MethodSource("ordered")
  void ordered(Program program) {
    for (long seed = 0; seed < 20; seed++) {
      assertEquals("", verdict(program, seed), "seed " + seed);
    }
  }

  @ParameterizedTest
  @MethodSource("racing")
  void racing(Program program) {
    for (long seed = 0; seed < 20; seed++) {
      String verdict = verdict(program, seed);
      assertTrue(verdict.contains("race on "), "seed " + seed + ": " + verdict);
    }
  }

  @Test
  void theMessageNamesBothPlaces() {
    Program program =
        new Program(
            "", 2, 32, "@%p2 st.global.u32 [%rd2+8], %r0;\n@%p3 ld.global.u32 %r6, [%rd2+8];");
    String verdict = verdict(program, 0);
    assertTrue(
        verdict.matches(
            "cuLaunchKernel: race on 4 bytes of global memory at 0x[0-9a-f]+ \\(8 bytes into the"
                + " 8192-byte allocation at 0x[0-9a-f]+\\): nothing orders this (read|write) and"
                + " the (read|write) by block \\([01],0,0\\), thread \\(0,0,0\\), at"
                + " (st|ld).global.u32, PTX line 2[23], at (st|ld).global.u32, PTX line 2[23] of"
                + " kernel k, block \\([01],0,0\\), thread \\(0,0,0\\)"),
        verdict);
  }
}
