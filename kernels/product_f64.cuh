// The tile of matmul.cu in binary64.
#pragma once

#include "product.cuh"
#include "vector.cuh"

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

// Launch: one block of 32 to 256 threads for each tile, with totals for each chunk of its warps; Tile::kSize numbers
// of shared memory and Tile::kSlab more for each warp.
template <typename T, int kEach, typename Layout>
__device__ __forceinline__ void product(const Operands<T>& of, const Chunks<T>& chunks, int tile_m, int tile_n) {
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
  static_assert(32 % Tile::kN == 0);
  const int n = tile_n + lane % Tile::kN;  // what a thread loads of the right operand and stores is in this column
  const T* const right = of.right_of(n);

  for (int e = threadIdx.x; e < Tile::kSize; e += blockDim.x) sums[e] = 0;

  for (int round = chunks.first; round < chunks.end; round += warps) {
    const int chunk = round + warp;
    const int end = min((chunk + 1) * exact::kProductChunk, of.depth);
    T total[kEach][kEach] = {};
    for (int k0 = chunk * exact::kProductChunk; k0 < end; k0 += Tile::kDepth) {
#pragma unroll kInFlight
      for (int i = 0; i < Tile::kDepth * Tile::kM / 32; i++) {
        int m, k;
        Layout::template split<Tile>(i * 32 + lane, m, k);
        T value = 0;
        if (k0 + k < end) {
          if (tile_m + m < of.rows) {
            value = of.left[Layout::at(tile_m + m, k0 + k, of.rows, of.depth)];
          } else if (tile_m + m < of.all_rows) {
            value = 1;
          }
        }
        slab_left[k * Tile::kPitch + m] = value;
      }
#pragma unroll kInFlight
      for (int i = 0; i < Tile::kDepth * Tile::kN / 32; i++) {
        const int k = (i * 32 + lane) / Tile::kN;
        T value = 0;
        if (k0 + k < end && n < of.all_columns) value = right[static_cast<long long>(k0 + k) * of.right_k];
        slab_right[k * Tile::kN + n - tile_n] = value;
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
    if (chunks.totals != nullptr) {
      if (chunk >= chunks.end) return;
#pragma unroll
      for (int e = 0; e < kEach * kEach; e++) {
        constexpr int kVector = Tile::kVector;
        const int i = e / kEach;
        const int j = e % kEach;
        chunks.put(of, chunk, total[i][j], tile_m + (i / kVector * kLanesM + lane_m) * kVector + i % kVector,
                   tile_n + (j / kVector * kLanesN + lane_n) * kVector + j % kVector);
      }
      return;  // of a split product a block has one round
    }
    for (int turn = 0; turn < min(warps, chunks.end - round); turn++) {
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

  const T last = of.bias_of(n);
  T* const to = of.out_of(n);
  for (int e = threadIdx.x; e < Tile::kSize; e += blockDim.x) {
    of.put(to, sums[e], last, tile_m + e / Tile::kN, n);
  }
}

template <typename Layout>
__device__ __forceinline__ void multiply_double(const Block<double, 64, 32>& block) {
  product<double, 8, Layout>(block.of, block.chunks, block.m, block.n);
}
