package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.thalweg.numeric.ElementType;

/**
 * Whatever a file holds, what comes back is a data set or our exception, and little memory is taken
 * for it.
 */
class ReadersFuzzTest {
  /** File and place in one line. */
  private static final Pattern MESSAGE =
      Pattern.compile(
          "[^:]+: (byte \\d+|line \\d+(, column \\d+)?): .+"
              + "|[^:]+\\.npy(: row \\d+(, column \\d+)?)?(:| has) .+"
              + "|[^:]+\\.npz(#[^:]*)?(: row \\d+(, column \\d+)?)?(:| has) .+"
              + "|[^:]+\\.safetensors(#[^:]*)?(: row \\d+(, column \\d+)?)?(:| has) .+"
              + "|[^:]+\\.svm: the labels have .+"
              + "|[^:]+\\.csv: all \\d+ rows have missing values"
              + "|[^:]+\\.csv: column \\d+ .+"
              + "|[^:]+\\.(csv|svm): one row cannot be split.+"
              + "|[^:]+\\.(csv|svm): it(s compressed data are damaged| ends too early)");

  /** Bytes for one small data set: 65,536 names of classes and a file's buffers take the most. */
  private static final long MEMORY = 20_000_000;

  private static final List<Byte> TOKENS =
      "0123456789,,,;;::  \t|\n\r\"\".-+eE#naNInfx".chars().mapToObj(c -> (byte) c).toList();

  private static Path folder;

  /** A valid data set, and the name and folder that it is asked for by. */
  private record Sample(Map<String, byte[]> files, String name, Path folder) {
    Datasets.Loaded load() {
      if (Datasets.isMatrix(name)) {
        Path rows = folder.resolve(name);
        boolean one = name.contains("#");
        Path labels = folder.resolve(one ? name.replace("#rows", "#labels") : "labels.npy");
        Datasets.Header header = Datasets.Header.AUTO;
        Datasets.Loaded loaded =
            Datasets.matrix(rows.toString(), labels, null, header, ElementType.F32, Datasets.FIFTH);
        loaded.split().train().crc32(); // reads all rows
        return loaded;
      }
      if (Datasets.isSparse(name)) {
        Datasets.Loaded loaded = Datasets.load(folder.resolve(name).toString(), null, null);
        Stream.of(loaded.split().train(), loaded.split().test())
            .forEach(part -> assertTrue(isFinite(((SparseRows) part.values()).numbers())));
        return loaded;
      }
      if (!name.endsWith(".csv")) {
        return Datasets.load(name, folder, null);
      }
      CsvOptions.Missing missing = MISSING[files.values().iterator().next().length % 3];
      CsvOptions any = CsvOptions.DEFAULT;
      CsvOptions options =
          new CsvOptions(
              null, any.header(), null, any.decimal(), List.of(), List.of(), missing, false, null);
      Datasets.Loaded loaded =
          Datasets.load(
              folder.resolve(name).toString(),
              null,
              options,
              ElementType.F32,
              null,
              Datasets.FIFTH);
      assertTrue(isFinite(loaded.split().train().values()));
      assertTrue(isFinite(loaded.split().test().values()));
      return loaded;
    }
  }

  private static boolean isFinite(Dataset.Values values) {
    return LongStream.range(0, values.count()).allMatch(i -> Double.isFinite(values.value(i)));
  }

  private static final CsvOptions.Missing[] MISSING = CsvOptions.Missing.values();

  private static final List<Sample> SAMPLES = new ArrayList<>();

  @BeforeContainer
  static void write() throws IOException {
    folder = Files.createTempDirectory("fuzz");
    SAMPLES.add(new Sample(Samples.idx(), "mnist", folder.resolve("idx")));
    SAMPLES.add(new Sample(Samples.cifar(), "cifar10", folder.resolve("cifar")));
    for (Map<String, byte[]> files : Samples.csvs()) {
      SAMPLES.add(new Sample(files, "data.csv", folder.resolve("csv" + SAMPLES.size())));
    }
    for (Map<String, byte[]> files : Samples.svms()) {
      SAMPLES.add(new Sample(files, "data.svm", folder.resolve("svm" + SAMPLES.size())));
    }
    for (String type : List.of("<f2", "|u1", "<i8")) {
      SAMPLES.add(
          new Sample(Samples.npy(type), "rows.npy", folder.resolve("npy" + SAMPLES.size())));
    }
    for (int method : List.of(0, 8)) {
      SAMPLES.add(
          new Sample(Samples.npz(method, "<f4"), "rows.npz#rows", folder.resolve("npz" + method)));
    }
    for (String type : List.of("F16", "BF16")) {
      Map<String, byte[]> files = Samples.tensors(type, 2);
      SAMPLES.add(new Sample(files, "rows.safetensors#rows", folder.resolve(type)));
    }
    for (Sample sample : SAMPLES) {
      Samples.write(sample.folder, sample.files);
      sample.load();
    }
  }

  @AfterContainer
  static void delete() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }

  @Property(tries = 2000, shrinking = ShrinkingMode.OFF)
  void anyBytes(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] bytes = new byte[random.nextInt(300)];
    random.nextBytes(bytes);
    if (random.nextBoolean()) {
      for (int i = 0; i < bytes.length; i++) bytes[i] = TOKENS.get(random.nextInt(TOKENS.size()));
    }
    Sample sample = SAMPLES.get(random.nextInt(SAMPLES.size()));
    assertOrderly(
        seed, sample, name(sample, random), random.nextInt(4) == 0 ? Samples.gzip(bytes) : bytes);
  }

  @Property(tries = 6000, shrinking = ShrinkingMode.OFF)
  void mutations(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    Sample sample = SAMPLES.get(random.nextInt(SAMPLES.size()));
    String name = name(sample, random);
    byte[] bytes = sample.files.get(name);
    if (random.nextInt(3) == 0) bytes = Samples.gzip(bytes);
    for (int n = 1 + random.nextInt(3); n > 0; n--) bytes = mutate(bytes, random);
    if (random.nextInt(3) == 0) bytes = Samples.gzip(bytes);
    assertOrderly(seed, sample, name, bytes);
  }

  private static String name(Sample sample, Random random) {
    List<String> names = sample.files.keySet().stream().sorted().toList();
    return names.get(random.nextInt(names.size()));
  }

  /** Flips a bit, replaces a header's number or a character, cuts, doubles or inserts. */
  private static byte[] mutate(byte[] bytes, Random random) {
    if (bytes.length < 4) return new byte[random.nextInt(8)];
    // Half of the time near the beginning, where headers are.
    int at = random.nextInt(random.nextBoolean() ? bytes.length : Math.min(bytes.length, 20));
    int length = random.nextInt(Math.min(bytes.length - at, 1 + random.nextInt(4000)) + 1);
    byte[] changed = bytes.clone();
    switch (random.nextInt(6)) {
      case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> changed[at] = TOKENS.get(random.nextInt(TOKENS.size()));
      case 2 -> {
        int[] counts = {0, 1, -1, Integer.MAX_VALUE, 1 << random.nextInt(32), random.nextInt(12)};
        int word = Math.min(at, changed.length - 4) & ~3;
        ByteBuffer.wrap(changed).putInt(word, counts[random.nextInt(counts.length)]);
      }
      case 3 ->
          changed =
              join(Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, at + length, bytes.length));
      case 4 ->
          changed =
              join(Arrays.copyOf(bytes, at + length), Arrays.copyOfRange(bytes, at, bytes.length));
      default -> {
        byte[] more = new byte[random.nextInt(10)];
        random.nextBytes(more);
        changed =
            join(join(Arrays.copyOf(bytes, at), more), Arrays.copyOfRange(bytes, at, bytes.length));
      }
    }
    return changed;
  }

  private static byte[] join(byte[] a, byte[] b) {
    return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
  }

  /** Loads the sample with one of its files replaced. */
  private static void assertOrderly(long seed, Sample sample, String name, byte[] bytes)
      throws IOException {
    Path file = sample.folder.resolve(name);
    replace(file, bytes);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    try {
      Datasets.Loaded loaded = sample.load();
      for (Dataset part : List.of(loaded.split().train(), loaded.split().test())) {
        assertTrue(part.rows() > 0 && part.features() > 0, "seed " + seed);
        assertEquals(part.classes(), loaded.classes().size(), "seed " + seed);
      }
    } catch (DataException e) {
      assertTrue(MESSAGE.matcher(e.getMessage()).matches(), () -> "seed " + seed + ": " + e);
    } catch (RuntimeException | OutOfMemoryError e) {
      throw new AssertionError("seed " + seed + ": " + e, e);
    } finally {
      replace(file, sample.files.get(name));
    }
    long taken = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(taken < MEMORY, () -> "seed " + seed + ": " + taken + " bytes");
  }

  /** A new file: to cut an old one to nothing takes some file systems milliseconds. */
  private static void replace(Path file, byte[] bytes) throws IOException {
    Files.delete(file);
    Files.write(file, bytes);
  }
}
