/**
 * The claims of a university lecture on optimization for linear classifiers, each with an
 * experiment that tests it: what {@code thalweg lecture} runs. Start at {@link
 * org.thalweg.lecture.Lecture}. Internal, and may change at any time.
 */
package org.thalweg.lecture;
