// Batched products in the order of src/docs/numerics.md, "Products of matrices": along k, chunks of
// exact::kProductChunk, each a chain of fma from +0 over ascending k; the chunks' totals are added ascending from +0;
// the bias is added last. Which of the tiles below a product takes, device.cuda.ProductTile chooses.
//
// Of all kernels: out[model] = left[model] . right[model] (+ bias[model] in each row). Sizes: left rows x depth, or
// where it is transposed depth x rows, right depth x columns, out rows x columns, all dense; left_stride: elements from
// one model's left operand to the next, 0 where the models share it. ones, where it is not null, is one more row of the
// output [models x columns]: the product of a left row of ones, which is the bias gradient. A block computes a tile of
// outputs of one model, tiles of a model along columns first.
//
// Absent elements are 0 in both operands: fma(0, 0, x) can only turn -0 into +0, which the sum from +0 does anyway.
#include "exact.cuh"
#include "vector.cuh"

// ---- Binary32.

using Four = Vector<float>;

// Of one model; all_rows counts the row of ones.
struct Operands {
  const float *left, *right, *bias;
  float *out, *ones;
  int rows, columns, depth, all_rows;
};

__device__ __forceinline__ bool aligned(const void* p) { return reinterpret_cast<long long>(p) % 16 == 0; }

// Four neighbours in memory of the left operand, from (m, k) on: along k, or along m where it is transposed. whole:
// all of them are there, and 16 bytes that one access may take.
template <bool kTransposed>
__device__ __forceinline__ Four left_four(const Operands& of, bool whole, const float* p, int m, int k, int end) {
  if (whole) return load(p);
  Four v;
#pragma unroll
  for (int j = 0; j < 4; j++) {
    const bool in = kTransposed ? k < end : k + j < end;
    const int row = kTransposed ? m + j : m;
    v.at[j] = in && row < of.rows ? p[j] : in && row < of.all_rows ? 1 : 0;
  }
  return v;
}

__device__ __forceinline__ float bias_of(const Operands& of, int n) {
  return of.bias == nullptr || n >= of.columns ? 0 : of.bias[n];
}

__device__ __forceinline__ void put(const Operands& of, float sum, float bias, int m, int n) {
  if (m >= of.all_rows || n >= of.columns) return;
  const float value = of.bias == nullptr ? sum : sum + bias;
  (m < of.rows ? of.out + static_cast<long long>(m) * of.columns : of.ones)[n] = value;
}

// For many outputs: a block of 4 warps computes kWideM x kWideN outputs, a lane 8 x 8 of them: 16 fma for each load of
// 16 bytes from shared memory. Slabs of kWideDepth k go through two buffers: while one is multiplied, the next is on its way
// to registers, in 16-byte loads. A chunk's chains are 64 registers; the totals are added once in 128 k and lie in
// shared memory, each lane's own, so that three blocks fit a multiprocessor.
// Launch: kWideThreads threads for each tile; shared memory for the totals, kWideM * kWideN numbers, and for two slabs
// of both operands, 2 * kWideDepth * (kWidePitch + kWideN).
constexpr int kWideM = 128;
constexpr int kWideN = 64;
constexpr int kWideThreads = 128;
constexpr int kWideDepth = 8;
constexpr int kWidePitch = kWideM + 4;  // rows start in different banks

// kWhole: no element of the tile is absent, and all accesses are of 16 bytes.
template <bool kTransposed, bool kWhole>
__device__ __forceinline__ void wide(const Operands& of, int tile_m, int tile_n) {
  extern __shared__ __align__(16) unsigned char shared[];
  Four* const totals = reinterpret_cast<Four*>(shared) + threadIdx.x;
  float* const slab_left = reinterpret_cast<float*>(shared) + kWideM * kWideN;
  float* const slab_right = slab_left + 2 * kWideDepth * kWidePitch;
  const int t = threadIdx.x;
  const int lane = t % 32;
  // Lanes whose numbers differ in bit 0 share a's vectors, in bit 1 b's: such loads take half as long.
  const int m0 = t / 64 * 64 + ((lane >> 1 & 1) | (lane >> 2 & 6)) * 4;
  const int n0 = t / 32 % 2 * 32 + ((lane & 1) | (lane >> 1 & 2)) * 4;
  // What this thread brings of a slab: two vectors of the left operand, one of the right.
  const int am = kTransposed ? lane * 4 : t / 2;
  const int ak = kTransposed ? t / 32 : t % 2 * 4;
  const int bk = t / 16;
  const int bn = t % 16 * 4;
  constexpr int kStepM = kTransposed ? 0 : 64;
  constexpr int kStepK = kTransposed ? 4 : 0;
  const long long pitch = kTransposed ? of.rows : of.depth;
  const float* from_a = of.left + (kTransposed ? ak * pitch + tile_m + am : (tile_m + am) * pitch + ak);
  const float* from_b = of.right + static_cast<long long>(bk) * of.columns + tile_n + bn;
  Four a0, a1, b0;
  const auto fetch = [&](int k) {
    const int m = tile_m + am;
    a0 = left_four<kTransposed>(of, kWhole, from_a, m, k + ak, of.depth);
    a1 = left_four<kTransposed>(of, kWhole, from_a + (kStepM + kStepK) * pitch, m + kStepM, k + ak + kStepK, of.depth);
    if (kWhole) {
      b0 = load(from_b);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        b0.at[j] = k + bk < of.depth && tile_n + bn + j < of.columns ? from_b[j] : 0;
      }
    }
    from_a += kTransposed ? kWideDepth * pitch : kWideDepth;
    from_b += static_cast<long long>(kWideDepth) * of.columns;
  };
  const auto keep = [&](int buffer) {
    float* const a = slab_left + (buffer * kWideDepth + ak) * kWidePitch + am;
    if (kTransposed) {
      store(a, a0);
      store(a + kStepK * kWidePitch, a1);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        a[j * kWidePitch] = a0.at[j];
        a[j * kWidePitch + kStepM] = a1.at[j];
      }
    }
    store(slab_right + (buffer * kWideDepth + bk) * kWideN + bn, b0);
  };
  if (of.depth > 0) {
    fetch(0);
    keep(0);
  }
  float chain[8][8] = {};
#pragma unroll
  for (int i = 0; i < 16; i++) totals[i * kWideThreads] = Four{};
  __syncthreads();
#pragma unroll 1
  for (int k0 = 0; k0 < of.depth; k0 += kWideDepth) {
    const bool more = k0 + kWideDepth < of.depth;
    const int buffer = k0 / kWideDepth % 2;
    if (more) fetch(k0 + kWideDepth);
    const float* const a_at = slab_left + buffer * kWideDepth * kWidePitch + m0;
    const float* const b_at = slab_right + buffer * kWideDepth * kWideN + n0;
#pragma unroll
    for (int k = 0; k < kWideDepth; k++) {
      const Four a[2] = {load(a_at + k * kWidePitch), load(a_at + k * kWidePitch + 32)};
      const Four b[2] = {load(b_at + k * kWideN), load(b_at + k * kWideN + 16)};
#pragma unroll
      for (int e = 0; e < 64; e++) {
        chain[e / 8][e % 8] = fmaf(a[e / 32].at[e / 8 % 4], b[e / 4 % 2].at[e % 4], chain[e / 8][e % 8]);
      }
    }
    if (more) keep(1 - buffer);
    __syncthreads();
    if (more && (k0 + kWideDepth) % exact::kProductChunk != 0) continue;
#pragma unroll
    for (int i = 0; i < 16; i++) {
      Four sum = totals[i * kWideThreads];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        sum.at[j] += chain[i / 2][i % 2 * 4 + j];
        chain[i / 2][i % 2 * 4 + j] = 0;
      }
      totals[i * kWideThreads] = sum;
    }
  }
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const int n = tile_n + n0 + half * 16;
    Four bias;
#pragma unroll
    for (int j = 0; j < 4; j++) bias.at[j] = bias_of(of, n + j);
#pragma unroll 1
    for (int row = 0; row < 8; row++) {
      const int m = tile_m + m0 + row / 4 * 32 + row % 4;
      Four sum = totals[(row * 2 + half) * kWideThreads];
      if (kWhole) {
#pragma unroll
        for (int j = 0; j < 4 && of.bias != nullptr; j++) sum.at[j] += bias.at[j];
        store(of.out + static_cast<long long>(m) * of.columns + n, sum);
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++) put(of, sum.at[j], bias.at[j], m, n + j);
      }
    }
  }
}

// For few outputs: small tiles, and a warp for each k-chunk of a tile, so that a product of few outputs and long k has
// many warps. A warp works alone on its chunk, kNarrowDepth k at once, with all loads before the first store; after each round
// of chunks the totals are added in turn.
// Launch: a warp for each chunk, at most kNarrowWarps; shared memory for kNarrowSize numbers, and kNarrowOwn for each
// warp.
constexpr int kNarrowM = 8;
constexpr int kNarrowN = 16;
constexpr int kNarrowWarps = 7;
constexpr int kNarrowDepth = 64;
constexpr int kNarrowPitch = kNarrowDepth + 4;
constexpr int kNarrowSize = kNarrowM * kNarrowN;
constexpr int kNarrowOwn = kNarrowM * kNarrowPitch + kNarrowDepth * kNarrowN;

template <bool kTransposed>
__device__ __forceinline__ void narrow(const Operands& of, int tile_m, int tile_n) {
  extern __shared__ __align__(16) unsigned char shared[];
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  float* const sums = reinterpret_cast<float*>(shared);
  float* const slab_left = sums + kNarrowSize + warp * kNarrowOwn;
  float* const slab_right = slab_left + kNarrowM * kNarrowPitch;
  const long long pitch = kTransposed ? of.rows : of.depth;
  const bool whole_m = pitch % 4 == 0 && aligned(of.left) && (!kTransposed || tile_m + kNarrowM <= of.rows);
  const int am = kTransposed ? lane % 2 * 4 : lane / 16;
  const int ak = kTransposed ? lane / 2 : lane % 16 * 4;
  const int n = tile_n + lane % kNarrowN;
  const int chunks = (of.depth + exact::kProductChunk - 1) / exact::kProductChunk;
  for (int e = threadIdx.x; e < kNarrowSize; e += blockDim.x) sums[e] = 0;
  for (int round = 0; round < chunks; round += warps) {
    const int from = (round + warp) * exact::kProductChunk;
    const int end = min(from + exact::kProductChunk, of.depth);
    Four chain = {};
    Four a[4];
    for (int k0 = from; k0 < end; k0 += kNarrowDepth) {
      const float* p = of.left + (kTransposed ? (k0 + ak) * pitch + tile_m + am : (tile_m + am) * pitch + k0 + ak);
      const float* q = of.right + static_cast<long long>(k0 + lane / kNarrowN) * of.columns + n;
#pragma unroll
      for (int i = 0; i < 4; i++, p += (kTransposed ? 16 : 2) * pitch) {
        const int m = tile_m + am + (kTransposed ? 0 : 2 * i);
        const int k = k0 + ak + (kTransposed ? 16 * i : 0);
        const bool whole = whole_m && (kTransposed ? k < end : k + 4 <= end && m < of.rows);
        a[i] = left_four<kTransposed>(of, whole, p, m, k, end);
      }
      const int rest = n < of.columns ? end - k0 - lane / kNarrowN : 0;
      float b[32];
#pragma unroll
      for (int i = 0; i < 32; i++, q += 2 * of.columns) b[i] = 2 * i < rest ? *q : 0;
      __syncwarp();
#pragma unroll
      for (int i = 0; i < 16; i++) {
        if (!kTransposed && i % 4 == 0) store(slab_left + (am + i / 2) * kNarrowPitch + ak, a[i / 4]);
        if (kTransposed) slab_left[(am + i % 4) * kNarrowPitch + ak + i / 4 * 16] = a[i / 4].at[i % 4];
      }
#pragma unroll
      for (int i = 0; i < 32; i++) slab_right[i * 32 + lane] = b[i];
      __syncwarp();
#pragma unroll 4
      for (int k = 0; k < kNarrowDepth; k += 4) {
        const Four left = load(slab_left + lane / 4 * kNarrowPitch + k);
#pragma unroll
        for (int e = 0; e < 16; e++) {
          const Four right = load(slab_right + (k + e / 4) * kNarrowN + lane % 4 * 4);
          chain.at[e % 4] = fmaf(left.at[e / 4], right.at[e % 4], chain.at[e % 4]);
        }
      }
    }
    __syncwarp();
    store(slab_left + lane * 4, chain);
    __syncthreads();
    for (int e = threadIdx.x; e < kNarrowSize; e += blockDim.x) {
      for (int w = 0; w < min(warps, chunks - round); w++) sums[e] += sums[kNarrowSize + w * kNarrowOwn + e];
    }
    __syncthreads();
  }
  __syncthreads();
  const float bias = bias_of(of, n);  // all outputs of a thread are in this column
  for (int e = threadIdx.x; e < kNarrowSize; e += blockDim.x) {
    put(of, sums[e], bias, tile_m + e / kNarrowN, n);
  }
}

template <bool kTransposed, bool kWide>
__device__ __forceinline__ void product_f32(const float* left, long long left_stride, const float* right,
                                            const float* bias, float* out, float* ones, int rows, int columns,
                                            int depth) {
  if (out == nullptr) return;
  constexpr int kM = kWide ? kWideM : kNarrowM;
  constexpr int kN = kWide ? kWideN : kNarrowN;
  const int all_rows = rows + (ones == nullptr ? 0 : 1);
  const int tiles_m = (all_rows + kM - 1) / kM;
  const int tiles_n = (columns + kN - 1) / kN;
  const int tile_n = blockIdx.x % tiles_n * kN;
  const int tile_m = blockIdx.x / tiles_n % tiles_m * kM;
  const long long model = blockIdx.x / tiles_n / tiles_m;
  const Operands of = {left + model * left_stride,
                       right + model * depth * columns,
                       bias == nullptr ? nullptr : bias + model * columns,
                       out + model * rows * columns,
                       ones == nullptr ? nullptr : ones + model * columns,
                       rows,
                       columns,
                       depth,
                       all_rows};
  if constexpr (!kWide) {
    narrow<kTransposed>(of, tile_m, tile_n);
  } else if (tile_m + kM <= rows && tile_n + kN <= columns && depth % kWideDepth == 0 && columns % 4 == 0 &&
             (!kTransposed || rows % 4 == 0) && aligned(of.left) && aligned(of.right) && aligned(of.out)) {
    wide<kTransposed, true>(of, tile_m, tile_n);
  } else {
    wide<kTransposed, false>(of, tile_m, tile_n);
  }
}

// ---- Binary64.
//
// Each warp of a block takes one k-chunk of the tile at a time and works alone, without a block barrier, in its own
// shared memory; after each round of chunks the warps add their totals in turn. A lane computes kEach x kEach outputs:
// 8 fma for each load of 16 bytes from shared memory.
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

// Launch: one block of 32 to 256 threads for each tile; Tile::kSize numbers
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
#define THALWEG_PRODUCTS_F32(suffix, threads, blocks, wide)                                                           \
  extern "C" __global__ void __launch_bounds__(threads, blocks)                                                       \
      multiply_##suffix(const float* x, long long x_stride, const float* w, const float* bias, float* out, int rows,  \
                        int columns, int depth) {                                                                     \
    product_f32<false, wide>(x, x_stride, w, bias, out, nullptr, rows, columns, depth);                               \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(threads, blocks)                                                       \
      multiply_transposed_##suffix(const float* x, long long x_stride, const float* d, float* out, float* ones,       \
                                   int rows, int columns, int depth) {                                                \
    product_f32<true, wide>(x, x_stride, d, nullptr, out, ones, rows, columns, depth);                                \
  }

THALWEG_PRODUCTS_F32(f32, kNarrowWarps * 32, 2, false)
THALWEG_PRODUCTS_F32(wide_f32, kWideThreads, 3, true)

extern "C" __global__ void __launch_bounds__(256)
    multiply_f64(const double* x, long long x_stride, const double* w, const double* bias, double* out, int rows,
                 int columns, int depth) {
  product<double, 8, RowMajor>(x, x_stride, w, bias, out, nullptr, rows, columns, depth);
}

extern "C" __global__ void __launch_bounds__(256)
    multiply_transposed_f64(const double* x, long long x_stride, const double* d, double* out, double* ones, int rows,
                            int columns, int depth) {
  product<double, 8, Transposed>(x, x_stride, d, nullptr, out, ones, rows, columns, depth);
}
