package org.thalweg.device.cuda;

import org.thalweg.device.DeviceException;

/** A call into the CUDA driver has failed; the message says what it was for. */
public final class CudaException extends DeviceException {
  private static final long serialVersionUID = 1L;

  private final int result;

  CudaException(String doing, int result, String name, String explanation) {
    super("%s: %s (%s)".formatted(doing, name, explanation));
    this.result = result;
  }

  /** NVIDIA's code. */
  public int result() {
    return result;
  }
}
