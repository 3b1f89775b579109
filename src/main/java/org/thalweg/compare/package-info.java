/**
 * Comparisons of optimizers, on data and on test functions of two variables: what {@code thalweg
 * compare} runs. Internal, and may change at any time.
 */
package org.thalweg.compare;
