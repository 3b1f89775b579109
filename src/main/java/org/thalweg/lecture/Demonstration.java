package org.thalweg.lecture;

import java.util.List;
import java.util.function.Function;

/**
 * Pictures of the gallery that claim nothing.
 *
 * @param sentence what they show
 * @param pictures the same on every device, each time
 */
public record Demonstration(
    String title, String sentence, Function<Laboratory, List<Figure>> pictures) {}
