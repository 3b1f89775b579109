// The initial output of a product by cuBLAS, which then adds to it: cuBLAS adds no bias of its own.

// out[model][row] = bias[model] for each row, or 0 where there is no bias; out [models x rows x columns].
// Launch: one block for each row of each model.
template <typename T>
__device__ __forceinline__ void fill(const T* bias, T* out, int rows, int columns) {
  if (out == nullptr) return;
  const long long row = blockIdx.x;
  const T* from = bias + row / rows * columns;
  T* to = out + row * columns;
  for (int j = threadIdx.x; j < columns; j += blockDim.x) to[j] = bias == nullptr ? 0 : from[j];
}

#define THALWEG_BIAS(suffix, T)                                                                  \
  extern "C" __global__ void __launch_bounds__(256)                                              \
      bias_##suffix(const T* bias, T* out, int rows, int columns) {                              \
    fill<T>(bias, out, rows, columns);                                                           \
  }

THALWEG_BIAS(f32, float)
THALWEG_BIAS(f64, double)
