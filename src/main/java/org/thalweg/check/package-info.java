/**
 * Numeric gradients, and checks of analytic gradients and Hessian products against them. Start at
 * {@link org.thalweg.check.GradCheck}.
 */
package org.thalweg.check;
