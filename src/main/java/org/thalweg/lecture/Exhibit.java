package org.thalweg.lecture;

import java.util.List;
import java.util.function.Function;

/**
 * Pictures of the gallery that claim nothing.
 *
 * @param sentence what they show
 * @param pictures the same on every device, each time
 */
public record Exhibit(String title, String sentence, Function<Lab, List<Plate>> pictures) {}
