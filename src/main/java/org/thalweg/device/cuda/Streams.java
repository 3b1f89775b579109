package org.thalweg.device.cuda;

import java.lang.reflect.Constructor;
import jcuda.driver.CUstream;

/** Streams that others have made. */
final class Streams {
  private Streams() {}

  /** The stream of that handle; JCuda has a constructor for it, and keeps it to itself. */
  static CUstream of(long handle) {
    try {
      Constructor<CUstream> constructor = CUstream.class.getDeclaredConstructor(long.class);
      constructor.setAccessible(true);
      return constructor.newInstance(handle);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("JCuda's CUstream is not as expected", e);
    }
  }
}
