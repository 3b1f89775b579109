package org.thalweg.kernels;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What ptxas makes of the shipped PTX for GPUs that {@link RegistersTest} does not know, and where
 * nvdisasm is found (on PATH, or named by NVDISASM), the machine code of the products.
 */
class SassTest {
  private static final Pattern USAGE =
      Pattern.compile(
          "Function properties for (\\w+)\\s.*?(\\d+) bytes spill stores, (\\d+) bytes spill"
              + " loads.*?Used (\\d+) registers");
  private static final Pattern LABEL = Pattern.compile("\\s*(\\.L_x_\\d+):");
  private static final Pattern INSTRUCTION =
      Pattern.compile("\\s*/\\*[0-9a-f]+\\*/\\s+(@!?U?P\\w+\\s+)?([A-Z][A-Z0-9_.]*)(.*)");
  private static final Pattern TARGET = Pattern.compile("\\.L_x_\\d+");

  /** Slabs of 8 k in a chunk of 128: the totals are added once in so many. */
  private static final int SLABS = 16;

  @TempDir Path folder;

  private static Optional<String> tool(String name) {
    String named = System.getenv(name.toUpperCase(Locale.ROOT));
    Stream<String> path =
        Stream.of(System.getenv("PATH").split(File.pathSeparator)).map(at -> at + "/" + name);
    return Stream.concat(
            Stream.ofNullable(named), Stream.concat(path, Stream.of("/usr/local/cuda/bin/" + name)))
        .filter(file -> Files.isExecutable(Path.of(file)))
        .findFirst();
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertEquals(0, process.waitFor(), () -> String.join(" ", command) + ": " + out);
    return out;
  }

  /** The file of machine code, and what ptxas reports of it. */
  private Map.Entry<Path, String> assembled(String ptxas, Path ptx, String architecture) {
    Path cubin = folder.resolve(architecture + "-" + ptx.getFileName() + ".cubin");
    try {
      String report =
          run(ptxas, "-v", "-arch=" + architecture, ptx.toString(), "-o", cubin.toString());
      return Map.entry(cubin, report);
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  @Test
  void nothingSpillsAndUpdatesTakeFewRegisters() throws IOException {
    Optional<String> ptxas = tool("ptxas");
    if (ptxas.isEmpty()) {
      System.out.println("no ptxas: spills are checked for sm_75, sm_80 and sm_90 only");
      return;
    }
    List<Path> compiled = KernelSourcesTest.compiled();
    Map<String, String> wrong = new ConcurrentHashMap<>();
    Map<String, Boolean> found = new ConcurrentHashMap<>();
    Stream.of("sm_86", "sm_87", "sm_89", "sm_100", "sm_103", "sm_110", "sm_120", "sm_121")
        .flatMap(architecture -> compiled.stream().map(ptx -> Map.entry(architecture, ptx)))
        .parallel()
        .forEach(
            one -> {
              String report = assembled(ptxas.get(), one.getValue(), one.getKey()).getValue();
              Matcher kernel = USAGE.matcher(report.replace('\n', ' '));
              while (kernel.find()) {
                found.put(kernel.group(1), true);
                boolean update =
                    one.getValue().endsWith("optimizers.ptx") && kernel.group(1).endsWith("_f32");
                if (update && Integer.parseInt(kernel.group(4)) > RegistersTest.MOST_REGISTERS) {
                  wrong.put(kernel.group(1) + " on " + one.getKey(), kernel.group());
                }
                if (!kernel.group(2).equals("0") || !kernel.group(3).equals("0")) {
                  wrong.put(kernel.group(1) + " on " + one.getKey(), kernel.group());
                }
              }
            });
    assertEquals(Map.of(), new TreeMap<>(wrong));
    assertTrue(found.size() > 100, found.keySet().toString());
  }

  /** An instruction's name and operands, and whether it may do nothing. */
  private record Instruction(String name, String operands, boolean guarded) {}

  /** A part of a kernel from a label to the last jump back to it; the last is included. */
  private record Loop(int from, int to, List<Instruction> all) {
    long count(String name) {
      return all.subList(from, to + 1).stream().filter(i -> i.name.startsWith(name)).count();
    }

    boolean holds(Loop other) {
      return from <= other.from && other.to <= to && !equals(other);
    }
  }

  private static final class Kernel {
    final List<Instruction> all = new ArrayList<>();
    final Map<String, Integer> labels = new HashMap<>();

    Kernel(String sass) {
      for (String line : sass.split("\n")) {
        Matcher label = LABEL.matcher(line);
        Matcher instruction = INSTRUCTION.matcher(line);
        if (label.lookingAt()) {
          labels.put(label.group(1), all.size());
        } else if (instruction.matches()) {
          // BRA.DIV jumps only where the lanes of a warp have parted.
          boolean guarded =
              instruction.group(1) != null
                  || instruction.group(3).contains("P")
                  || instruction.group(2).endsWith(".DIV");
          all.add(new Instruction(instruction.group(2), instruction.group(3), guarded));
        }
      }
    }

    /** Where a jump goes; after the end if it is none. */
    int target(int i) {
      Matcher to = TARGET.matcher(all.get(i).operands);
      return all.get(i).name.startsWith("BRA") && to.find()
          ? labels.getOrDefault(to.group(), all.size())
          : all.size();
    }

    /** The innermost loops with at least so many FFMA. */
    List<Loop> loops(int ffma) {
      List<Loop> loops = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        if (target(i) <= i) {
          Loop loop = new Loop(target(i), i, all);
          if (loop.count("FFMA") >= ffma) {
            loops.add(loop);
          }
        }
      }
      return loops.stream().filter(loop -> loops.stream().noneMatch(loop::holds)).toList();
    }

    /** The instructions that a loop jumps over in all slabs of a chunk but one: with its FADD. */
    int seldom(Loop loop) {
      int first = loop.from;
      while (first < loop.to && !all.get(first).name.startsWith("FADD")) {
        first++;
      }
      for (int i = first; i >= loop.from; i--) {
        boolean over = target(i) > first && target(i) < all.size();
        if (over || target(i) == loop.from) {
          return Math.min(target(i) == loop.from ? loop.to + 1 : target(i), loop.to + 1) - i - 1;
        }
      }
      return 0;
    }

    /** The shortest way from one instruction to another, which is left out. */
    List<Instruction> way(int from, int to) {
      int[] before = new int[all.size()];
      Arrays.fill(before, -1);
      before[from] = from;
      Deque<Integer> next = new ArrayDeque<>(List.of(from));
      while (!next.isEmpty() && before[to] < 0) {
        int i = next.remove();
        boolean jump = all.get(i).name.startsWith("BRA");
        boolean leaves = (jump || all.get(i).name.equals("EXIT")) && !all.get(i).guarded;
        List<Integer> after = new ArrayList<>(jump ? List.of(target(i)) : List.of());
        after.addAll(leaves ? List.of() : List.of(i + 1));
        for (int j : after) {
          if (j < all.size() && before[j] < 0) {
            before[j] = i;
            next.add(j);
          }
        }
      }
      assertTrue(before[to] >= 0, "no way from " + from + " to " + to);
      List<Instruction> way = new ArrayList<>();
      for (int i = to; i != from; i = before[i]) {
        way.add(0, all.get(before[i]));
      }
      return way;
    }

    /** The loop over slabs, which loads before it multiplies; a jump back into it does not. */
    private Loop around(Loop inner) {
      return IntStream.range(0, all.size())
          .filter(i -> target(i) <= i)
          .mapToObj(i -> new Loop(target(i), i, all))
          .filter(loop -> loop.holds(inner))
          .filter(
              loop ->
                  all.subList(loop.from, inner.from).stream()
                      .anyMatch(i -> i.name.startsWith("LDG")))
          .min(Comparator.comparing(loop -> loop.to - loop.from))
          .orElseThrow();
    }

    /**
     * The way of a slab whose elements are all there, to the loop that multiplies it: where ways
     * part, the short one through the longest stretch of loads, which lanes of absent columns jump
     * over.
     */
    private List<Instruction> wayTo(Loop inner) {
      int from = around(inner).from;
      int start = from;
      int via = from;
      long most = 0;
      for (int i = from; i < inner.from; i++) {
        if (labels.containsValue(i) || all.get(i).name.startsWith("BRA")) {
          start = i;
        }
        long loads = new Loop(start, i, all).count("LDG");
        if (loads >= most) { // the last of such stretches: the left operand is loaded first
          most = loads;
          via = i;
        }
      }
      return Stream.concat(way(from, via).stream(), way(via, inner.from).stream()).toList();
    }

    /** FFMA's share of a loop around its one loop that multiplies, which runs so often in it. */
    double shareAround(Loop inner, int times) {
      int others = wayTo(inner).size() + way(inner.to + 1, around(inner).to).size() + 1;
      int own = times * (inner.to - inner.from + 1);
      return (double) times * inner.count("FFMA") / (own + others);
    }

    /** The loads from global memory on the same way, before the first store to shared memory. */
    long loadsInFlight(Loop inner) {
      return wayTo(inner).stream()
          .takeWhile(i -> !i.name.startsWith("STS"))
          .filter(i -> i.name.startsWith("LDG"))
          .count();
    }
  }

  private static Map<String, Kernel> kernels(String sass) {
    Map<String, Kernel> kernels = new TreeMap<>();
    String[] parts = sass.split("\n\\.text\\.");
    for (int i = 1; i < parts.length; i++) {
      kernels.put(parts[i].substring(0, parts[i].indexOf(':')), new Kernel(parts[i]));
    }
    return kernels;
  }

  /**
   * FFMA's share of the instructions of a product's loop, staging and totals included: of the wide
   * tile without and with absent elements; of the tall one without the totals, which are added once
   * in two slabs; and of the narrow one's arithmetic.
   */
  @ParameterizedTest
  @ValueSource(strings = {"sm_80", "sm_90", "sm_100"})
  void productsMultiply(String architecture) throws Exception {
    Optional<String> ptxas = tool("ptxas");
    if (ptxas.isEmpty()) {
      System.out.println("no ptxas: the products' machine code is not looked at");
      return;
    }
    Path ptx = Path.of("kernels/ptx/matmul.ptx");
    Map.Entry<Path, String> assembled = assembled(ptxas.get(), ptx, architecture);
    Matcher registers =
        Pattern.compile("(multiply_\\w*f32)\\s.*?Used (\\d+) registers")
            .matcher(assembled.getValue().replace('\n', ' '));
    Map<String, Integer> used = new TreeMap<>();
    while (registers.find()) {
      used.put(registers.group(1), Integer.parseInt(registers.group(2)));
    }
    assertEquals(6, used.size(), used.toString());
    // Three blocks of 128 threads, two of 224, four of 64 share 65,536 registers.
    used.forEach(
        (name, n) -> {
          int most = name.contains("wide") ? 168 : name.contains("tall") ? 255 : 144;
          assertTrue(n <= most, name + n);
        });
    Optional<String> nvdisasm = tool("nvdisasm");
    if (nvdisasm.isEmpty()) {
      System.out.println("no nvdisasm: of the products, ptxas's report alone was checked");
      return;
    }
    Map<String, Kernel> kernels = kernels(run(nvdisasm.get(), "-c", assembled.getKey().toString()));
    for (String layout : List.of("multiply_", "multiply_transposed_")) {
      Kernel wide = kernels.get(layout + "wide_f32");
      List<Double> shares = new ArrayList<>();
      for (Loop loop : wide.loops(512)) {
        double seldom = wide.seldom(loop);
        double all = loop.to - loop.from + 1 - seldom + seldom / SLABS;
        shares.add(loop.count("FFMA") / all);
      }
      shares.sort(null);
      // Of the next slab, while this one is multiplied: with 16-byte loads alone, and two of them.
      List<Long> loads = wide.loops(512).stream().map(loop -> loop.count("LDG")).sorted().toList();
      List<Long> whole =
          loads.subList(0, loads.size() - 1); // the most are where elements are absent
      assertEquals(layout.equals("multiply_") ? List.of(3L, 3L, 6L) : List.of(3L, 6L), whole);
      // With absent elements; with the columns of different models; else, and of multiply_ with the
      // right operand transposed.
      assertEquals(layout.equals("multiply_") ? 4 : 3, shares.size(), shares.toString());
      assertTrue(shares.get(0) > 0.72 && shares.get(1) > 0.82, layout + shares);
      assertTrue(shares.get(2) > 0.84, layout + shares);
      Kernel tall = kernels.get(layout + "tall_f32");
      Loop multiplies = tall.loops(512).get(0);
      double staged = tall.shareAround(multiplies, 2048 / 512);
      assertTrue(staged > 0.78 && staged < 0.9, layout + staged);
      assertEquals(64, tall.loadsInFlight(multiplies), layout);
      Kernel narrow = kernels.get(layout + "f32");
      Loop loop = narrow.loops(128).get(0);
      double share = loop.count("FFMA") / (loop.to - loop.from + 1.0);
      assertTrue(share > 0.75, layout + share);
      double stagedToo = narrow.shareAround(loop, 256 / 128);
      assertTrue(stagedToo > 0.5, layout + stagedToo);
      assertEquals(36, narrow.loadsInFlight(loop), layout);
    }
  }
}
