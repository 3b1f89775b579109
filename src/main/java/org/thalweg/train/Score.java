package org.thalweg.train;

/**
 * The score of a model on some rows.
 *
 * @param loss the whole objective: mean loss of the rows, and what {@link Settings} adds for the
 *     weights
 * @param accuracy the share of rows that are classified right
 */
public record Score(double loss, double accuracy) {}
