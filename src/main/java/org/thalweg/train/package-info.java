/**
 * Training by minibatches, and updates of arrays that the caller owns. {@link
 * org.thalweg.train.Trainer} trains a classifier on a data set by {@link
 * org.thalweg.train.Settings}; {@link org.thalweg.train.Updater} is an optimizer for parameters and
 * gradients of your own. Never asks which device it has.
 */
package org.thalweg.train;
