package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.sim.Reference.Register;

/**
 * ld and st: spaces, widths, vectors, and registers wider than the type, which a load extends and
 * of which a store takes the low bytes. The lanes access neighbouring elements, or scattered ones,
 * or one, or not all of them do.
 */
final class MemoryChecks {
  private static final int THREADS = Ptx.BLOCK;

  /** Hints to caches, and orders that one thread's accesses cannot tell apart. */
  private static final Set<String> HINTS =
      Set.of(
          "ca",
          "cg",
          "cs",
          "lu",
          "cv",
          "wb",
          "wt",
          "nc",
          "volatile",
          "relaxed",
          "gpu",
          "cta",
          "sys");

  private static final Set<String> SPACES = Set.of("global", "shared", "local", "const", "param");

  /** Bytes of the input for each thread: the element, whether it is active, and four values. */
  private static final int ENTRY = 2 * Integer.BYTES + 4 * Long.BYTES;

  /** What registers hold where a lane does not load. */
  private static final long BEFORE = -2;

  private final Instruction instruction;
  private final String space;
  private final int vector;
  private final PtxType type;
  private final Register register;

  /** Of an element. */
  private final int bytes;

  private final Random random = new Random(5);

  private MemoryChecks(Instruction instruction, String space, int vector) {
    this.instruction = instruction;
    this.space = space;
    this.vector = vector;
    type = instruction.types().get(0);
    register = new Register(type, instruction.widths()[0]);
    bytes = vector * type.bits() / 8;
  }

  static @Nullable Runnable find(Instruction i) {
    if (!i.opcode().equals("ld") && !i.opcode().equals("st")) return null;
    String space = "";
    int vector = 1;
    for (String m : i.modifiers()) {
      if (SPACES.contains(m)) space = m;
      else if (m.matches("v[24]")) vector = m.charAt(1) - '0';
      else if (!HINTS.contains(m)) return null;
    }
    MemoryChecks checks = new MemoryChecks(i, space, vector);
    boolean load = i.opcode().equals("ld");
    if (space.equals("param")) return load ? checks::parameter : ControlChecks::call;
    return load ? checks::load : checks::store;
  }

  /** Which element a thread accesses, and whether it does at all. */
  private record Pattern(String name, IntUnaryOperator element, IntPredicate active) {}

  private List<Pattern> patterns() {
    // Local memory is a thread's own: there is one element, which stands for the thread's.
    boolean own = space.equals("local");
    return List.of(
        new Pattern("neighbours", t -> t, t -> true),
        new Pattern("scattered", t -> own ? t : t * 37 % THREADS, t -> true),
        new Pattern("some", t -> t, t -> (t * 37 % 101 & 1) != 0),
        new Pattern("all the same", t -> own ? t : THREADS / 2, t -> true));
  }

  private void load() {
    byte[] data = random(THREADS * bytes);
    for (Pattern pattern : patterns()) {
      ByteBuffer out = Ptx.bytes(THREADS * vector * Long.BYTES);
      StringBuilder body = begin("%data");
      for (int v = 0; v < vector; v++) {
        PtxLines.declare(body, register, "%v" + v);
        PtxLines.set(body, register, "%v" + v, BEFORE);
      }
      line(body, "@%%active %s %s, %s;", instruction.mnemonic(), registers(), address());
      for (int v = 0; v < vector; v++) {
        PtxLines.store(body, register, "%v" + v, "%out", v * Long.BYTES);
      }
      run(body, vector * Long.BYTES, input(pattern, data), out, data);
      for (int t = 0; t < THREADS; t++) {
        for (int v = 0; v < vector; v++) {
          int at = pattern.element.applyAsInt(t) * bytes + v * type.bits() / 8;
          long expected = pattern.active.test(t) ? extended(data, at) : BEFORE & mask();
          assertEquals(
              Long.toHexString(expected),
              Long.toHexString(out.getLong((t * vector + v) * Long.BYTES)),
              "%s, %s, thread %d, part %d".formatted(instruction, pattern.name, t, v));
        }
      }
    }
  }

  private void store() {
    for (Pattern pattern : patterns().subList(0, 3)) {
      byte[] data = random(THREADS * bytes);
      ByteBuffer out = Ptx.bytes(data.length).put(data);
      StringBuilder body = begin("%all_out");
      for (int v = 0; v < vector; v++) {
        PtxLines.load(body, register, "%v" + v, "%in", 8 + v * Long.BYTES);
      }
      line(body, "@%%active %s %s, %s;", instruction.mnemonic(), address(), registers());
      if (copied()) {
        line(body, "bar.sync 0;");
        copy(body, "ld.%s.u8 %%byte, [%%own+%d];", "st.global.u8 [%%own_out+%2$d], %%byte;");
      }
      ByteBuffer in = input(pattern, data);
      run(body, bytes, in, out, data);
      for (int t = 0; t < THREADS; t++) {
        for (int k = 0; k < bytes && pattern.active.test(t); k++) {
          int part = 8 * k / type.bits();
          long value = in.getLong(t * ENTRY + 8 + part * Long.BYTES);
          data[pattern.element.applyAsInt(t) * bytes + k] =
              (byte) (value >>> (8 * k - part * type.bits()));
        }
      }
      assertArrayEquals(data, Ptx.array(out), instruction + ", " + pattern.name);
    }
  }

  /** A parameter of 8 bytes, or 16, read as the type. */
  private void parameter() {
    for (int i = 0; i < 16; i++) {
      byte[] value = random(Math.max(8, bytes));
      StringBuilder body = new StringBuilder();
      for (int v = 0; v < vector; v++) PtxLines.declare(body, register, "%v" + v);
      line(body, "%s %s, [check_value];", instruction.mnemonic(), registers());
      for (int v = 0; v < vector; v++) {
        PtxLines.store(body, register, "%v" + v, "%out", v * Long.BYTES);
      }
      String declared =
          bytes > 8 ? ".param .align 16 .b8 check_value[16]" : ".param .b64 check_value";
      ByteBuffer out = Ptx.bytes(vector * Long.BYTES);
      String text =
          PtxLines.kernel("check", 0, 0, body.toString())
              .replace("check_out)", "check_out, " + declared + ")");
      try (Ptx ptx = Ptx.of(text)) {
        ptx.run("check", Ptx.bytes(1), out, new int[] {1, 1, 1}, new int[] {1, 1, 1}, 0, value);
      }
      for (int v = 0; v < vector; v++) {
        assertEquals(
            Long.toHexString(extended(value, v * type.bits() / 8)),
            Long.toHexString(out.getLong(v * Long.BYTES)),
            instruction + ", part " + v);
      }
    }
  }

  private byte[] random(int count) {
    byte[] data = new byte[count];
    random.nextBytes(data);
    return data;
  }

  private long mask() {
    return register.bits() == 64 ? -1 : (1L << register.bits()) - 1;
  }

  /** The number at that place, as it stands in the register. */
  private long extended(byte[] source, int at) {
    long value = 0;
    for (int k = type.bits() / 8 - 1; k >= 0; k--) value = value << 8 | (source[at + k] & 0xff);
    return type.integer(value).longValue() & mask();
  }

  private ByteBuffer input(Pattern pattern, byte[] data) {
    ByteBuffer in = Ptx.bytes(THREADS * ENTRY + data.length);
    for (int t = 0; t < THREADS; t++) {
      in.putInt(pattern.element.applyAsInt(t)).putInt(pattern.active.test(t) ? 1 : 0);
      for (int v = 0; v < 4; v++) in.putLong(random.nextLong());
    }
    return in.put(data);
  }

  private boolean copied() {
    return space.equals("shared") || space.equals("local");
  }

  private String address() {
    return space.equals("shared") ? "[%at32]" : "[%at+0]";
  }

  private String registers() {
    String names =
        IntStream.range(0, vector).mapToObj(v -> "%v" + v).collect(Collectors.joining(", "));
    return vector == 1 ? names : "{" + names + "}";
  }

  /**
   * Puts the elements where the instruction will find them, each thread its own, byte by byte. Then
   * {@code %at} or {@code %at32} is the address of the one to access.
   *
   * @param base of the elements in global memory, whence they are copied into other spaces
   */
  private StringBuilder begin(String base) {
    StringBuilder body = new StringBuilder();
    if (space.equals("local")) line(body, ".local .align 16 .b8 depot[%d];", bytes);
    line(body, ".reg .pred %%active;\n.reg .b16 %%byte;\n.reg .b32 %%element;\n.reg .b32 %%at32;");
    line(body, ".reg .b64 %%at;\n.reg .b64 %%data;\n.reg .b64 %%all_out;\n.reg .b64 %%own_out;");
    line(body, ".reg .b%d %%own;", space.equals("shared") ? 32 : 64);
    line(body, "ld.global.u32 %%element, [%%in];");
    line(body, "ld.global.u32 %%t0, [%%in+4];\nsetp.ne.s32 %%active, %%t0, 0;");
    line(body, "ld.param.u64 %%data, [check_in];\nadd.s64 %%data, %%data, %d;", THREADS * ENTRY);
    line(body, "ld.param.u64 %%all_out, [check_out];");
    line(body, "mul.wide.s32 %%at, %%i, %d;\nadd.s64 %%own_out, %%all_out, %%at;", bytes);
    if (copied()) {
      boolean shared = space.equals("shared");
      line(
          body,
          shared
              ? "mov.u32 %%own, pool;\nmad.lo.s32 %%own, %%i, %d, %%own;"
              : "mov.u64 %%own, depot;",
          bytes);
      line(body, "add.s64 %%at, %%at, %s;", base);
      copy(body, "ld.global.u8 %%byte, [%%at+%2$d];", "st.%s.u8 [%%own+%d], %%byte;");
      line(body, "bar.sync 0;");
    }
    switch (space) {
      case "shared" ->
          line(body, "mov.u32 %%at32, pool;\nmad.lo.s32 %%at32, %%element, %d, %%at32;", bytes);
      case "local" -> line(body, "mov.u64 %%at, depot;");
      default -> {
        line(body, "mul.wide.s32 %%at, %%element, %d;", bytes);
        if (space.equals("const")) line(body, "mov.u64 %%data, table;");
        line(body, "add.s64 %%at, %%at, %s;", base);
      }
    }
    return body;
  }

  private void copy(StringBuilder body, String load, String store) {
    for (int k = 0; k < bytes; k++) {
      line(body, load, space, k);
      line(body, store, space, k);
    }
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be one more dependency
  private static void line(StringBuilder body, String format, Object... arguments) {
    body.append(format.formatted(arguments)).append('\n');
  }

  private void run(StringBuilder body, int outBytes, ByteBuffer in, ByteBuffer out, byte[] data) {
    String variable = "";
    if (space.equals("shared")) variable = ".extern .shared .align 16 .b8 pool[];\n";
    if (space.equals("const")) {
      String values =
          IntStream.range(0, data.length)
              .mapToObj(k -> String.valueOf(data[k] & 0xff))
              .collect(Collectors.joining(", "));
      variable = ".const .align 16 .b8 table[%d] = {%s};\n".formatted(data.length, values);
    }
    try (Ptx ptx = Ptx.of(variable + PtxLines.kernel("check", ENTRY, outBytes, body.toString()))) {
      ptx.run("check", in, out, 1, THREADS, space.equals("shared") ? THREADS * bytes : 0);
    }
  }
}
