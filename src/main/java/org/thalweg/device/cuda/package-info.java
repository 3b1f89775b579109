/**
 * The device on an NVIDIA GPU, or on the software driver. This is the only package that uses JCuda.
 * {@link org.thalweg.device.cuda.CudaDevice} is where to start; {@link
 * org.thalweg.device.cuda.Driver} chooses the driver, {@link org.thalweg.device.cuda.Matmul} the
 * implementation of matrix products.
 */
package org.thalweg.device.cuda;
