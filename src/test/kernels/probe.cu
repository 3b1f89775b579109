// What exact.cuh computes, for ProbeTest. Compiled by:
//   kernels/compile src/test/resources/kernels src/test/kernels
#include "exact.cuh"

// y[i] = f(x[i]), an element a thread.
#define THALWEG_PROBE(name, T, f)                                              \
  extern "C" __global__ void name(const T* x, T* y, int n) {                   \
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);     \
    if (i < n) y[i] = f(x[i]);                                                 \
  }

THALWEG_PROBE(exp_f32, float, exact::exp)
THALWEG_PROBE(exp_f64, double, exact::exp)
THALWEG_PROBE(log_f32, float, exact::log)
THALWEG_PROBE(log_f64, double, exact::log)

// Every lane's result of the sum of x. Launch: one warp.
#define THALWEG_SUM(name, T)                                                   \
  extern "C" __global__ void name(const T* x, T* y, int n) {                   \
    y[threadIdx.x] = exact::sum<T>(n, [=](int64_t i) { return x[i]; });        \
  }

THALWEG_SUM(sum_f32, float)
THALWEG_SUM(sum_f64, double)

// The same by a block. Launch: one block of whole warps.
#define THALWEG_BLOCK_SUM(name, T)                                             \
  extern "C" __global__ void name(const T* x, T* y, int n) {                   \
    __shared__ T chunks[exact::kChunk];                                        \
    y[threadIdx.x] =                                                           \
        exact::block_sum<T>(n, [=](int64_t i) { return x[i]; }, chunks);       \
  }

THALWEG_BLOCK_SUM(block_sum_f32, float)
THALWEG_BLOCK_SUM(block_sum_f64, double)
