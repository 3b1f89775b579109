package org.thalweg.device;

import java.util.List;

/** The tensors that one optimizer updates in one launch, with the state that it keeps for them. */
public interface Tensors extends AutoCloseable {
  /** The most state arrays that a parameter can have. */
  int MAX_STATES = 3;

  /** The parameters, in the order in which they were given. */
  List<Parameter> parameters();

  /** How many state arrays each parameter has. */
  int states();

  /** State array {@code k} of a tensor: as long as its parameter, 0 at first. */
  Array state(int tensor, int k);

  /** What is updated: the parameter's value, or where that is BF16 its master in F32. */
  Array master(int tensor);

  /** Frees the state and the masters; the parameters and gradients belong to the caller. */
  @Override
  void close();
}
