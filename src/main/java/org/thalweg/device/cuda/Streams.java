package org.thalweg.device.cuda;

import java.lang.reflect.Constructor;
import jcuda.driver.CUstream;

/** Streams that were created elsewhere. */
final class Streams {
  private Streams() {}

  /** The stream with that handle, by a constructor of JCuda that is not public. */
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
