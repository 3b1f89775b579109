package org.thalweg.device.cuda;

import static jcuda.cudaDataType.*;
import static jcuda.driver.JCudaDriver.*;
import static jcuda.jcublas.cublasComputeType.*;
import static jcuda.jcublas.cublasGemmAlgo.*;
import static jcuda.jcublas.cublasOperation.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUstream;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.DeviceException;
import org.thalweg.device.Product;
import org.thalweg.numeric.ElementType;

/** NVIDIA's cuBLAS on one stream, in one context. */
final class Cublas {
  private static final String LIBRARY = Natives.jcuda("JCublas2");
  private static final String STAND_IN = "/org/thalweg/native/linux-x86_64/libcublas.so.12";

  private static final int TF32_MAJOR = 8; // compute capability of the first GPUs that have it

  // What NVIDIA recommends: more from Hopper (9.0) on.
  private static final long WORKSPACE = 4 << 20;
  private static final long WORKSPACE_HOPPER = 32 << 20;

  private static boolean loaded;

  private final cublasHandle handle = new cublasHandle();
  private final CudaArray workspace; // kept for cuBLAS, which knows its address
  private final boolean tf32;
  private final int version;

  /**
   * Starts cuBLAS in the current context.
   *
   * @param workspace cuBLAS's scratch memory: given that, it never allocates, also not while a
   *     graph is captured
   */
  Cublas(CUstream stream, CudaArray workspace, boolean tf32) {
    this.workspace = workspace;
    this.tf32 = tf32;
    check(JCublas2.cublasCreate(handle), "starting cuBLAS");
    try {
      // In this order: a new stream takes away the workspace.
      check(JCublas2.cublasSetStream(handle, new cudaStream_t(stream)), "giving cuBLAS a stream");
      check(
          JCublas2.cublasSetWorkspace(handle, workspace.pointer(), workspace.bytes()),
          "giving cuBLAS %d bytes of workspace",
          workspace.bytes());
      int[] found = new int[1];
      check(JCublas2.cublasGetVersion(handle, found), "reading the version of cuBLAS");
      version = found[0];
    } catch (RuntimeException e) {
      JCublas2.cublasDestroy(handle); // ignores a failure: e reports one already
      throw e;
    }
  }

  /**
   * Loads cuBLAS and starts it.
   *
   * @throws DeviceException if it cannot be used, or the device has no TF32 where that is asked for
   */
  static Cublas open(Driver driver, CudaContext context, boolean tf32) {
    load(driver);
    if (tf32 && context.major() < TF32_MAJOR && driver == Driver.NVIDIA) {
      // cuBLAS would compute in binary32 and not say so; the stand-in rounds on any device.
      throw new DeviceException(
          context.description() + " has no TF32, which came with 8.0 (Ampere)");
    }
    long workspace = context.major() < 9 ? WORKSPACE : WORKSPACE_HOPPER;
    return new Cublas(context.stream(), context.array(ElementType.U8, workspace), tf32);
  }

  /** The name of the library, for messages. */
  String description() {
    return (version == 0 ? "a stand-in for cuBLAS" : "cuBLAS " + version) + (tf32 ? " (TF32)" : "");
  }

  /** Which operand is stored transposed. */
  enum Layout {
    PLAIN,
    LEFT_TRANSPOSED,
    RIGHT_TRANSPOSED
  }

  /**
   * {@code out = left · right} for each model, or one of them transposed, as {@code Device} says;
   * if {@code add} is set, the old {@code out} is added. No size is 0.
   */
  record Gemm(
      Cublas cublas,
      ElementType type,
      Product size,
      Layout layout,
      CudaArray.Address left,
      CudaArray.Address right,
      CudaArray.Address out,
      boolean add)
      implements Enqueue {
    @Override
    public String name() {
      return "cuBLAS(%s)".formatted(size);
    }

    /** On the stream that cuBLAS was given: the device has no other. */
    @Override
    public void enqueue(CUstream stream) {
      check(cublas.multiply(this), "multiplying by cuBLAS: %s %s", type, size);
    }

    /**
     * Runs it once into scratch memory: cuBLAS may have to load the kernel that it chooses for
     * these operands and their alignment, which it cannot do while a graph is captured.
     */
    @Override
    public void prepare(CUstream stream) {
      long shift = out.value() % 16;
      long bytes = (long) size.models() * size.rows() * size.columns() * type.bytes() + shift;
      CudaArray.Address nowhere = new CudaArray.Address();
      Driver.check(cuMemAlloc(nowhere, bytes), "allocating %d bytes", bytes);
      try {
        Driver.check(cuMemsetD8Async(nowhere, (byte) 0, bytes, stream), "clearing %d bytes", bytes);
        var aligned = new CudaArray.Address(nowhere, shift);
        new Gemm(cublas, type, size, layout, left, right, aligned, add).enqueue(stream);
      } finally {
        Driver.check(cuMemFree(nowhere), "freeing %d bytes", bytes);
      }
    }
  }

  /**
   * A row-major matrix is the transpose of a column-major one, and {@code outᵀ = rightᵀ · leftᵀ}:
   * the operands change places, and each keeps its rows as its columns.
   */
  private int multiply(Gemm gemm) {
    Product size = gemm.size;
    int m = size.columns();
    int n = size.rows();
    int k = size.depth();
    boolean leftTurned = gemm.layout == Layout.LEFT_TRANSPOSED;
    boolean rightTurned = gemm.layout == Layout.RIGHT_TRANSPOSED;
    long rightStride = (long) k * m;
    long outStride = (long) n * m;
    Pointer one = scalar(gemm.type, 1);
    Pointer addend = scalar(gemm.type, gemm.add ? 1 : 0);
    boolean single = gemm.type == ElementType.F32;
    int type = single ? CUDA_R_32F : CUDA_R_64F;
    int binary32 = tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    // Without _new it is JCuda's binding of the call before CUDA 11, which its library lacks.
    return JCublas2.cublasGemmStridedBatchedEx_new(
        handle,
        rightTurned ? CUBLAS_OP_T : CUBLAS_OP_N,
        leftTurned ? CUBLAS_OP_T : CUBLAS_OP_N,
        m,
        n,
        k,
        one,
        gemm.right,
        type,
        rightTurned ? k : m,
        rightStride,
        gemm.left,
        type,
        leftTurned ? n : k,
        size.leftStride(),
        addend,
        gemm.out,
        type,
        m,
        outStride,
        size.models(),
        single ? binary32 : CUBLAS_COMPUTE_64F,
        CUBLAS_GEMM_DEFAULT);
  }

  /** A number as cuBLAS takes it: a pointer to it. */
  private static Pointer scalar(ElementType type, double value) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
    return Pointer.to(
        type == ElementType.F64 ? bytes.putDouble(0, value) : bytes.putFloat(0, (float) value));
  }

  void close() {
    check(JCublas2.cublasDestroy(handle), "closing cuBLAS");
    workspace.close();
  }

  /** Throws unless the call that has just returned succeeded. */
  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be one more dependency
  private static void check(int status, String doing, Object... arguments) {
    if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
      throw new CudaException(
          doing.formatted(arguments), status, cublasStatus.stringFor(status), "a status of cuBLAS");
    }
  }

  /**
   * Loads cuBLAS and JCuda's binding to it, once: the system's, or for the software driver the
   * stand-in.
   *
   * @throws DeviceException if it cannot be had; the message says why and what to do
   */
  static void load(Driver driver) {
    load(driver == Driver.SOFTWARE ? STAND_IN : null);
  }

  /**
   * The same.
   *
   * @param standIn the resource that stands in for the system's cuBLAS, or null
   */
  static synchronized void load(@Nullable String standIn) {
    if (loaded) {
      return;
    }
    try {
      String library = standIn == null ? LIBRARY : standIn;
      Natives.load(library, () -> JCublas2.setExceptionsEnabled(false));
      loaded = true;
    } catch (UnsatisfiedLinkError e) {
      throw new DeviceException(
          String.valueOf(e.getMessage()).contains("libcublas.so.12: cannot open")
              ? "cuBLAS 12 (libcublas.so.12) was not found: it comes with the CUDA toolkit 12, or"
                  + " apt install libcublas-12-6 from NVIDIA's repository (cuBLAS 13 will not do)"
              : "cuBLAS cannot be loaded: " + e.getMessage(),
          e);
    }
  }
}
