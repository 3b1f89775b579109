package org.thalweg.lecture;

import java.util.List;
import java.util.function.Function;

/**
 * Pictures for the gallery that illustrate and test no claim.
 *
 * @param sentence what they show
 * @param pictures draws them; the same on every device, each time
 */
public record Demonstration(
    String title, String sentence, Function<Laboratory, List<Figure>> pictures) {}
