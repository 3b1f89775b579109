package org.thalweg.device.cuda;

import jcuda.driver.CUstream;

/** Work on its way to a stream or into a graph. */
interface Enqueue {
  /** What it is and how much, for messages. */
  String name();

  /** Puts it on the stream, or into the graph that is captured from it. */
  void enqueue(CUstream stream);
}
