package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Branches, calls, exits, barriers, fences and special registers: a small kernel for each. */
final class ControlChecks {
  private static final int THREADS = 96;
  private static final int BLOCKS = 4;

  /** What a kernel leaves in out where a thread writes nothing. */
  private static final int UNWRITTEN = -7;

  private ControlChecks() {}

  static @Nullable Runnable find(Instruction i) {
    String m = i.mnemonic();
    if (i.opcode().equals("mov") && i.form().startsWith("%")) return () -> special(i);
    if (m.startsWith("cvta.to.global.")) return () -> identity(m);
    if (m.matches("bar\\.red\\.(and|or)\\.pred|bar\\.red\\.popc\\.u32")) return () -> blockVote(m);
    if (Set.of("membar", "fence").contains(i.opcode())) return () -> fence(m);
    return switch (m) {
      case "bra" -> ControlChecks::loop;
      case "bra.uni" -> ControlChecks::uniformLoop;
      case "ret", "exit" -> () -> leave(m);
      case "call", "call.uni" -> ControlChecks::call;
      case "brx.idx" -> ControlChecks::table;
      case "bar.sync", "barrier.sync" -> () -> exchange(m + " 0;", THREADS);
      case "bar.warp.sync" -> () -> exchange(m + " -1;", 32);
      default -> null;
    };
  }

  /**
   * Runs the body in each thread, which computes {@code %d} from its number {@code %i} in the grid.
   */
  private static void check(String variables, String body, int shared, IntUnaryOperator expected) {
    StringBuilder text = new StringBuilder(".reg .pred %p;\n.reg .pred %q;\n");
    for (String name : new String[] {"a", "b", "c", "d"}) text.append(".reg .b32 %" + name + ";\n");
    text.append(body).append("\nst.global.u32 [%out], %d;");
    ByteBuffer out = Ptx.bytes(BLOCKS * THREADS * Integer.BYTES);
    for (int t = 0; t < BLOCKS * THREADS; t++) out.putInt(t * Integer.BYTES, UNWRITTEN);
    try (Ptx ptx =
        Ptx.of(variables + PtxLines.kernel("check", 0, Integer.BYTES, text.toString()))) {
      ptx.run("check", Ptx.bytes(4), out, BLOCKS, THREADS, shared);
    }
    for (int t = 0; t < BLOCKS * THREADS; t++) {
      assertEquals(expected.applyAsInt(t), out.getInt(t * Integer.BYTES), "thread " + t);
    }
  }

  /** Each lane goes around its own number of times: Collatz's. */
  private static void loop() {
    check(
        "",
        """
        mov.u32 %d, 0;
        add.s32 %a, %i, 1;
        AGAIN:
        setp.eq.s32 %p, %a, 1;
        @%p bra DONE;
        add.s32 %d, %d, 1;
        and.b32 %b, %a, 1;
        setp.eq.s32 %p, %b, 1;
        @%p bra ODD;
        shr.s32 %a, %a, 1;
        bra AGAIN;
        ODD:
        mad.lo.s32 %a, %a, 3, 1;
        bra AGAIN;
        DONE:
        """,
        0,
        t -> {
          int steps = 0;
          for (int n = t + 1; n != 1; n = n % 2 == 1 ? 3 * n + 1 : n / 2) steps++;
          return steps;
        });
  }

  private static void uniformLoop() {
    check(
        "",
        """
        mov.u32 %d, %i;
        mov.u32 %a, 0;
        AGAIN:
        add.s32 %d, %d, %a;
        add.s32 %a, %a, 1;
        setp.ge.s32 %p, %a, 10;
        @%p bra.uni DONE;
        bra.uni AGAIN;
        mov.u32 %d, 0;
        DONE:
        """,
        0,
        t -> t + 45);
  }

  /** Lanes that leave write nothing; the others meet again at a barrier without them. */
  private static void leave(String mnemonic) {
    check(
        "",
        """
        mov.u32 %%d, %%i;
        and.b32 %%a, %%i, 3;
        setp.eq.s32 %%p, %%a, 1;
        @%%p %s;
        bar.sync 0;
        """
            .formatted(mnemonic),
        0,
        t -> t % 4 == 1 ? UNWRITTEN : t);
  }

  /** As nvcc writes a call, made by some of the lanes: f(x) = 3 x + 1. */
  static void call() {
    check(
        """
        .func (.param .b32 result) f(.param .b32 f_param_0)
        {
        .reg .b32 %x;
        ld.param.u32 %x, [f_param_0];
        mad.lo.s32 %x, %x, 3, 1;
        st.param.b32 [result+0], %x;
        ret;
        }
        """,
        """
        mov.u32 %d, %i;
        and.b32 %a, %i, 1;
        setp.eq.s32 %p, %a, 1;
        @%p bra DONE;
        {
        .param .b32 param0;
        st.param.b32 [param0+0], %i;
        .param .b32 retval0;
        call.uni (retval0), f, (param0);
        ld.param.b32 %d, [retval0+0];
        }
        DONE:
        """,
        0,
        t -> t % 2 == 1 ? t : 3 * t + 1);
  }

  /** As nvcc writes a switch. */
  private static void table() {
    check(
        "",
        """
        and.b32 %a, %i, 3;
        CASES: .branchtargets ZERO, ONE, TWO, ONE;
        brx.idx %a, CASES;
        ZERO:
        mov.u32 %d, 100;
        bra DONE;
        ONE:
        mov.u32 %d, 101;
        bra DONE;
        TWO:
        mov.u32 %d, 102;
        DONE:
        """,
        0,
        t -> t % 4 == 0 ? 100 : t % 4 == 2 ? 102 : 101);
  }

  /**
   * Each thread writes a word of shared memory; after the barrier it reads that of another of the
   * group.
   */
  private static void exchange(String barrier, int group) {
    check(
        ".extern .shared .align 4 .b8 pool[];\n",
        """
        mov.u32 %%a, %%tid.x;
        mov.u32 %%b, pool;
        mad.lo.s32 %%c, %%a, 4, %%b;
        st.shared.u32 [%%c], %%i;
        %1$s
        div.u32 %%t0, %%a, %2$d;
        mul.lo.s32 %%t0, %%t0, %2$d;
        add.s32 %%c, %%a, 7;
        rem.u32 %%c, %%c, %2$d;
        add.s32 %%c, %%c, %%t0;
        mad.lo.s32 %%c, %%c, 4, %%b;
        ld.shared.u32 %%d, [%%c];
        """
            .formatted(barrier, group),
        THREADS * Integer.BYTES,
        t -> t / group * group + (t % group + 7) % group);
  }

  /** Block 0 votes no, block 1 yes, of the others one thread otherwise than the rest. */
  private static void blockVote(String mnemonic) {
    boolean count = mnemonic.contains("popc");
    check(
        "",
        """
        mov.u32 %%a, %%ctaid.x;
        mov.u32 %%b, %%tid.x;
        setp.eq.s32 %%p, %%b, 65;
        selp.u32 %%c, 1, 0, %%p;
        shr.u32 %%t0, %%a, 1;
        and.b32 %%c, %%c, %%t0;
        xor.b32 %%c, %%c, %%a;
        and.b32 %%c, %%c, 1;
        setp.ne.s32 %%p, %%c, 0;
        %s %s, 0, %%p;
        %s
        """
            .formatted(mnemonic, count ? "%d" : "%q", count ? "" : "selp.u32 %d, 1, 0, %q;"),
        0,
        t -> {
          int block = t / THREADS;
          int votes = (block % 2 == 1 ? THREADS : 0) + (block == 2 ? 1 : block == 3 ? -1 : 0);
          if (count) return votes;
          return mnemonic.contains("or") ? (votes > 0 ? 1 : 0) : votes == THREADS ? 1 : 0;
        });
  }

  /** A fence leaves one thread's own writes and reads as they are. */
  private static void fence(String mnemonic) {
    check(
        "",
        "st.global.u32 [%out], %i;\n"
            + mnemonic
            + ";\nld.global.u32 %d, [%out];\nadd.s32 %d, %d, 1;",
        0,
        t -> t + 1);
  }

  /** An address of global memory is the same generic address. */
  private static void identity(String mnemonic) {
    check(
        "",
        """
        .reg .b64 %%generic;
        %s %%generic, %%out;
        mov.u32 %%a, 5;
        st.global.u32 [%%generic], %%a;
        ld.global.u32 %%d, [%%out];
        """
            .formatted(mnemonic),
        0,
        t -> 5);
  }

  private static void special(Instruction instruction) {
    int[] grid = {2, 3, 2};
    int[] block = {5, 3, 4};
    int threads = block[0] * block[1] * block[2];
    String name = instruction.form();
    String text =
        """
        .visible .entry check(.param .u64 check_in, .param .u64 check_out)
        {
        .reg .b32 %%v;
        .reg .b32 %%n;
        .reg .b32 %%s;
        .reg .b64 %%out;
        .reg .b64 %%at;
        mov.u32 %%n, %%ctaid.z;
        %s
        ld.param.u64 %%out, [check_out];
        mul.wide.s32 %%at, %%n, 4;
        add.s64 %%out, %%out, %%at;
        %s %%s, %s;
        st.global.u32 [%%out], %%s;
        ret;
        }
        """
            .formatted(
                along("ctaid.y", grid[1])
                    + along("ctaid.x", grid[0])
                    + along("tid.z", block[2])
                    + along("tid.y", block[1])
                    + along("tid.x", block[0]),
                instruction.mnemonic(),
                name);
    int all = grid[0] * grid[1] * grid[2] * threads;
    ByteBuffer out = Ptx.bytes(all * Integer.BYTES);
    try (Ptx ptx = Ptx.of(text)) {
      ptx.run("check", Ptx.bytes(4), out, grid, block, 0);
    }
    for (int n = 0; n < all; n++) {
      int thread = n % threads;
      int lane = thread % 32;
      int[] tid = place(thread, block);
      int[] ctaid = place(n / threads, grid);
      int axis = name.charAt(name.length() - 1) - 'x';
      int expected =
          switch (name.replaceFirst("\\.[xyz]$", "")) {
            case "%tid" -> tid[axis];
            case "%ntid" -> block[axis];
            case "%ctaid" -> ctaid[axis];
            case "%nctaid" -> grid[axis];
            case "%laneid" -> lane;
            case "%warpid" -> thread / 32;
            case "%lanemask_eq" -> 1 << lane;
            case "%lanemask_lt" -> (1 << lane) - 1;
            case "%lanemask_le" -> (2 << lane) - 1;
            case "%lanemask_gt" -> -(2 << lane);
            case "%lanemask_ge" -> -(1 << lane);
            default -> throw new AssertionError("no check for special register " + name);
          };
      assertEquals(expected, out.getInt(n * Integer.BYTES), name + " of thread " + n);
    }
  }

  /** n = n * size + the special register: a row-major number, dimension by dimension. */
  private static String along(String register, int size) {
    return "mov.u32 %%v, %%%s;\nmad.lo.s32 %%n, %%n, %d, %%v;\n".formatted(register, size);
  }

  private static int[] place(int n, int[] in) {
    return new int[] {n % in[0], n / in[0] % in[1], n / in[0] / in[1]};
  }
}
