/**
 * The command {@code thalweg}, one class for each verb. The only package that prints, and the only
 * one that knows all others. Internal: programs use the packages below it.
 */
package org.thalweg.cli;
