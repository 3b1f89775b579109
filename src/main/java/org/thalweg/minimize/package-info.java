/**
 * Full-batch minimisation of any differentiable function, and of one with an L1 penalty: random
 * search, gradient descent, accelerated proximal gradient, L-BFGS, Newton-CG, Newton. Implement
 * {@link org.thalweg.minimize.HostFunction} for a function of your own and hand it to a {@link
 * org.thalweg.minimize.Minimizer}; {@link org.thalweg.minimize.ClassifierObjective} is the loss of
 * a linear classifier over a whole data set.
 */
package org.thalweg.minimize;
