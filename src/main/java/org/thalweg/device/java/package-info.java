/**
 * The device in plain Java, which needs no GPU. {@link org.thalweg.device.java.JavaDevice} is the
 * only public class; {@code wrap} makes a Java array an array of the device.
 */
package org.thalweg.device.java;
