package org.thalweg.device;

/**
 * A step that has been recorded and can be run any number of times: a loop in Java, launches of one
 * graph in CUDA. Everything that changes from step to step comes from its {@link Steps}.
 */
public interface Program extends AutoCloseable {
  /**
   * Runs the step n times. The host may be ahead of the device when this returns; a download waits.
   *
   * @param n how often; each run takes the next row of the step table
   * @throws IllegalStateException if the table has fewer rows left, if one of the step's arrays has
   *     been closed, or if the program or its device has
   */
  void run(long n);

  @Override
  void close();
}
