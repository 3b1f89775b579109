package org.thalweg.lecture;

import java.util.function.Function;

/**
 * A claim of the lecture, and the experiment that tests it.
 *
 * @param name short, in lower case
 * @param claim a sentence or two, with the threshold
 * @param experiment gives the same figures on every device, each time
 */
public record Lesson(String name, String claim, Function<Laboratory, Evidence> experiment) {}
