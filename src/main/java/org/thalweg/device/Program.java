package org.thalweg.device;

/**
 * A step that has been recorded and can be run any number of times: a loop in Java, launches of one
 * graph in CUDA. Everything that changes from step to step comes from its {@link Steps}.
 */
public interface Program extends AutoCloseable {
  /**
   * Runs the step n times. The host may be ahead of the device when this returns; a download waits.
   *
   * @param n how often, at least 0; each run takes the next row of the step table
   */
  void run(long n);

  @Override
  void close();
}
