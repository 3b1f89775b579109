package org.thalweg.lecture;

import org.thalweg.plot.Picture;

/**
 * A picture of the gallery.
 *
 * @param name of its file, without the ending
 * @param caption what it shows
 */
public record Figure(String name, String caption, Picture picture) {}
