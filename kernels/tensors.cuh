// The tensor table: one row for each tensor of a kernel that works on many tensors at once.
#pragma once

#include "exact.cuh"
#include "steps.cuh"
#include "vector.cuh"

// What numbers of storage type S are computed in.
template <typename S>
struct Arithmetic {
  using Number = S;
};
template <>
struct Arithmetic<exact::Bf16> {
  using Number = float;
};

// A row of the tensor table. The host writes it; see CudaTensors.
template <typename S>
struct Tensor {
  using Number = typename Arithmetic<S>::Number;
  Number* parameter;  // where S is bf16, its master in binary32
  const S* gradient;
  S* copy;  // of the master, rounded, where S is bf16
  Number* state[3];
  long long count;
  long long first_block;
  long long first_chunk;  // of its gradient's chunks among those of all tensors
  long long group;
};

__device__ __forceinline__ float widen(float x) { return x; }
__device__ __forceinline__ double widen(double x) { return x; }

// The bf16 copies of kWidth elements from i on of a tensor. Element i is rounded to nearest, or, where the key is not
// 0, by word i % 4 of block i / 4 under the key, counted by the tensor.
template <int kWidth>
__device__ __forceinline__ Vector<exact::Bf16, kWidth> rounded(const float* w, long long i, uint64_t key,
                                                               uint64_t tensor) {
  uint32_t words[8] = {};
  const int first = static_cast<int>(i % 4);
  if (key != 0) {
    const exact::Block block = exact::philox(key, static_cast<uint64_t>(i / 4), tensor);
    const exact::Block next =
        first + kWidth > 4 ? exact::philox(key, static_cast<uint64_t>(i / 4 + 1), tensor) : exact::Block{};
#pragma unroll
    for (int k = 0; k < 4; k++) {
      words[k] = block.at[k];
      words[4 + k] = next.at[k];
    }
  }
  // The words from the first element's on come to the front; no index that only the run knows, which would put them
  // into memory.
#pragma unroll
  for (int shift = 1; shift < 4; shift *= 2) {
#pragma unroll
    for (int k = 0; k + shift < 8; k++) words[k] = (first & shift) != 0 ? words[k + shift] : words[k];
  }
  Vector<exact::Bf16, kWidth> result;
#pragma unroll
  for (int lane = 0; lane < kWidth; lane++) result.at[lane] = exact::bf16(w[lane], key != 0, words[lane]);
  return result;
}

// Four copies in one access: the compiler does not see it by itself.
__device__ __forceinline__ void store(exact::Bf16* p, const Vector<exact::Bf16, 4>& v) {
  const uint32_t low = v.at[0].bits | static_cast<uint32_t>(v.at[1].bits) << 16;
  const uint32_t high = v.at[2].bits | static_cast<uint32_t>(v.at[3].bits) << 16;
  *reinterpret_cast<uint64_t*>(p) = static_cast<uint64_t>(high) << 32 | low;
}

// Tells the compiler that an address that was read from memory points to global memory.
template <typename T>
__device__ __forceinline__ T* global(T* p) {
  __builtin_assume(__isGlobal(p));
  return p;
}
