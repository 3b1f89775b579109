// Batched products in the order of src/docs/numerics.md, "Products of matrices": along k, chunks of
// exact::kProductChunk, each a chain of fma from +0 over ascending k; the chunks' totals are added ascending from +0;
// the bias is added last.
//
// A block computes one tile of outputs of one model. Each of its warps takes one k-chunk of the tile at a time
// and works alone, without a block barrier, in its own shared memory; after each round of chunks the warps add
// their totals in turn. So a tall and thin product such as a linear classifier's (few outputs, long k) still has
// several warps at work on each tile, and the sum never depends on how many.
//
// A lane computes kEach x kEach outputs. With kEach = 4 there are 8 fma in binary32 for each load of 16 bytes from
// shared memory; with 8 there are 16 (8 in binary64), and half as many bytes of the operands are read, which needs
// enough outputs. device.cuda.ProductTile chooses.
#include "exact.cuh"
#include "vector.cuh"

constexpr int kLanesM = 8;
constexpr int kLanesN = 4;
constexpr int kInFlight = 16;  // a lane's loads from global memory at once: each takes registers

template <typename T, int kEach>
struct TileShape {
  static constexpr int kM = kLanesM * kEach;
  static constexpr int kN = kLanesN * kEach;
  static constexpr int kSize = kM * kN;
  static constexpr int kVector = 16 / sizeof(T);  // numbers to a load from shared memory
  static constexpr int kDepth = 64 / sizeof(T);   // k values that a warp stages at once
  static constexpr int kPitch = kM + kVector;     // rows start in different banks
  static constexpr int kSlab = kDepth * (kPitch + kN);
};

// Where the left operand's element (row m, k) lies.
struct RowMajor {
  static __device__ __forceinline__ long long at(long long m, long long k, long long, long long depth) {
    return m * depth + k;
  }
  // The order in which a slab of Tile::kDepth k by Tile::kM rows is read: k runs fastest, as in memory.
  template <typename Tile>
  static __device__ __forceinline__ void split(int index, int& m, int& k) {
    m = index / Tile::kDepth;
    k = index % Tile::kDepth;
  }
};

struct Transposed {
  static __device__ __forceinline__ long long at(long long m, long long k, long long rows, long long) {
    return k * rows + m;
  }
  template <typename Tile>
  static __device__ __forceinline__ void split(int index, int& m, int& k) {
    m = index % Tile::kM;
    k = index / Tile::kM;
  }
};

// A lane's kEach numbers of a row of a slab: vectors, each kLanes vectors from the one before, so that the lanes
// that are side by side read side by side.
template <int kLanes, int kEach, typename T>
__device__ __forceinline__ void load(const T* row, int lane, T (&to)[kEach]) {
  constexpr int kVector = 16 / sizeof(T);
#pragma unroll
  for (int i = 0; i < kEach; i += kVector) {
    const auto vector = *reinterpret_cast<const Vector<T>*>(row + i * kLanes + lane * kVector);
#pragma unroll
    for (int j = 0; j < kVector; j++) to[i + j] = vector.at[j];
  }
}

// out[model] = left[model] . right[model] (+ bias[model] in each row). Sizes: left rows x depth as Layout says,
// right depth x columns, out rows x columns, all dense; left_stride: elements from one model's left operand to
// the next, 0 where the models share it.
// ones, where it is not null, is one more row of the output [models x columns]: the product of a left row of
// ones, which is the bias gradient.
// Launch: one block of 32 to 256 threads for each tile, tiles of a model along columns first; Tile::kSize numbers
// of shared memory and Tile::kSlab more for each warp.
template <typename T, int kEach, typename Layout>
__device__ __forceinline__ void product(const T* left, long long left_stride, const T* right, const T* bias, T* out,
                                        T* ones, int rows, int columns, int depth) {
  if (out == nullptr) return;
  using Tile = TileShape<T, kEach>;
  extern __shared__ __align__(16) unsigned char shared[];
  const int lane = threadIdx.x % 32;
  const int lane_m = lane / kLanesN;
  const int lane_n = lane % kLanesN;
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  T* const sums = reinterpret_cast<T*>(shared);
  T* const slab_left = sums + Tile::kSize + warp * Tile::kSlab;
  T* const slab_right = slab_left + Tile::kDepth * Tile::kPitch;

  const int all_rows = rows + (ones == nullptr ? 0 : 1);
  const int tiles_n = (columns + Tile::kN - 1) / Tile::kN;
  const int tiles_m = (all_rows + Tile::kM - 1) / Tile::kM;
  const int tile_n = blockIdx.x % tiles_n * Tile::kN;
  const int tile_m = blockIdx.x / tiles_n % tiles_m * Tile::kM;
  const long long model = blockIdx.x / tiles_n / tiles_m;
  left += model * left_stride;
  right += model * depth * columns;

  for (int e = threadIdx.x; e < Tile::kSize; e += blockDim.x) sums[e] = 0;

  const int chunks = (depth + exact::kProductChunk - 1) / exact::kProductChunk;
  for (int round = 0; round < chunks; round += warps) {
    const int chunk = round + warp;
    const int end = min((chunk + 1) * exact::kProductChunk, depth);
    T total[kEach][kEach] = {};
    for (int k0 = chunk * exact::kProductChunk; k0 < end; k0 += Tile::kDepth) {
      // Absent elements are 0 in both operands: fma(0, 0, x) can only turn -0 into +0, which the sum from +0
      // does anyway.
#pragma unroll kInFlight
      for (int i = 0; i < Tile::kDepth * Tile::kM / 32; i++) {
        int m, k;
        Layout::template split<Tile>(i * 32 + lane, m, k);
        T value = 0;
        if (k0 + k < end) {
          if (tile_m + m < rows) {
            value = left[Layout::at(tile_m + m, k0 + k, rows, depth)];
          } else if (tile_m + m < all_rows) {
            value = 1;
          }
        }
        slab_left[k * Tile::kPitch + m] = value;
      }
#pragma unroll kInFlight
      for (int i = 0; i < Tile::kDepth * Tile::kN / 32; i++) {
        const int k = (i * 32 + lane) / Tile::kN;
        const int n = (i * 32 + lane) % Tile::kN;
        T value = 0;
        if (k0 + k < end && tile_n + n < columns) {
          value = right[static_cast<long long>(k0 + k) * columns + tile_n + n];
        }
        slab_right[k * Tile::kN + n] = value;
      }
      __syncwarp();
#pragma unroll
      for (int k = 0; k < Tile::kDepth; k++) {
        T a[kEach], b[kEach];
        load<kLanesM>(slab_left + k * Tile::kPitch, lane_m, a);
        load<kLanesN>(slab_right + k * Tile::kN, lane_n, b);
#pragma unroll
        for (int m = 0; m < kEach; m++) {
#pragma unroll
          for (int n = 0; n < kEach; n++) total[m][n] = fma(a[m], b[n], total[m][n]);
        }
      }
      __syncwarp();
    }
    for (int turn = 0; turn < min(warps, chunks - round); turn++) {
      __syncthreads();
      if (turn != warp) continue;
#pragma unroll
      for (int m = 0; m < kEach; m++) {
        constexpr int kVector = Tile::kVector;
        T* const row = sums + (m / kVector * kLanesM * kVector + lane_m * kVector + m % kVector) * Tile::kN;
#pragma unroll
        for (int n = 0; n < kEach; n += kVector) {
          auto& sum = *reinterpret_cast<Vector<T>*>(row + n * kLanesN + lane_n * kVector);
          Vector<T> vector = sum;
#pragma unroll
          for (int i = 0; i < kVector; i++) vector.at[i] += total[m][n + i];
          sum = vector;
        }
      }
    }
  }
  __syncthreads();

  // All outputs of a thread are in one column, which its lane's number determines.
  static_assert(32 % Tile::kN == 0);
  const int n = tile_n + lane % Tile::kN;
  if (n >= columns) return;
  const T last = bias == nullptr ? 0 : bias[model * columns + n];
  for (int e = threadIdx.x; e < Tile::kSize; e += blockDim.x) {
    const int m = tile_m + e / Tile::kN;
    if (m >= all_rows) return;
    const T value = bias == nullptr ? sums[e] : sums[e] + last;
    if (m < rows) {
      out[(model * rows + m) * columns + n] = value;
    } else {
      ones[model * columns + n] = value;
    }
  }
}

// scores = X . W + b, and for the weights' gradient X^T . D, with the bias's gradient as the row of ones.
#define THALWEG_PRODUCTS(suffix, T, each)                                                                         \
  extern "C" __global__ void __launch_bounds__(256)                                                              \
      multiply_##suffix(const T* x, long long x_stride, const T* w, const T* bias, T* out, int rows, int columns, \
                        int depth) {                                                                              \
    product<T, each, RowMajor>(x, x_stride, w, bias, out, nullptr, rows, columns, depth);                         \
  }                                                                                                               \
  extern "C" __global__ void __launch_bounds__(256)                                                              \
      multiply_transposed_##suffix(const T* x, long long x_stride, const T* d, T* out, T* ones, int rows,         \
                                   int columns, int depth) {                                                      \
    product<T, each, Transposed>(x, x_stride, d, nullptr, out, ones, rows, columns, depth);                       \
  }

THALWEG_PRODUCTS(f32, float, 4)
THALWEG_PRODUCTS(wide_f32, float, 8)
THALWEG_PRODUCTS(f64, double, 8)
