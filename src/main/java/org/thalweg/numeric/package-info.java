/**
 * The arithmetic that both devices share: element types, exact {@code exp}, {@code log} and sums,
 * bfloat16 rounding, and the Philox generator. This is the numerics contract in Java; it knows no
 * other package. Start at {@link org.thalweg.numeric.Exact}.
 */
package org.thalweg.numeric;
