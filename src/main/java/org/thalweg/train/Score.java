package org.thalweg.train;

/**
 * The score of a model on some rows.
 *
 * @param loss the mean loss of the rows, without what {@link Settings} adds for the weights; NaN or
 *     infinite if that of a row is
 * @param accuracy the share of rows that are classified right
 */
public record Score(double loss, double accuracy) {}
