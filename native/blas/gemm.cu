// The products of the stand-in for cuBLAS, column-major as there. The order is on purpose not that of
// kernels/matmul.cu: along k downwards, each product rounded before it is added.
// kernels/compile native/blas native/blas makes gemm.ptx of it.

struct Plain {
  template <typename T>
  static __device__ T input(T x) {
    return x;
  }
};

// An operand as the tensor cores take it: 10 bits of mantissa, rounded to nearest, ties away from zero.
struct Tf32 {
  static __device__ float input(float x) {
    const unsigned bits = __float_as_uint(x);
    const bool finite = (bits & 0x7f800000u) != 0x7f800000u;
    return finite ? __uint_as_float((bits + 0x1000u) & ~0x1fffu) : x;
  }
};

// c = alpha * a.b + beta * c for each model; c [m x n] has its columns ldc apart, and beta = 0 does not read it.
// Element (i, l) of a is a[i * a_row + l * a_column], and so for b; *_model: elements from one model to the next.
// Launch: a thread for each element of all models' c.
template <typename Input, typename T>
__device__ __forceinline__ void gemm(long long models, long long m, long long n, long long k, T alpha, const T* a,
                                     long long a_row, long long a_column, long long a_model, const T* b,
                                     long long b_row, long long b_column, long long b_model, T beta, T* c,
                                     long long ldc, long long c_model) {
  const long long index = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long model = index / (m * n);
  if (model >= models) return;
  const long long i = index % m;
  const long long j = index / m % n;
  a += model * a_model + i * a_row;
  b += model * b_model + j * b_column;
  T sum = 0;
  for (long long l = k; l-- > 0;) sum += Input::input(a[l * a_column]) * Input::input(b[l * b_row]);
  T* const to = c + model * c_model + j * ldc + i;
  *to = beta == 0 ? alpha * sum : alpha * sum + beta * *to;
}

#define THALWEG_GEMM(name, Input, T)                                                                                 \
  extern "C" __global__ void name(long long models, long long m, long long n, long long k, T alpha, const T* a,      \
                                  long long a_row, long long a_column, long long a_model, const T* b,                \
                                  long long b_row, long long b_column, long long b_model, T beta, T* c,              \
                                  long long ldc, long long c_model) {                                                \
    gemm<Input, T>(models, m, n, k, alpha, a, a_row, a_column, a_model, b, b_row, b_column, b_model, beta, c, ldc,   \
                   c_model);                                                                                         \
  }

THALWEG_GEMM(sgemm, Plain, float)
THALWEG_GEMM(dgemm, Plain, double)
THALWEG_GEMM(sgemm_tf32, Tf32, float)
