package org.thalweg.sim;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.driver.CUresult;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Assumptions;
import org.thalweg.device.TestDevices;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.DriverAccess;

/**
 * Whatever bytes are loaded as PTX, the software driver comes back: with a module, or with an error
 * and a log that names a line. A crash would take the JVM with it: then the seed of the try that
 * did it is in the file {@code fuzz-seed} beside the test classes.
 */
@Tag("driver")
class ParserFuzzTest {
  private static final Pattern LOG = Pattern.compile("PTX line (\\d+): .+", Pattern.DOTALL);
  private static final int SECONDS = 10; // a load takes milliseconds

  private static CudaDevice device;
  private static ExecutorService loader;
  private static List<String> texts;

  @BeforeContainer
  static void open() throws Exception {
    Assumptions.assumeFalse(TestDevices.GPU, "NVIDIA's parser is not ours to test");
    loader = Executors.newSingleThreadExecutor();
    device = TestDevices.openDriver();
    texts = PtxMutations.texts();
  }

  @AfterContainer
  static void close() {
    if (device == null) return;
    loader.shutdownNow();
    device.close();
  }

  @Example
  void theTextsInTheTreeLoad() throws Exception {
    for (Path file : PtxFiles.all()) {
      assertEquals(new Ptx.Outcome(0, ""), load(Files.readAllBytes(file)), file.toString());
    }
  }

  @Property(tries = 2000, shrinking = ShrinkingMode.OFF)
  void bytes(@ForAll long seed) throws Exception {
    Random random = PtxMutations.begin(seed);
    byte[] bytes = new byte[random.nextInt(300)];
    random.nextBytes(bytes);
    if (random.nextBoolean()) {
      for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (9 + random.nextInt(118));
    }
    String text = new String(bytes, ISO_8859_1);
    assertOrderly(seed, text);
    assertOrderly(seed, ".version 8.0 " + text);
    assertOrderly(seed, ".version 8.0 .visible .entry k() {" + text);
  }

  @Property(tries = 2000, shrinking = ShrinkingMode.OFF)
  void mutations(@ForAll long seed) throws Exception {
    Random random = PtxMutations.begin(seed);
    String text = texts.get(random.nextInt(texts.size()));
    for (int n = 1 + random.nextInt(3); n > 0; n--) text = PtxMutations.mutate(text, random);
    assertOrderly(seed, text);
  }

  private static Ptx.Outcome load(byte[] text) throws Exception {
    return loader
        .submit(
            () -> {
              DriverAccess.makeCurrent(device);
              return Ptx.tryLoad(text);
            })
        .get(SECONDS, TimeUnit.SECONDS);
  }

  private static void assertOrderly(long seed, String text) throws Exception {
    Ptx.Outcome outcome = load(text.getBytes(ISO_8859_1));
    if (outcome.code() == CUresult.CUDA_SUCCESS) return;
    String ended = text.substring(0, (text + '\0').indexOf('\0'));
    if (!ended.contains(".version")) {
      assertEquals(CUresult.CUDA_ERROR_INVALID_IMAGE, outcome.code(), "seed " + seed);
      return;
    }
    assertEquals(CUresult.CUDA_ERROR_INVALID_PTX, outcome.code(), "seed " + seed);
    Matcher log = LOG.matcher(outcome.log());
    assertTrue(log.matches(), () -> "seed " + seed + ": log " + outcome.log());
    long lines = ended.chars().filter(c -> c == '\n').count() + 1;
    long line = Long.parseLong(log.group(1));
    assertTrue(line >= 1 && line <= lines, () -> "seed " + seed + ": log " + outcome.log());
  }
}
