/**
 * Losses of a classifier with their gradients and products with the Hessian. Each {@link
 * org.thalweg.loss.Loss} is the Java twin of a CUDA kernel. Knows {@link org.thalweg.numeric} only.
 * Start at {@link org.thalweg.loss.SoftmaxCrossEntropy}; {@link org.thalweg.loss.Losses} is the
 * registry.
 */
package org.thalweg.loss;
