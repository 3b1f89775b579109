package org.thalweg.selftest;

import java.util.function.Consumer;

/**
 * Something that every device must compute with the same bits.
 *
 * @param name what it is, for the report
 * @param body what is computed; the fixture reads back all that it has placed
 */
record Experiment(String name, Consumer<Fixture> body) {}
