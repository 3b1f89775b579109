package org.thalweg.device.cuda;

import jcuda.driver.CUstream;

/** Work that can be put on a stream or captured into a graph. */
interface Enqueue {
  /** A short description with sizes, for messages. */
  String name();

  /** What cannot be done while a graph is captured, as loading a kernel; on a stream. */
  void prepare(CUstream stream);

  /** Puts it on the stream, or into the graph that is captured from it. */
  void enqueue(CUstream stream);
}
