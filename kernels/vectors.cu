// Vectors: dot products, norms, axpy, scaling, copies. The twin is org.thalweg.device.java.JavaVectors.
#include "exact.cuh"
#include "vector.cuh"

// ---- Sums and norms: a result for each chunk, then one of all of them; in binary64 whatever the vector's type.

// Of a reduction: how two elements are added to a partial result, how a warp combines those of a chunk and a block the
// results of the chunks, and the function applied to the total.
struct Sum {
  template <typename Add>
  static __device__ double chunk(int n, Add add) {
    return exact::chunk_added<double>(n, add);
  }
  template <typename Results>
  static __device__ double whole(long long n, Results results, double* shared) {
    return exact::block_sum<double>(n, results, shared);
  }
};

struct Dot : Sum {
  template <typename T>
  static __device__ double add(double partial, T x, T y) {
    return exact::add_product(partial, x, y);
  }
  static __device__ double finish(double sum) { return sum; }
};

struct NormOne : Sum {
  static __device__ double add(double partial, double x, double) { return partial + fabs(x); }
  static __device__ double finish(double sum) { return sum; }
};

struct NormTwo : Sum {
  template <typename T>
  static __device__ double add(double partial, T x, T) {
    return exact::add_product(partial, x, x);
  }
  static __device__ double finish(double sum) { return sqrt(sum); }
};

struct NormMax {
  // Not fmax, which would drop a NaN.
  static __device__ double larger(double a, double b) { return b > a || isnan(b) ? b : a; }
  static __device__ double add(double largest, double x, double) { return larger(largest, fabs(x)); }
  template <typename Add>
  static __device__ double chunk(int n, Add add) {
    double largest = 0;
    for (int i = exact::lane(); i < n; i += exact::kLanes) largest = add(largest, i);
#pragma unroll
    for (int other = 16; other > 0; other /= 2) {
      largest = larger(largest, __shfl_xor_sync(exact::kAllLanes, largest, other));
    }
    return largest;
  }
  template <typename Results>
  static __device__ double whole(long long n, Results results, double* shared) {
    double largest = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) largest = larger(largest, results(i));
    shared[threadIdx.x] = largest;
    __syncthreads();
    return chunk(blockDim.x, [=](double so_far, int i) { return larger(so_far, shared[i]); });
  }
  static __device__ double finish(double largest) { return largest; }
};

// out[1 + c] = chunk c of term(x[i], y[i]). Launch: a warp a chunk.
template <typename Reduction, typename T>
__device__ __forceinline__ void chunks(const T* x, const T* y, long long n, double* out) {
  const long long chunk = static_cast<long long>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
  const long long from = chunk * exact::kChunk;
  if (from >= n) return;
  x += from;
  y += from;
  const int count = static_cast<int>(n - from < exact::kChunk ? n - from : exact::kChunk);
  const double result =
      Reduction::chunk(count, [=](double partial, int i) { return Reduction::add(partial, x[i], y[i]); });
  if (exact::lane() == 0) out[1 + chunk] = result;
}

// out[0] = the combined result of all chunks, of which there are at most 2^30. Launch: one block.
template <typename Reduction>
__device__ __forceinline__ void whole(long long count, double* out) {
  if (out == nullptr) return;
  __shared__ double shared[exact::kChunk];
  const double result = Reduction::whole(count, [=](long long i) { return out[1 + i]; }, shared);
  if (threadIdx.x == 0) out[0] = Reduction::finish(result);
}

#define THALWEG_CHUNKS(name, Reduction, T)                                            \
  extern "C" __global__ void name(const T* x, const T* y, long long n, double* out) { \
    chunks<Reduction, T>(x, y, n, out);                                               \
  }
#define THALWEG_WHOLE(name, Reduction) \
  extern "C" __global__ void name(long long count, double* out) { whole<Reduction>(count, out); }
#define THALWEG_REDUCTION(name, Reduction)      \
  THALWEG_CHUNKS(name##_f32, Reduction, float)  \
  THALWEG_CHUNKS(name##_f64, Reduction, double) \
  THALWEG_WHOLE(name##_whole, Reduction)

THALWEG_REDUCTION(dot, Dot)
THALWEG_REDUCTION(norm_one, NormOne)
THALWEG_REDUCTION(norm_two, NormTwo)
THALWEG_REDUCTION(norm_max, NormMax)

// ---- Element by element: y[i] = f(x[i], y[i]).

constexpr int kThreads = 256;
constexpr int kStrides = 4;  // 16-byte accesses of a thread to each array

// Operands that f does not use are not read. x may be y. Where both lie alike, 16-byte accesses but for the elements
// before the first and after the last 16-byte boundary; where they do not, an element an access.
// Launch: a block for each kBlock elements.
template <typename T, typename Function>
__device__ __forceinline__ void each(const T* x, T* y, long long n, Function f) {
  constexpr int kWidth = Vector<T>::kWidth;
  constexpr int kBlock = kThreads * kStrides * kWidth;
  if ((reinterpret_cast<long long>(x) - reinterpret_cast<long long>(y)) % 16 != 0) {
    const long long first = static_cast<long long>(blockIdx.x) * kBlock;
    const int count = static_cast<int>(n - first < kBlock ? n - first : kBlock);
    for (int i = threadIdx.x; i < count; i += kThreads) y[first + i] = f(x[first + i], y[first + i]);
    return;
  }
  int head = static_cast<int>(-(reinterpret_cast<long long>(y) / sizeof(T)) & (kWidth - 1));
  if (head > n) head = static_cast<int>(n);
  const long long vectors = (n - head) / kWidth;
  const int tail = static_cast<int>(n - head - vectors * kWidth);
  if (blockIdx.x == 0 && threadIdx.x < head + tail) {
    long long i = threadIdx.x;
    if (i >= head) i += vectors * kWidth;
    y[i] = f(x[i], y[i]);
  }
  const Vector<T>* from = reinterpret_cast<const Vector<T>*>(x + head);
  Vector<T>* to = reinterpret_cast<Vector<T>*>(y + head);
#pragma unroll
  for (int stride = 0; stride < kStrides; stride++) {
    const long long vector = (static_cast<long long>(blockIdx.x) * kStrides + stride) * kThreads + threadIdx.x;
    if (vector >= vectors) return;
    const Vector<T> u = from[vector];
    Vector<T> v = to[vector];
#pragma unroll
    for (int i = 0; i < kWidth; i++) v.at[i] = f(u.at[i], v.at[i]);
    to[vector] = v;
  }
}

#define THALWEG_ELEMENTS(suffix, T)                                                                          \
  extern "C" __global__ void __launch_bounds__(kThreads) axpy_##suffix(T a, const T* x, T* y, long long n) { \
    each<T>(x, y, n, [=](T u, T v) { return fma(a, u, v); });                                                \
  }                                                                                                          \
  extern "C" __global__ void __launch_bounds__(kThreads)                                                     \
      axpy_sign_##suffix(T a, const T* x, T* y, long long n) {                                               \
    each<T>(x, y, n, [=](T u, T v) { return fma(a, u > 0 ? 1 : u < 0 ? -1 : u, v); });                       \
  }                                                                                                          \
  extern "C" __global__ void __launch_bounds__(kThreads) scale_##suffix(T a, T* x, long long n) {            \
    each<T>(x, x, n, [=](T, T v) { return a * v; });                                                         \
  }

THALWEG_ELEMENTS(f32, float)
THALWEG_ELEMENTS(f64, double)

// ---- Rows: x[i][j] = factors[i] * x[i][j], x [rows x columns] with n elements.

// Launch: a block for each kThreads * kStrides elements.
template <typename T>
__device__ __forceinline__ void scale_rows(const T* factors, T* x, long long n, int columns) {
  const long long first = static_cast<long long>(blockIdx.x) * (kThreads * kStrides);
  const int count = static_cast<int>(n - first < kThreads * kStrides ? n - first : kThreads * kStrides);
  factors += first / columns;
  const unsigned column = static_cast<unsigned>(first % columns);
  x += first;
#pragma unroll
  for (int stride = 0; stride < kStrides; stride++) {
    const int i = stride * kThreads + threadIdx.x;
    if (i >= count) return;
    x[i] = factors[(column + i) / static_cast<unsigned>(columns)] * x[i];
  }
}

#define THALWEG_ROWS(suffix, T)                                                      \
  extern "C" __global__ void __launch_bounds__(kThreads)                             \
      scale_rows_##suffix(const T* factors, T* x, long long n, int columns) {        \
    scale_rows<T>(factors, x, n, columns);                                           \
  }

THALWEG_ROWS(f32, float)
THALWEG_ROWS(f64, double)

#define THALWEG_COPY(bits, T)                                                                             \
  extern "C" __global__ void __launch_bounds__(kThreads) copy_##bits(const T* from, T* to, long long n) { \
    each<T>(from, to, n, [](T u, T) { return u; });                                                       \
  }

THALWEG_COPY(8, unsigned char)
THALWEG_COPY(16, unsigned short)
THALWEG_COPY(32, unsigned int)
THALWEG_COPY(64, unsigned long long)
