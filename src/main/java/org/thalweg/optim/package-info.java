/**
 * Update rules. Each {@link org.thalweg.optim.Optimizer} is a small immutable record:
 * hyperparameters, the formula in its Javadoc, and its Java twin of the CUDA code. Knows {@link
 * org.thalweg.numeric} only. Start at {@link org.thalweg.optim.Sgd} and {@link
 * org.thalweg.optim.Adam}; {@link org.thalweg.optim.Optimizers} is the registry.
 */
package org.thalweg.optim;
