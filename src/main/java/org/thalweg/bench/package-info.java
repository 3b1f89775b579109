/**
 * Measurements of a device's kernels: what {@code thalweg bench} runs. Start at {@link
 * org.thalweg.bench.Bench}. Internal, and may change at any time.
 */
package org.thalweg.bench;
