package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.tools.Vectors;

/** exact.cuh and Exact compute the same bits: exp, log and the canonical sums by themselves. */
@Tag("driver")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProbeTest {
  private static final Path PTX = Path.of("src/test/resources/kernels/probe.ptx");
  private static final int RANDOM = 1 << 17;

  private final Random random = new Random(8);
  private final CUmodule module = new CUmodule();
  private CudaDevice device;

  @BeforeAll
  void load() throws Exception {
    device = TestDevices.openDriver();
    device.context().makeCurrent();
    byte[] ptx = Files.readAllBytes(PTX);
    byte[] text = Arrays.copyOf(ptx, ptx.length + 1); // ends in NUL
    Driver.check(JCudaDriver.cuModuleLoadData(module, text), "loading %s", PTX);
  }

  @AfterAll
  void unload() {
    Driver.check(JCudaDriver.cuModuleUnload(module), "unloading %s", PTX);
    device.close();
  }

  private double[] run(String kernel, ElementType type, double[] x, int results, int threads) {
    try (CudaArray in = (CudaArray) device.of(type, x);
        CudaArray out = device.context().array(type, results)) {
      CUfunction function = new CUfunction();
      String name = kernel + "_" + type.suffix();
      Driver.check(JCudaDriver.cuModuleGetFunction(function, module, name), "finding %s", name);
      Pointer arguments =
          Pointer.to(
              Pointer.to(new long[] {in.address()}),
              Pointer.to(new long[] {out.address()}),
              Pointer.to(new int[] {x.length}));
      // The device's own stream has been waited for by the upload, and its clearing of `out` with
      // it.
      int blocks = results == x.length ? (x.length + threads - 1) / threads : 1;
      Driver.check(
          JCudaDriver.cuLaunchKernel(
              function, blocks, 1, 1, threads, 1, 1, 0, null, arguments, null),
          "launching %s",
          name);
      Driver.check(JCudaDriver.cuCtxSynchronize(), "waiting for %s", name);
      return device.download(out);
    }
  }

  /** Around what the functions treat apart, of both signs, and any bits at all. */
  private double[] arguments(ElementType type) {
    double[] special = {
      0,
      1,
      0.5,
      2.0 / 3,
      4.0 / 3,
      Math.sqrt(0.5),
      Math.sqrt(2),
      Math.log(2) / 2,
      0x1p-28,
      0x1p-20,
      Float.MIN_VALUE,
      Float.MIN_NORMAL,
      Float.MAX_VALUE,
      Double.MIN_VALUE,
      Double.MIN_NORMAL,
      Double.MAX_VALUE,
      88.72283,
      88.72284,
      89,
      103.97207,
      103.97208,
      104,
      709.782712893384,
      745.1332,
      Double.POSITIVE_INFINITY,
      Double.NaN
    };
    DoubleStream near =
        Arrays.stream(special)
            .flatMap(
                x ->
                    type == ElementType.F32
                        ? DoubleStream.of(
                            Math.nextDown((float) x), (float) x, Math.nextUp((float) x))
                        : DoubleStream.of(Math.nextDown(x), x, Math.nextUp(x)))
            .flatMap(x -> DoubleStream.of(x, -x));
    DoubleStream bits =
        type == ElementType.F32
            ? random.ints(RANDOM).mapToDouble(Float::intBitsToFloat)
            : random.longs(RANDOM).mapToDouble(Double::longBitsToDouble);
    DoubleStream common = random.doubles(RANDOM, -110, 110);
    return DoubleStream.concat(DoubleStream.concat(near, bits), common).map(type::round).toArray();
  }

  private void assertSameFunction(String kernel, ElementType type, DoubleUnaryOperator twin) {
    double[] x = arguments(type);
    double[] y = run(kernel, type, x, x.length, 128);
    for (int i = 0; i < x.length; i++) {
      double expected = twin.applyAsDouble(x[i]);
      if (Exact.bits(expected) != Exact.bits(y[i])) {
        assertEquals(
            Double.toHexString(expected),
            Double.toHexString(y[i]),
            "%s %s of %a".formatted(kernel, type, x[i]));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F64"})
  void exp(ElementType type) {
    boolean f32 = type == ElementType.F32;
    assertSameFunction("exp", type, x -> f32 ? Exact.exp((float) x) : Exact.exp(x));
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F64"})
  void log(ElementType type) {
    boolean f32 = type == ElementType.F32;
    assertSameFunction("log", type, x -> f32 ? Exact.log((float) x) : Exact.log(x));
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F64"})
  void sums(ElementType type) {
    int[] sizes = {
      0,
      1,
      31,
      32,
      33,
      1023,
      1024,
      1025,
      1055,
      1057,
      33_000,
      1 << 20,
      (1 << 20) + 1,
      (1 << 20) + 1025
    };
    for (int n : sizes) {
      double[] x = random.doubles(n).map(v -> type.round(v - 0.25)).toArray();
      double expected = type == ElementType.F32 ? Exact.sum(floats(x), 0, n) : Exact.sum(x, 0, n);
      for (int threads : new int[] {32, 96}) { // of a warp, of a block
        double[] lanes = run(threads == 32 ? "sum" : "block_sum", type, x, threads, threads);
        for (double lane : lanes) {
          assertEquals(
              Exact.bits(expected), Exact.bits(lane), "%s, %d elements".formatted(type, n));
        }
      }
    }
  }

  /** A sum of nothing but -0 is +0; a NaN or an infinity goes through. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "F64"})
  void sumsOfSpecialValues(ElementType type) {
    for (double special :
        new double[] {-0.0, Double.NaN, Double.POSITIVE_INFINITY, Float.MIN_VALUE}) {
      for (int n : new int[] {1, 33, 1025, 2048}) {
        double[] x = new double[n];
        Arrays.fill(x, special == 0 ? special : 1);
        x[n - 1] = special;
        double expected = type == ElementType.F32 ? Exact.sum(floats(x), 0, n) : Exact.sum(x, 0, n);
        assertEquals(Exact.bits(expected), Exact.bits(run("sum", type, x, 32, 32)[31]));
        assertTrue(special != 0 || Exact.bits(expected) == 0);
      }
    }
  }

  private static float[] floats(double[] x) {
    float[] floats = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      floats[i] = (float) x[i];
    }
    return floats;
  }

  /** As in the file of the vectors, by the kernels' own exp and log. */
  @ParameterizedTest
  @CsvSource({"exp, F32", "exp, F64", "log, F32", "log, F64"})
  void vectors(String function, ElementType type) throws Exception {
    Path file = Vectors.FOLDER.resolve("functions.json");
    double[] x =
        Vectors.numbers(Vectors.inputs(file).get(type.suffix()).getAsJsonObject().get("x"));
    int compared = 0;
    for (JsonObject one : Vectors.cases(file)) {
      if (one.get("operation").getAsString().equals(function)
          && one.get("input").getAsString().equals(type.suffix())) {
        assertEquals(
            one.get("output").getAsJsonObject().get("y"),
            Vectors.hex(run(function, type, x, x.length, 256)));
        compared++;
      }
    }
    assertEquals(1, compared);
  }
}
