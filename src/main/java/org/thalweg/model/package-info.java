/**
 * The linear classifier: its parameters on a device, its predictions, and its file in the
 * safetensors format. Start at {@link org.thalweg.model.LinearClassifier}. Knows devices, but no
 * particular one, and nothing of training.
 */
package org.thalweg.model;
