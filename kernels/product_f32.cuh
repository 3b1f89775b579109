// The tiles of matmul.cu in binary32: wide ones for many outputs, narrow ones for few.
#pragma once

#include "product.cuh"
#include "vector.cuh"

using Four = Vector<float>;

__device__ __forceinline__ bool aligned(const void* p) { return reinterpret_cast<long long>(p) % 16 == 0; }

// For many outputs: a block of 4 warps computes kWideM x kWideN outputs, a lane 8 x 8 of them: 16 fma for each load of
// 16 bytes from shared memory. Slabs of kWideDepth k go through two buffers: while one is multiplied, the next is on
// its way to registers, in 16-byte loads. A chunk's chains are 64 registers; the totals are added once in 128 k and lie
// in shared memory, each lane's own, so that three blocks fit a multiprocessor.
// Launch: kWideThreads threads for each tile; shared memory for the totals, kWideM * kWideN numbers, and for two slabs
// of both operands, 2 * kWideDepth * (kWidePitch + kWideN).
constexpr int kWideM = 128;
constexpr int kWideN = 64;
constexpr int kWideThreads = 128;
constexpr int kWideDepth = 8;
constexpr int kWidePitch = kWideM + 4;  // rows start in different banks

// kWhole: no element of the tile is absent, and all accesses are of 16 bytes.
template <bool kTransposed, bool kWhole>
__device__ __forceinline__ void wide(const Operands<float>& of, int tile_m, int tile_n) {
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
  // Four neighbours along n, or where columns of different models meet along k.
  const int bk = kWhole ? t / 16 : t / kWideN * 4;
  const int bn = kWhole ? t % 16 * 4 : t % kWideN;
  constexpr int kStepM = kTransposed ? 0 : 64;
  constexpr int kStepK = kTransposed ? 4 : 0;
  const long long pitch = kTransposed ? of.rows : of.depth;
  const float* from_a = of.left + (kTransposed ? ak * pitch + tile_m + am : (tile_m + am) * pitch + ak);
  const long long to_next_a = (kStepM + kStepK) * pitch;
  const float* from_b = of.right_of(tile_n + bn) + static_cast<long long>(bk) * of.columns;
  const bool fours = kWhole || (pitch % 4 == 0 && aligned(of.left));
  Four a0, a1, b0;
  // Four neighbours of the left operand at p, from row m on; all: no k of the slab is absent.
  const auto left = [&](const float* p, int m, int k, bool all) {
    Four v;
    if (kWhole || (fours && all && m + (kTransposed ? 4 : 1) <= of.rows)) {
      v = load(p);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int row = kTransposed ? m + j : m;
        const bool in = all || k + (kTransposed ? 0 : j) < of.depth;
        v.at[j] = in && row < of.rows ? p[j] : row < of.all_rows ? 1 : 0;
      }
    }
    return v;
  };
  const auto fetch = [&](int k) {
    const int m = tile_m + am;
    const bool all = kWhole || k + kWideDepth <= of.depth;
    a0 = left(from_a, m, k + ak, all);
    a1 = left(from_a + to_next_a, m + kStepM, k + ak + kStepK, all);
    if (kWhole) {
      b0 = load(from_b);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const bool in = all || k + bk + j < of.depth;
        b0.at[j] = in && tile_n + bn < of.all_columns ? from_b[static_cast<long long>(j) * of.columns] : 0;
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
    float* const b = slab_right + (buffer * kWideDepth + bk) * kWideN + bn;
    if (kWhole) {
      store(b, b0);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) b[j * kWideN] = b0.at[j];
    }
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
    float* to[kWhole ? 1 : 4];
#pragma unroll
    for (int j = 0; j < 4; j++) {
      bias.at[j] = of.bias_of(n + j);
      if (j == 0 || !kWhole) to[j] = of.out_of(n + j);
    }
#pragma unroll 1
    for (int row = 0; row < 8; row++) {
      const int m = tile_m + m0 + row / 4 * 32 + row % 4;
      Four sum = totals[(row * 2 + half) * kWideThreads];
      if (kWhole) {
#pragma unroll
        for (int j = 0; j < 4 && of.bias != nullptr; j++) sum.at[j] += bias.at[j];
        store(to[0] + static_cast<long long>(m) * of.columns, sum);
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++) of.put(to[j], sum.at[j], bias.at[j], m, n + j);
      }
    }
  }
}

// For few outputs: small tiles, and a warp for each k-chunk of a tile, so that a product of few outputs and long k has
// many warps. A warp works alone on its chunk, kNarrowDepth k at once, with all loads before the first store; after
// each round of chunks the totals are added in turn.
// Launch: a warp for each chunk, at most kNarrowWarps; shared memory for kNarrowSize numbers, and kNarrowOwn for each
// warp. With totals, a block for each kNarrowWarps chunks of a tile.
constexpr int kNarrowM = 8;
constexpr int kNarrowN = 16;
constexpr int kNarrowWarps = 7;
constexpr int kNarrowDepth = 64;
constexpr int kNarrowPitch = kNarrowDepth + 4;
constexpr int kNarrowSize = kNarrowM * kNarrowN;
constexpr int kNarrowOwn = kNarrowM * kNarrowPitch + kNarrowDepth * kNarrowN;

template <bool kTransposed>
__device__ __forceinline__ void narrow(const Operands<float>& of, const Chunks<float>& chunks, int tile_m, int tile_n) {
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
  const float* const right = of.right_of(n) + static_cast<long long>(lane / kNarrowN) * of.columns;
  for (int e = threadIdx.x; e < kNarrowSize; e += blockDim.x) sums[e] = 0;
  for (int round = chunks.first; round < chunks.end; round += warps) {
    const int from = (round + warp) * exact::kProductChunk;
    const int end = min(from + exact::kProductChunk, of.depth);
    Four chain = {};
    Four a[4];
    for (int k0 = from; k0 < end; k0 += kNarrowDepth) {
      const float* p = of.left + (kTransposed ? (k0 + ak) * pitch + tile_m + am : (tile_m + am) * pitch + k0 + ak);
      const float* q = right + static_cast<long long>(k0) * of.columns;
#pragma unroll
      for (int i = 0; i < 4; i++, p += (kTransposed ? 16 : 2) * pitch) {
        const int m = tile_m + am + (kTransposed ? 0 : 2 * i);
        const int k = k0 + ak + (kTransposed ? 16 * i : 0);
        const bool whole = whole_m && (kTransposed ? k < end : k + 4 <= end && m < of.rows);
        if (whole) {
          a[i] = load(p);
          continue;
        }
#pragma unroll
        for (int j = 0; j < 4; j++) {
          const bool in = kTransposed ? k < end : k + j < end;
          const int row = kTransposed ? m + j : m;
          a[i].at[j] = in && row < of.rows ? p[j] : in && row < of.all_rows ? 1 : 0;
        }
      }
      const int rest = n < of.all_columns ? end - k0 - lane / kNarrowN : 0;
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
    if (chunks.totals != nullptr) {
#pragma unroll
      for (int j = 0; j < 4 && from < of.depth; j++) {
        chunks.put(of, round + warp, chain.at[j], tile_m + lane / 4, tile_n + lane % 4 * 4 + j);
      }
      return;  // of a split product a block has one round
    }
    __syncwarp();
    store(slab_left + lane * 4, chain);
    __syncthreads();
    for (int e = threadIdx.x; e < kNarrowSize; e += blockDim.x) {
      for (int w = 0; w < min(warps, chunks.end - round); w++) sums[e] += sums[kNarrowSize + w * kNarrowOwn + e];
    }
    __syncthreads();
  }
  __syncthreads();
  const float bias = of.bias_of(n);  // all outputs of a thread are in this column
  float* const to = of.out_of(n);
  for (int e = threadIdx.x; e < kNarrowSize; e += blockDim.x) {
    of.put(to, sums[e], bias, tile_m + e / kNarrowN, n);
  }
}

template <bool kTransposed>
__device__ __forceinline__ void multiply_narrow(const Block<float, kNarrowM, kNarrowN>& block) {
  narrow<kTransposed>(block.of, block.chunks, block.m, block.n);
}

template <bool kTransposed>
__device__ __forceinline__ void multiply_wide(const Block<float, kWideM, kWideN>& block) {
  const Operands<float>& of = block.of;
  if (block.m + kWideM <= of.rows && block.n + kWideN <= of.all_columns && of.depth % kWideDepth == 0 &&
      of.columns % 4 == 0 && (!kTransposed || of.rows % 4 == 0) && aligned(of.left) && aligned(of.right) &&
      aligned(of.out)) {
    wide<kTransposed, true>(of, block.m, block.n);
  } else {
    wide<kTransposed, false>(of, block.m, block.n);
  }
}
