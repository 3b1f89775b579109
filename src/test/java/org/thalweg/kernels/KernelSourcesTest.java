package org.thalweg.kernels;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds kernels/ to src/docs/numerics.md, "Arithmetic": fresh PTX, exact functions in the sources,
 * exact instructions.
 */
class KernelSourcesTest {
  private static final Path KERNELS = Path.of("kernels");
  private static final int NO_NVCC = 3; // kernels/compile says so

  static List<Path> sources() throws IOException {
    return Stream.concat(files(KERNELS, ".cu").stream(), files(KERNELS, ".cuh").stream()).toList();
  }

  static List<Path> compiled() throws IOException {
    return files(KERNELS.resolve("ptx"), ".ptx");
  }

  @Test
  void everySourceIsCompiled() throws IOException {
    List<String> expected =
        files(KERNELS, ".cu").stream()
            .map(p -> p.getFileName().toString().replace(".cu", ".ptx"))
            .toList();
    assertEquals(expected, compiled().stream().map(p -> p.getFileName().toString()).toList());
    assertTrue(expected.contains("optimizers.ptx"), "kernels/ was not found");
  }

  @Test
  void compiledKernelsAreFresh(@TempDir Path fresh) throws Exception {
    String nvcc = compile(fresh);
    List<String> stale = new ArrayList<>();
    Set<String> compared = new TreeSet<>();
    for (Path ptx : compiled()) {
      String text = Files.readString(ptx);
      List<String> head = text.lines().limit(2).toList();
      boolean same;
      if (head.get(0).equals("// nvcc " + nvcc)) {
        compared.add("text compared, nvcc " + nvcc);
        same = text.equals(Files.readString(fresh.resolve(ptx.getFileName())));
      } else {
        String made = head.get(0).replace("// ", "");
        String here = nvcc.isEmpty() ? "no nvcc" : "nvcc " + nvcc;
        compared.add("hash of the sources compared, made by " + made + ", here is " + here);
        same = head.get(1).equals("// sources " + hashOfSources(KERNELS, ptx));
      }
      if (!same) stale.add(ptx.toString());
    }
    System.out.println("kernels/ptx: " + String.join("; ", compared));
    assertEquals(List.of(), stale, "not what kernels/compile makes of the sources: run it");
  }

  @Test
  void theTestsOwnKernelsAreFresh() throws Exception {
    assertFresh(Path.of("src/test/resources/kernels"), Path.of("src/test/kernels"));
  }

  @Test
  void theStandInsKernelsAreFresh() throws Exception {
    assertFresh(Path.of("native/blas"), Path.of("native/blas"));
  }

  private static void assertFresh(Path compiled, Path sources) throws Exception {
    List<String> stale = new ArrayList<>();
    for (Path ptx : files(compiled, ".ptx")) {
      List<String> head = Files.readAllLines(ptx).subList(0, 2);
      boolean same = head.get(1).equals("// sources " + hashOfSources(sources, ptx));
      if (!same) stale.add(ptx.toString());
    }
    assertEquals(List.of(), stale, "run: kernels/compile %s %s".formatted(compiled, sources));
  }

  @ParameterizedTest
  @MethodSource("sources")
  void sourcesCallOnlyExactFunctions(Path source) throws IOException {
    Set<String> shared = new HashSet<>();
    for (Path header : files(KERNELS, ".cuh")) {
      // exact.cuh has its own exp and log: elsewhere they must be called exact::exp and exact::log.
      if (!header.endsWith("exact.cuh")) {
        shared.addAll(definitions(withoutComments(Files.readString(header))).keySet());
      }
    }
    assertEquals(List.of(), foreignCalls(source.toString(), Files.readString(source), shared));
  }

  @ParameterizedTest
  @MethodSource("compiled")
  void compiledKernelsUseOnlyAllowedInstructions(Path ptx) throws IOException {
    assertEquals(List.of(), foreignInstructions(ptx.toString(), Files.readString(ptx)));
  }

  @ParameterizedTest
  @MethodSource("compiled")
  void compiledKernelsRunFromTuringAndDriver525On(Path ptx) throws IOException {
    List<String> lines = Files.readAllLines(ptx);
    assertTrue(lines.contains(".version 8.0"), ptx + ": .version is not 8.0");
    assertTrue(lines.contains(".target sm_75"), ptx + ": .target is not sm_75");
  }

  /**
   * Of each element's m, v and w one division and one root: the elements are counted by what is
   * stored.
   */
  @Test
  void adamDividesAndTakesARootOncePerElement() throws IOException {
    String ptx = read(KERNELS.resolve("ptx/optimizers.ptx"));
    int from = ptx.indexOf(".entry adam_f32(");
    String adam = ptx.substring(from, ptx.indexOf("\n}", from));
    int stored = 4 * count(adam, "st.global.v4.f32") + count(adam, "st.global.f32");
    assertEquals(0, stored % 3);
    assertTrue(stored > 3);
    assertEquals(stored / 3, count(adam, "div.rn.f32"));
    assertEquals(stored / 3, count(adam, "sqrt.rn.f32"));
  }

  private static int count(String text, String word) {
    return text.split(Pattern.quote(word), -1).length - 1;
  }

  @Test
  void inexactFunctionsAreFound() {
    String source =
        """
        // expf(x) in a comment
        template <typename T> __device__ T twice(T x) { return T(2) * x; }
        __device__ float f(float x) {
          if (isnan(x)) return twice(x) + exact::exp(x);
          return logf(x) + std::exp<float>(x) + __expf(x)
              + log(x) + static_cast<float>(2);
        }
        __device__ float log(float x) { return ::exp(x); }
        """;
    assertEquals(
        List.of("f:5: logf", "f:5: std::exp", "f:5: __expf", "f:6: log", "f:8: ::exp"),
        foreignCalls("f", source, Set.of()));
  }

  @Test
  void inexactInstructionsAreFound() throws IOException {
    String ptx =
        """
        .version 8.0
        .visible .entry k(
        	.param .u64 k_param_0
        )
        {
        	.reg .f32 	%f<4>;
        $L__BB0_1: // label
        	ld.param.u64 	%rd1, [k_param_0];
        	@%p1 bra 	$L__BB0_1;
        	// begin inline asm
        	{ .reg .pred p; ex2.approx.ftz.f32 %f1, %f2; }
        	add.f32 	%f1, %f2, %f3;
        	@!%p2 add.rn.ftz.f32 	%f1, %f2, %f3;
        	setp.lt.ftz.f32 	%p3, %f1, %f2;
        	red.global.add.f32 	[%rd1], %f1;
        	cvt.rzi.s32.f32 	%r1, %f1;
        	st.global.v2.f32 	[%rd1], {%f1, %f2};
        	ret;
        }
        """;
    assertEquals(
        List.of(
            "p:11: ex2.approx.ftz.f32",
            "p:12: add.f32",
            "p:13: add.rn.ftz.f32",
            "p:14: setp.lt.ftz.f32",
            "p:15: red.global.add.f32",
            "p:16: cvt.rzi.s32.f32"),
        foreignInstructions("p", ptx));
  }

  /** Runs kernels/compile. Returns the version of its nvcc, or "" where there is none. */
  private static String compile(Path out) throws IOException, InterruptedException {
    Path log = out.resolve("log");
    Process process;
    try {
      process =
          new ProcessBuilder("sh", KERNELS.resolve("compile").toString(), out.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException noShell) {
      return "";
    }
    assertTrue(process.waitFor(5, TimeUnit.MINUTES), "kernels/compile hangs");
    if (process.exitValue() == NO_NVCC) return "";
    assertEquals(0, process.exitValue(), () -> "kernels/compile: " + read(log));
    String first = Files.readString(files(out, ".ptx").get(0)).lines().findFirst().orElse("");
    return first.replace("// nvcc ", "");
  }

  private static String hashOfSources(Path folder, Path ptx) throws Exception {
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    for (Path header : files(KERNELS, ".cuh")) sha.update(Files.readAllBytes(header));
    String source = ptx.getFileName().toString().replace(".ptx", ".cu");
    sha.update(Files.readAllBytes(folder.resolve(source)));
    return HexFormat.of().formatHex(sha.digest());
  }

  // ---- Sources ---------------------------------------------------------------------------------

  private static final Set<String> EXACT =
      words(
          """
          fmaf fma sqrtf sqrt fabsf fabs fminf fmin fmaxf fmax rintf rint floorf floor copysignf
          copysign isnan isfinite min max
          __int_as_float __float_as_int __uint_as_float __float_as_uint __longlong_as_double
          __double_as_longlong __ldg __umulhi __umul64hi __popc __clz __ffs __brev
          __shfl_sync __shfl_xor_sync __shfl_down_sync __ballot_sync __any_sync __all_sync
          __syncwarp __syncthreads __syncthreads_or __syncthreads_and __syncthreads_count
          __threadfence __launch_bounds__ __align__ __isGlobal __builtin_assume
          atomicAdd atomicMax atomicOr atomicCAS
          """);

  private static final Set<String> LANGUAGE =
      words(
          """
          if for while switch return sizeof alignof alignas static_assert decltype noexcept defined
          float double int unsigned long short char bool void operator constexpr
          static_cast reinterpret_cast const_cast
          """);

  /** {@code name(}, {@code name<T>(} or {@code qualifier::name(}. */
  private static final Pattern CALL =
      Pattern.compile("((?:[A-Za-z_]\\w*)?::)?\\b([A-Za-z_]\\w*)\\s*(?:<[\\w\\s,:*+-]*>)?\\s*\\(");

  /** Calls of functions that are neither exact nor defined in kernels/ before the call. */
  static List<String> foreignCalls(String file, String source, Set<String> shared) {
    String text = withoutComments(source);
    Map<String, Integer> defined = definitions(text);
    List<String> foreign = new ArrayList<>();
    Matcher call = CALL.matcher(text);
    while (call.find()) {
      String qualifier = call.group(1) == null ? null : call.group(1).replace("::", "");
      String name = call.group(2);
      boolean ours =
          qualifier == null
              ? EXACT.contains(name)
                  || LANGUAGE.contains(name)
                  || shared.contains(name)
                  || defined.getOrDefault(name, Integer.MAX_VALUE) <= call.start(2)
              : qualifier.equals("exact") || defined.containsKey(qualifier);
      if (!ours) {
        long line = text.substring(0, call.start(2)).lines().count();
        String shown = qualifier == null ? name : qualifier + "::" + name;
        foreign.add(file + ":" + line + ": " + shown);
      }
    }
    return foreign;
  }

  /** What may be called because the text defines it, and where it first does. */
  private static Map<String, Integer> definitions(String text) {
    Map<String, Integer> found = new HashMap<>();
    define(found, text, "#define\\s+(\\w+)\\(");
    define(found, text, "\\b(?:struct|enum|typename|using)\\s+(\\w+)");
    define(found, text, "\\bauto\\s+(\\w+)\\s*=\\s*\\["); // a lambda
    for (String type : List.copyOf(found.keySet()))
      define(found, text, "\\b" + type + "\\s+(\\w+)\\b");
    Matcher macro = Pattern.compile("#define\\s+\\w+\\(([^)]*)\\)").matcher(text);
    while (macro.find()) {
      for (String parameter : macro.group(1).split("[\\s,]+")) {
        found.merge(parameter, macro.start(), Math::min);
      }
    }
    // "type name(...) {": a type stands before the name, a body follows the parenthesis.
    Matcher function =
        Pattern.compile("([A-Za-z_]\\w*|[>*&)])\\s+([A-Za-z_]\\w*)\\s*\\(").matcher(text);
    for (int from = 0; function.find(from); from = function.end(2)) {
      if (words("return else case").contains(function.group(1))) continue;
      int close = closing(text, function.end() - 1);
      if (close > 0 && text.substring(close + 1).matches("(?s)\\s*(const\\s*)?\\{.*")) {
        found.merge(function.group(2), function.start(2), Math::min);
      }
    }
    return found;
  }

  private static void define(Map<String, Integer> found, String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    while (matcher.find()) found.merge(matcher.group(1), matcher.start(1), Math::min);
  }

  private static int closing(String text, int open) {
    int depth = 0;
    for (int i = open; i < text.length(); i++) {
      if (text.charAt(i) == '(') depth++;
      if (text.charAt(i) == ')' && --depth == 0) return i;
    }
    return -1;
  }

  /** The text with comments blanked, each line where it was. */
  private static String withoutComments(String source) {
    return Pattern.compile("//[^\n]*|/\\*.*?\\*/", Pattern.DOTALL)
        .matcher(source)
        .replaceAll(comment -> comment.group().replaceAll("[^\n]", " "));
  }

  // ---- PTX -------------------------------------------------------------------------------------

  private static final Pattern INEXACT = Pattern.compile("\\.(approx|ftz|full|sat)\\b");

  /** Instructions off the list in instructions.txt, each with its line. */
  static List<String> foreignInstructions(String file, String ptx) throws IOException {
    Set<String> allowed;
    try (var list = KernelSourcesTest.class.getResourceAsStream("instructions.txt")) {
      allowed = words(new String(list.readAllBytes(), UTF_8).replaceAll("#[^\n]*", ""));
    }
    List<String> foreign = new ArrayList<>();
    String[] lines = withoutComments(ptx).split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      for (String statement : lines[i].split(";", -1)) {
        String opcode = opcode(statement);
        if (!opcode.isEmpty() && (!isListed(opcode, allowed) || INEXACT.matcher(opcode).find())) {
          foreign.add(file + ":" + (i + 1) + ": " + opcode);
        }
      }
    }
    return foreign;
  }

  /** What a statement does, without braces, label and predicate; "" for a directive. */
  private static String opcode(String statement) {
    String bare =
        statement
            .strip()
            .replaceFirst("^[{}()\\s]+", "")
            .replaceFirst("^[\\w$]+:\\s*", "")
            .replaceFirst("^@!?[\\w%]+\\s+", "");
    return bare.startsWith(".") ? "" : bare.split("\\s", 2)[0];
  }

  private static boolean isListed(String opcode, Set<String> allowed) {
    if (allowed.contains(opcode)) return true;
    for (int dot = opcode.lastIndexOf('.'); dot > 0; dot = opcode.lastIndexOf('.', dot - 1)) {
      if (allowed.contains(opcode.substring(0, dot) + ".*")) return true;
    }
    return false;
  }

  // ---- Files -----------------------------------------------------------------------------------

  /** The files of a folder with this ending, in the order of the C locale. */
  private static List<Path> files(Path folder, String ending) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> p.toString().endsWith(ending)).sorted().toList();
    }
  }

  private static Set<String> words(String text) {
    return Set.of(text.strip().split("\\s+"));
  }

  private static String read(Path path) {
    try {
      return Files.readString(path);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
