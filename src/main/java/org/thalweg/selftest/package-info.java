/**
 * The equality suite of the product: every kernel of a device against its twin in Java, bit by bit;
 * what {@code thalweg selftest} runs. Start at {@link org.thalweg.selftest.Suite}. Internal, and
 * may change at any time.
 */
package org.thalweg.selftest;
