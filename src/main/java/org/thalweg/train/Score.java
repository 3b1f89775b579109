package org.thalweg.train;

/**
 * How well a model does.
 *
 * @param loss the whole objective: mean loss of the rows, and lambda times the sum of the squared weights
 * @param accuracy the share of rows that are classified right
 */
public record Score(double loss, double accuracy) {}
