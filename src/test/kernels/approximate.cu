// nvcc -fmad=true
// expf, logf, powf as nvcc writes them by default, contractions included, for ProgramsTest.

#define THALWEG_FUNCTION(name, f)                                              \
  extern "C" __global__ void name(const float* x, float* y, int n) {           \
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);     \
    if (i < n) y[i] = f(x[i]);                                                 \
  }

THALWEG_FUNCTION(library_exp, expf)
THALWEG_FUNCTION(library_log, logf)
THALWEG_FUNCTION(fast_exp, __expf)

extern "C" __global__ void library_pow(const float* x, const float* y, float* z, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) z[i] = powf(x[i], y[i]);
}
