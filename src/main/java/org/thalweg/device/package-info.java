/**
 * The interface to the devices that do the arithmetic. A {@link org.thalweg.device.Device} holds
 * arrays and does arithmetic on them, in an order that gives every implementation the same bits; a
 * step is recorded once as a {@link org.thalweg.device.Program} and replayed. The implementations
 * are {@link org.thalweg.device.java} and {@link org.thalweg.device.cuda}; this package knows
 * neither. {@link org.thalweg.device.Checks} is internal: it is public because both implementations
 * use it.
 */
package org.thalweg.device;
