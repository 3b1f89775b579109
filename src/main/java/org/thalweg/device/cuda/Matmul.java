package org.thalweg.device.cuda;

import java.util.Locale;

/** What computes a device's products. */
public enum Matmul {
  /** The kernels in {@code kernels/matmul.cu}: the same bits everywhere. */
  OWN,
  /** NVIDIA's cuBLAS 12, if it is installed; it sums in an order of its own. */
  CUBLAS,
  /** The same on tensor cores: binary32 operands are cut to TF32's 10 bits of mantissa. */
  CUBLAS_TF32;

  /** The name in lower case: {@code "cublas-tf32"}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
