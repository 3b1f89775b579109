/**
 * Labelled data sets and the readers of their formats: IDX (MNIST), CIFAR-10, CSV, LIBSVM, and
 * pictures to predict. Knows no device. Start at {@link org.thalweg.data.Datasets}, the registry,
 * and {@link org.thalweg.data.Dataset}.
 */
package org.thalweg.data;
