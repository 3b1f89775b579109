// Batched products in the contract's order: along k, chunks of exact::kProductChunk, each a chain of fma from
// +0 over ascending k; the chunks' totals are added ascending from +0; the bias is added last.
//
// A block computes one tile of kTileM x kTileN outputs of one model. Each of its warps takes one k-chunk of the
// tile at a time and works alone, without a block barrier, in its own shared memory; after each round of chunks
// the block adds the totals in order. So a tall and thin product such as a linear classifier's (few outputs,
// long k) still has several warps at work on each tile, and the sum never depends on how many.
#include "exact.cuh"

constexpr int kTileM = 32;
constexpr int kTileN = 16;
constexpr int kThreadM = 4;  // a lane's outputs: 4 x 4 of the tile, so 8 x 4 lanes cover it
constexpr int kThreadN = 4;
constexpr int kLanesM = kTileM / kThreadM;
constexpr int kTile = kTileM * kTileN;

template <typename T>
struct Slab {
  static constexpr int kDepth = 64 / sizeof(T);            // k values staged at once
  static constexpr int kPitch = kTileM + 16 / sizeof(T);   // rows start in different banks
  static constexpr int kLeft = kDepth * kPitch;
  static constexpr int kSize = kLeft + kDepth * kTileN > kTile ? kLeft + kDepth * kTileN : kTile;
};

// Where the left operand's element (row m, k) lies.
struct RowMajor {
  static __device__ __forceinline__ long long at(long long m, long long k, long long, long long depth) {
    return m * depth + k;
  }
  // The lane order in which a slab of kDepth k by kTileM rows is read: k runs fastest, as in memory.
  template <int kDepth>
  static __device__ __forceinline__ void split(int index, int& m, int& k) {
    m = index / kDepth;
    k = index % kDepth;
  }
};

struct Transposed {
  static __device__ __forceinline__ long long at(long long m, long long k, long long rows, long long) {
    return k * rows + m;
  }
  template <int kDepth>
  static __device__ __forceinline__ void split(int index, int& m, int& k) {
    m = index % kTileM;
    k = index / kTileM;
  }
};

template <typename T>
struct alignas(16) Four {
  T at[4];
};

// out[model] = left[model] . right[model] (+ bias[model] in each row). Sizes: left rows x depth as Layout says,
// right depth x columns, out rows x columns, all dense; left_stride: elements from one model's left operand to
// the next, 0 where the models share it.
// ones, where it is not null, is one more row of the output [models x columns]: the product of a left row of
// ones, which is the bias gradient.
// Launch: one block of 32 to 256 threads for each tile, tiles of a model along columns first; Slab<T>::kSize
// numbers of shared memory for each warp and kTile more.
template <typename T, typename Layout>
__device__ __forceinline__ void product(const T* left, long long left_stride, const T* right, const T* bias, T* out,
                                        T* ones, int rows, int columns, int depth) {
  if (out == nullptr) return;
  extern __shared__ __align__(16) unsigned char shared[];
  constexpr int kDepth = Slab<T>::kDepth;
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  T* const sums = reinterpret_cast<T*>(shared);
  T* const areas = sums + kTile;
  T* const slab_left = areas + warp * Slab<T>::kSize;
  T* const slab_right = slab_left + Slab<T>::kLeft;

  const int all_rows = rows + (ones == nullptr ? 0 : 1);
  const int tiles_n = (columns + kTileN - 1) / kTileN;
  const int tiles_m = (all_rows + kTileM - 1) / kTileM;
  const int tile_n = blockIdx.x % tiles_n * kTileN;
  const int tile_m = blockIdx.x / tiles_n % tiles_m * kTileM;
  const long long model = blockIdx.x / tiles_n / tiles_m;
  left += model * left_stride;
  right += model * depth * columns;

  for (int e = threadIdx.x; e < kTile; e += blockDim.x) sums[e] = 0;

  const int chunks = (depth + exact::kProductChunk - 1) / exact::kProductChunk;
  for (int round = 0; round < chunks; round += warps) {
    const int chunk = round + warp;
    if (chunk < chunks) {
      const int end = min((chunk + 1) * exact::kProductChunk, depth);
      T total[kThreadM][kThreadN] = {};
      for (int k0 = chunk * exact::kProductChunk; k0 < end; k0 += kDepth) {
        // Absent elements are 0 in both operands: fma(0, 0, x) can only turn -0 into +0, which the sum from +0
        // does anyway.
#pragma unroll
        for (int i = 0; i < kDepth * kTileM / 32; i++) {
          int m, k;
          Layout::template split<kDepth>(i * 32 + lane, m, k);
          T value = 0;
          if (k0 + k < end) {
            if (tile_m + m < rows) {
              value = left[Layout::at(tile_m + m, k0 + k, rows, depth)];
            } else if (tile_m + m < all_rows) {
              value = 1;
            }
          }
          slab_left[k * Slab<T>::kPitch + m] = value;
        }
#pragma unroll
        for (int i = 0; i < kDepth * kTileN / 32; i++) {
          const int k = (i * 32 + lane) / kTileN;
          const int n = (i * 32 + lane) % kTileN;
          T value = 0;
          if (k0 + k < end && tile_n + n < columns) {
            value = right[static_cast<long long>(k0 + k) * columns + tile_n + n];
          }
          slab_right[k * kTileN + n] = value;
        }
        __syncwarp();
#pragma unroll
        for (int k = 0; k < kDepth; k++) {
          const auto a = *reinterpret_cast<const Four<T>*>(slab_left + k * Slab<T>::kPitch + lane % kLanesM * kThreadM);
          const auto b = *reinterpret_cast<const Four<T>*>(slab_right + k * kTileN + lane / kLanesM * kThreadN);
#pragma unroll
          for (int m = 0; m < kThreadM; m++) {
#pragma unroll
            for (int n = 0; n < kThreadN; n++) total[m][n] = fma(a.at[m], b.at[n], total[m][n]);
          }
        }
        __syncwarp();
      }
      // The warp's slabs are read to the end: their place takes the chunk's totals.
#pragma unroll
      for (int m = 0; m < kThreadM; m++) {
#pragma unroll
        for (int n = 0; n < kThreadN; n++) {
          slab_left[(lane % kLanesM * kThreadM + m) * kTileN + lane / kLanesM * kThreadN + n] = total[m][n];
        }
      }
    }
    __syncthreads();
    for (int e = threadIdx.x; e < kTile; e += blockDim.x) {
      T sum = sums[e];
      for (int w = 0; w < min(warps, chunks - round); w++) sum += areas[w * Slab<T>::kSize + e];
      sums[e] = sum;
    }
    __syncthreads();
  }

  for (int e = threadIdx.x; e < kTile; e += blockDim.x) {
    const int m = tile_m + e / kTileN;
    const int n = tile_n + e % kTileN;
    if (m >= all_rows || n >= columns) continue;
    T value = sums[e];
    if (bias != nullptr) value += bias[model * columns + n];
    if (m < rows) {
      out[(model * rows + m) * columns + n] = value;
    } else {
      ones[model * columns + n] = value;
    }
  }
}

// scores = X . W + b, and for the weights' gradient X^T . D, with the bias's gradient as the row of ones.
#define THALWEG_PRODUCTS(suffix, T)                                                                               \
  extern "C" __global__ void __launch_bounds__(256)                                                              \
      multiply_##suffix(const T* x, long long x_stride, const T* w, const T* bias, T* out, int rows, int columns, \
                        int depth) {                                                                              \
    product<T, RowMajor>(x, x_stride, w, bias, out, nullptr, rows, columns, depth);                               \
  }                                                                                                               \
  extern "C" __global__ void __launch_bounds__(256)                                                              \
      multiply_transposed_##suffix(const T* x, long long x_stride, const T* d, T* out, T* ones, int rows,         \
                                   int columns, int depth) {                                                      \
    product<T, Transposed>(x, x_stride, d, nullptr, out, ones, rows, columns, depth);                             \
  }

THALWEG_PRODUCTS(f32, float)
THALWEG_PRODUCTS(f64, double)
