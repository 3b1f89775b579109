package org.thalweg.device.cuda;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import jcuda.NativePointerObject;
import jcuda.driver.CUstream;

/**
 * For programs that use JCuda beside a {@link CudaDevice}: its streams from numbers and as numbers,
 * which JCuda keeps to itself.
 */
public final class Streams {
  private Streams() {}

  /** JCuda's object for the stream with that handle, say {@link CudaDevice#stream}. */
  public static CUstream of(long handle) {
    try {
      Constructor<CUstream> constructor = CUstream.class.getDeclaredConstructor(long.class);
      constructor.setAccessible(true);
      return constructor.newInstance(handle);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("JCuda's CUstream is not as expected", e);
    }
  }

  /** The handle of a stream of JCuda, as {@link CudaDevice}'s constructor takes it. */
  public static long handle(CUstream stream) {
    try {
      Method method = NativePointerObject.class.getDeclaredMethod("getNativePointer");
      method.setAccessible(true);
      return (long) method.invoke(stream);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("JCuda's CUstream is not as expected", e);
    }
  }
}
