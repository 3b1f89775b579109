// The tiles of matmul.cu in binary32: wide ones for many outputs, narrow ones for few.
#pragma once

#include "product.cuh"
#include "vector.cuh"

using Four = Vector<float>;

// The place so many steps of so many bytes after p.
__device__ __forceinline__ const float* after(const float* p, int step, int times) {
  return reinterpret_cast<const float*>(reinterpret_cast<const char*>(p) + static_cast<long long>(step) * times);
}

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

// The four numbers of the right operand that a thread brings of a wide slab are neighbours in memory along n, or along
// k where it is transposed; or they are apart, one below the other in a column, where columns of several models meet.
enum class Right { kAlongN, kAlongK, kApart };

// kWhole: no element of the tile is absent, and loads of the left operand are of 16 bytes, as are those of the right
// one and stores, unless its numbers are apart. Otherwise how they lie is found at run time.
template <bool kTransposed, bool kWhole, Right kRight = Right::kApart>
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
  constexpr bool kAlongN = kRight == Right::kAlongN;
  const bool turned = kRight == Right::kAlongK || (!kWhole && !kTransposed && of.right_k == 1);
  const int bk = kAlongN ? t / 16 : turned ? t % 2 * 4 : t / kWideN * 4;
  const int bn = kAlongN ? t % 16 * 4 : turned ? t / 2 : t % kWideN;
  constexpr int kStepM = kTransposed ? 0 : 64;
  constexpr int kStepK = kTransposed ? 4 : 0;
  const long long pitch = kTransposed ? of.rows : of.depth;
  const float* from_a = of.left + (kTransposed ? ak * pitch + tile_m + am : (tile_m + am) * pitch + ak);
  const long long to_next_a = (kStepM + kStepK) * pitch;
  const float* from_b = of.right_of(tile_n + bn) + static_cast<long long>(bk) * of.right_k;
  const bool fours = kWhole || (pitch % 4 == 0 && aligned(of.left));
  constexpr bool kFours = kWhole && kRight != Right::kApart;
  const bool right_fours = kFours || (!kWhole && turned && of.depth % 4 == 0 && aligned(of.right));
  const int depth_b = tile_n + bn < of.all_columns ? of.depth : 0;  // of an absent column no k is read
  Four a0, a1, b0;
  // Four neighbours of the left operand at p, from row m and k on.
  const auto left = [&](const float* p, int m, int k) {
    Four v;
    if (kWhole || (fours && k + (kTransposed ? 1 : 4) <= of.depth && m + (kTransposed ? 4 : 1) <= of.rows)) {
      v = load(p);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int row = kTransposed ? m + j : m;
        const bool in = k + (kTransposed ? 0 : j) < of.depth;
        v.at[j] = in && row < of.rows ? p[j] : row < of.all_rows ? 1 : 0;
      }
    }
    return v;
  };
  const auto fetch = [&](int k) {
    const int m = tile_m + am;
    a0 = left(from_a, m, k + ak);
    a1 = left(from_a + to_next_a, m + kStepM, k + ak + kStepK);
    if (kFours || (right_fours && k + bk + 4 <= depth_b)) {
      b0 = load(from_b);
    } else {
      const float* p = from_b;
#pragma unroll
      for (int j = 0; j < 4; j++, p += of.right_k) b0.at[j] = kWhole || k + bk + j < depth_b ? *p : 0;
    }
    from_a += kTransposed ? kWideDepth * pitch : kWideDepth;
    from_b += static_cast<long long>(kWideDepth) * of.right_k;
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
    if (kAlongN) {
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
    float* to[kFours ? 1 : 4];
#pragma unroll
    for (int j = 0; j < 4; j++) {
      bias.at[j] = of.bias_of(n + j);
      if (j == 0 || !kFours) to[j] = of.out_of(n + j);
    }
#pragma unroll 1
    for (int row = 0; row < 8; row++) {
      const int m = tile_m + m0 + row / 4 * 32 + row % 4;
      Four sum = totals[(row * 2 + half) * kWideThreads];
      if (kFours) {
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

// For few columns: small tiles, and a warp for each k-chunk of a tile, so that a product of few outputs and long k has
// many warps. A warp works alone on its chunk, kNarrowDepth k at once, with all loads before the first store; after
// each round of chunks the totals are added in turn. Of a narrow tile a lane has 2 x 2 outputs, so that few outputs are
// many tiles: 16 fma for each four loads of 16 bytes, which bring four k of a row or a column; of a tall one 8 x 4, for
// 128 fma from each twelve.
// Launch: a warp for each chunk, at most kNarrowWarps or kTallWarps; shared memory for kM * kNarrowN numbers, and
// (kM + kNarrowN) * kNarrowPitch for each warp. With totals, a block for each so many chunks of a tile.
constexpr int kNarrowM = 8;
constexpr int kNarrowN = 16;
constexpr int kNarrowWarps = 7;
constexpr int kNarrowDepth = 64;
constexpr int kNarrowPitch = kNarrowDepth + 4;
constexpr int kNarrowSize = kNarrowM * kNarrowN;
constexpr int kFarthest = 1 << 24;  // numbers from one row to the next: times at most 16 rows and 4 bytes
constexpr int kTallM = 64;
constexpr int kTallWarps = 2;

// Slabs lie by rows and by columns, a lane's kLaneM and kLaneN apart; but the left one of a tall tile of a transposed
// operand by k, a lane's rows in fours, 32 apart, so that no number is stored alone.
template <bool kTransposed, int kM>
__device__ __forceinline__ void narrow(const Operands<float>& of, const Chunks<float>& chunks, int tile_m, int tile_n) {
  extern __shared__ __align__(16) unsigned char shared[];
  constexpr bool kTall = kM == kTallM;
  constexpr int kLaneN = kTall ? 4 : 8;
  constexpr int kLaneM = 32 / kLaneN;
  constexpr int kRows = kM / kLaneM;
  constexpr int kColumns = kNarrowN / kLaneN;
  constexpr bool kByK = kTransposed && kTall;
  constexpr int kPitch = kByK ? kM + 4 : kNarrowPitch;
  constexpr int kOwn = (kM + kNarrowN) * kNarrowPitch;  // of a warp
  constexpr int kLoads = kM / 2;
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  float* const sums = reinterpret_cast<float*>(shared);
  float* const slab_left = sums + kM * kNarrowN + warp * kOwn;
  float* const slab_right = slab_left + kM * kNarrowPitch;
  const long long pitch = kTransposed ? of.rows : of.depth;
  // Rows so far apart that a step in bytes does not fit an int are read as if elements were absent.
  const bool near = pitch < kFarthest && of.right_k < kFarthest;
  const bool whole_m = near && pitch % 4 == 0 && aligned(of.left) && tile_m + kM <= of.rows;
  // What this lane brings of a slab: kLoads vectors of the left operand, each kStepM and kStepK from the one before.
  const int am = kTransposed ? lane % (kM / 4) * 4 : lane / 16;
  const int ak = kTransposed ? lane / (kM / 4) : lane % 16 * 4;
  constexpr int kStepM = kTransposed ? 0 : 2;
  constexpr int kStepK = kTransposed ? 128 / kM : 0;
  // And of the right one: of a column four neighbours along k in every eight. Absent columns are 0 throughout.
  const int n = tile_n + lane % kNarrowN;
  const bool present = n < of.all_columns;
  const int bk = lane / kNarrowN * 4;
  const float* const right = of.right_of(n) + static_cast<long long>(bk) * of.right_k;
  float* const to_b = slab_right + lane % kNarrowN * kNarrowPitch + bk;
  const int m0 = kByK ? lane / 4 * 4 : lane / kLaneN;  // the first of its rows
  const int n0 = lane % kLaneN;                        // and of its columns
  const auto row_of = [](int i) { return kByK ? i / 4 * 32 + i % 4 : i * kLaneM; };  // the i-th, from there on
#pragma unroll 1
  for (int i = 0; i < 8 && !present; i++) store(to_b + i * 8, Four{});
  for (int e = threadIdx.x; e < kM * kNarrowN; e += blockDim.x) sums[e] = 0;
  for (int round = chunks.first; round < chunks.end; round += warps) {
    const int from = (round + warp) * exact::kProductChunk;
    const int end = min(from + exact::kProductChunk, of.depth);
    float chain[kRows][kColumns] = {};
#pragma unroll 1
    for (int k0 = from; k0 < end; k0 += kNarrowDepth) {
      const float* p =
          of.left + (kTransposed ? (k0 + ak) * pitch + tile_m + am : (tile_m + am) * pitch + k0 + ak);
      const float* q = right + static_cast<long long>(k0) * of.right_k;
      const auto keep_left = [&](int i, const Four& v) {
        if (kByK) {
          store(slab_left + (ak + i * kStepK) * kPitch + am, v);
        } else if (kTransposed) {
#pragma unroll
          for (int j = 0; j < 4; j++) slab_left[(am + j) * kPitch + ak + i * kStepK] = v.at[j];
        } else {
          store(slab_left + (am + i * kStepM) * kPitch + ak, v);
        }
      };
      __syncwarp();
      if (whole_m && k0 + kNarrowDepth <= end) {
        Four a[kLoads], b[8];
        // A step in bytes times a constant, added to a pointer, is one instruction.
        const int step_b = static_cast<int>(of.right_k * sizeof(float));
        const int step_a = static_cast<int>((kStepM + kStepK) * pitch * sizeof(float));
#pragma unroll
        for (int i = 0; i < kLoads; i++) a[i] = load(after(p, step_a, i));
        if (present) {
#pragma unroll
          for (int i = 0; i < 32; i++) b[i / 4].at[i % 4] = *after(q, step_b, i / 4 * 8 + i % 4);
#pragma unroll
          for (int i = 0; i < 8; i++) store(to_b + i * 8, b[i]);
        }
#pragma unroll
        for (int i = 0; i < kLoads; i++) keep_left(i, a[i]);
      } else {
        const long long to_next_a = (kStepM + kStepK) * pitch;
#pragma unroll 4
        for (int i = 0; i < kLoads; i++, p += to_next_a) {
          Four v;
#pragma unroll
          for (int j = 0; j < 4; j++) {
            const int row = tile_m + am + kStepM * i + (kTransposed ? j : 0);
            const bool in = k0 + ak + kStepK * i + (kTransposed ? 0 : j) < end;
            v.at[j] = in && row < of.rows ? p[j] : in && row < of.all_rows ? 1 : 0;
          }
          keep_left(i, v);
        }
        const long long to_next_b = 5LL * of.right_k;
#pragma unroll 4
        for (int i = 0; i < 8 && present; i++, q += to_next_b) {
          Four v;
#pragma unroll
          for (int j = 0; j < 4; j++) {
            if (j > 0) q += of.right_k;
            v.at[j] = k0 + bk + i * 8 + j < end ? *q : 0;
          }
          store(to_b + i * 8, v);
        }
      }
      __syncwarp();
#pragma unroll kTall ? 4 : 8
      for (int k = 0; k < kNarrowDepth; k += 4) {
        // By rows and columns: four k of each; by k: of each k the rows.
        Four left[kRows], right[kColumns];
#pragma unroll
        for (int i = 0; i < kRows; i++) {
          left[i] = load(slab_left + (kByK ? (k + i % 4) * kPitch + m0 + i / 4 * 32 : (m0 + row_of(i)) * kPitch + k));
        }
#pragma unroll
        for (int j = 0; j < kColumns; j++) right[j] = load(slab_right + (n0 + j * kLaneN) * kNarrowPitch + k);
#pragma unroll
        for (int i = 0; i < 4 * kRows * kColumns; i++) {
          const int e = i / (kRows * kColumns), row = i / kColumns % kRows, j = i % kColumns;
          const float x = kByK ? left[row / 4 * 4 + e].at[row % 4] : left[row].at[e];
          chain[row][j] = fmaf(x, right[j].at[e], chain[row][j]);
        }
      }
    }
    if (chunks.totals != nullptr) {
#pragma unroll
      for (int i = 0; i < kRows * kColumns && from < of.depth; i++) {
        const int row = i / kColumns, j = i % kColumns;
        chunks.put(of, round + warp, chain[row][j], tile_m + m0 + row_of(row), tile_n + n0 + j * kLaneN);
      }
      return;  // of a split product a block has one round
    }
    __syncwarp();
#pragma unroll
    for (int i = 0; i < kRows * kColumns; i++) {
      const int row = i / kColumns, j = i % kColumns;
      slab_left[(m0 + row_of(row)) * kNarrowN + n0 + j * kLaneN] = chain[row][j];
    }
    __syncthreads();
    for (int e = threadIdx.x; e < kM * kNarrowN; e += blockDim.x) {
      float sum = sums[e];
#pragma unroll
      for (int w = 0; w < (kTall ? kTallWarps : kNarrowWarps); w++) {
        if (w < min(warps, chunks.end - round)) sum += sums[kM * kNarrowN + w * kOwn + e];
      }
      sums[e] = sum;
    }
    __syncthreads();
  }
  __syncthreads();
  const float bias = of.bias_of(n);  // all outputs of a thread are in this column
  float* const to = of.out_of(n);
  for (int e = threadIdx.x; e < kM * kNarrowN; e += blockDim.x) {
    of.put(to, sums[e], bias, tile_m + e / kNarrowN, n);
  }
}

template <bool kTransposed>
__device__ __forceinline__ void multiply_narrow(const Block<float, kNarrowM, kNarrowN>& block) {
  narrow<kTransposed, kNarrowM>(block.of, block.chunks, block.m, block.n);
}

template <bool kTransposed>
__device__ __forceinline__ void multiply_tall(const Block<float, kTallM, kNarrowN>& block) {
  narrow<kTransposed, kTallM>(block.of, block.chunks, block.m, block.n);
}

template <bool kTransposed>
__device__ __forceinline__ void multiply_wide(const Block<float, kWideM, kWideN>& block) {
  const Operands<float>& of = block.of;
  // Joined before they are compared: no branch for each.
  const long long rests = reinterpret_cast<long long>(of.left) % 16 | of.depth % kWideDepth |
                          (kTransposed ? of.rows % 4 : 0);
  const int absent = max(block.m + kWideM - of.rows, block.n + kWideN - of.all_columns);
  const bool whole = rests == 0 && absent <= 0;
  const long long places = reinterpret_cast<long long>(of.right) | reinterpret_cast<long long>(of.out);
  const bool fours = (places % 16 | of.columns % 4) == 0;
  if (!whole) {
    wide<kTransposed, false>(of, block.m, block.n);
  } else if (!fours) {
    wide<kTransposed, true, Right::kApart>(of, block.m, block.n);
  } else if (kTransposed || of.right_n == 1) {  // no caller has both operands transposed
    wide<kTransposed, true, Right::kAlongN>(of, block.m, block.n);
  } else if constexpr (!kTransposed) {
    wide<false, true, Right::kAlongK>(of, block.m, block.n);
  }
}
