// The arithmetic that the kernels and the Java device share: exp, log, bf16 and the canonical sums.
// org.thalweg.numeric.Exact has the same functions with the same operations in the same order, so the results have
// the same bits. src/docs/numerics.md describes them in words.
//
// Compiled with -fmad=false: a*b + c is two roundings, and a fused one is written fmaf.
#pragma once

#include <cstdint>

namespace exact {

/// How many elements a chunk of a sum has: one warp sums each chunk, then the chunks' sums are summed.
constexpr int kChunk = 1024;

/// How many steps along k a chunk of a product has: each chunk is one chain of fma.
constexpr int kProductChunk = 128;

constexpr int kLanes = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

/// 2^k for -126 <= k <= 127.
__device__ inline float pow2(int k) { return __int_as_float((k + 127) << 23); }

/// e^x = 2^k * e^r with k = rint(x * log2(e)) and r = x - k*log(2), |r| <= log(2)/2; then
/// e^r = 1 + r + r*r*P(r). Largest error over all inputs: see tools.UlpScan. exp(0) = 1 exactly.
///
/// x * log2(e) is rounded by adding 1.5 * 2^23: k then stands in the low bits of the sum, and no
/// float is ever converted to an integer. log(2) is split so that k times its high part is exact
/// (15 + 8 bits). P is fitted by tools.FitPolynomials.
__device__ inline float exp(float x) {
  // Beyond these e^x is Inf or 0, as it is at them: log(2^128) = 88.72.., log(2^-150) = -103.97..
  const float y = fmaxf(fminf(x, 89.0f), -104.0f);
  const float shift = 0x1.8p23f;
  float shifted = fmaf(y, 0x1.715476p0f, shift);
  int k = __float_as_int(shifted) - __float_as_int(shift);
  float n = shifted - shift;
  float r = fmaf(n, -0x1.62e4p-1f, y);
  r = fmaf(n, -0x1.7f7d1cp-20f, r);
  float p = 0x1.697b94p-10f;
  p = fmaf(p, r, 0x1.12398p-7f);
  p = fmaf(p, r, 0x1.5559fep-5f);
  p = fmaf(p, r, 0x1.555492p-3f);
  p = fmaf(p, r, 0x1.fffffap-2f);
  p = fmaf(p, r, 1.0f);
  p = fmaf(p, r, 1.0f);
  int half = k >> 1;  // in two steps, because 2^k itself may overflow or be subnormal;
  p = p * pow2(half) * pow2(k - half);  // the first is exact, so there is one rounding
  return isnan(x) ? x : p;
}

/// log(x) = k*log(2) + log1p(f) with x = 2^k * (1 + f), -1/3 <= f < 1/3; then
/// log1p(f) = f + f*f*P(f). Largest error over all inputs: see tools.UlpScan. log(1) = 0 exactly.
/// P is fitted by tools.FitPolynomials.
__device__ inline float log(float x) {
  if (isnan(x) || x < 0.0f) return __int_as_float(0x7fc00000);
  if (x == 0.0f) return __int_as_float(0xff800000);
  if (x == __int_as_float(0x7f800000)) return x;
  int k = 0;
  if (x < 0x1p-126f) {  // subnormal
    x = x * 0x1p23f;
    k = -23;
  }
  int bits = __float_as_int(x);
  int exponent = (bits - 0x3f2aaaab) >> 23;  // 0x3f2aaaab is 2/3: 1 + f is in [2/3, 4/3)
  k = k + exponent;
  float f = __int_as_float(bits - (exponent << 23)) - 1.0f;
  float s = f * f;
  float p = -0x1.09ee78p-3f;
  p = fmaf(p, f, 0x1.1d7cb6p-3f);
  p = fmaf(p, f, -0x1.f24fc2p-4f);
  p = fmaf(p, f, 0x1.1f096ep-3f);
  p = fmaf(p, f, -0x1.55a408p-3f);
  p = fmaf(p, f, 0x1.99ccep-3f);
  p = fmaf(p, f, -0x1.fffec8p-3f);
  p = fmaf(p, f, 0x1.555512p-2f);
  p = fmaf(p, f, -0x1.0p-1f);
  p = fmaf(p, s, f);
  return fmaf(static_cast<float>(k), 0x1.62e43p-1f, p);
}

/// The logs of half the smallest subnormal and of the largest number: beyond them exp is 0 and infinite.
constexpr double kExpLeast = -0x1.74910d52d3051p9;
constexpr double kExpMost = 0x1.62e42fefa39efp9;

/// log(2) in two parts; k * kLn2Hi is exact for every exponent k.
constexpr double kLn2Hi = 0x1.62e42feep-1;
constexpr double kLn2Lo = 0x1.a39ef35793c76p-33;

/// 2^k for -1022 <= k <= 1023.
__device__ inline double pow2_double(int k) {
  return __longlong_as_double(static_cast<long long>(k + 1023) << 52);
}

/// e^x as fdlibm's e_exp.c computes it (Sun Microsystems, 1993; www.netlib.org/fdlibm), bit for
/// bit, hence equal to Java's StrictMath.exp. x = k*log(2) + r, |r| <= log(2)/2; with
/// c = r - r*r*P(r*r), e^r = 1 + r + r*c/(2 - c).
__device__ inline double exp(double x) {
  if (isnan(x)) return x;
  if (x > kExpMost) return __longlong_as_double(0x7ff0000000000000);
  if (x < kExpLeast) return 0.0;
  if (fabs(x) < 0x1p-28) return 1.0 + x;
  int k = 0;
  if (fabs(x) >= 0x1.62e43p-2) {  // log(2)/2
    k = static_cast<int>(0x1.71547652b82fep0 * x + copysign(0.5, x));  // |x| < 746: in range
  }
  double n = static_cast<double>(k);
  double hi = x - n * kLn2Hi;
  double lo = n * kLn2Lo;
  double r = hi - lo;
  double t = r * r;
  double p = 0x1.6376972bea4dp-25;
  p = p * t + -0x1.bbd41c5d26bf1p-20;
  p = p * t + 0x1.1566aaf25de2cp-14;
  p = p * t + -0x1.6c16c16bebd93p-9;
  p = p * t + 0x1.555555555553ep-3;
  double c = r - t * p;
  double y = 1.0 - ((lo - r * c / (2.0 - c)) - hi);
  int half = k >> 1;
  return y * pow2_double(half) * pow2_double(k - half);
}

/// log(x) as fdlibm's e_log.c computes it, bit for bit, hence equal to Java's StrictMath.log.
/// x = 2^k * m with m = 1 + f in [sqrt(1/2), sqrt(2)); with s = f/(2 + f) and h = f*f/2,
/// log(m) = f - s*(f - R(s*s)) = f - (h - s*(h + R(s*s))); the second is used where f is large.
__device__ inline double log(double x) {
  if (isnan(x) || x < 0.0) return __longlong_as_double(0x7ff8000000000000);
  if (x == 0.0) return __longlong_as_double(0xfff0000000000000);
  if (x == __longlong_as_double(0x7ff0000000000000)) return x;
  int k = 0;
  if (x < 0x1p-1022) {  // subnormal
    x = x * 0x1p54;
    k = -54;
  }
  long long bits = __double_as_longlong(x);
  long long exponent = (bits - 0x3fe6a09c00000000) >> 52;  // sqrt(1/2), to 21 bits
  double m = __longlong_as_double(bits - (exponent << 52));
  double n = static_cast<double>(k + static_cast<int>(exponent));
  double f = m - 1.0;
  if (f >= -0x1p-20 && f < 0x1p-20) {
    double r = f * f * (0.5 - 0x1.5555555555555p-2 * f);
    return n * kLn2Hi - ((r - n * kLn2Lo) - f);
  }
  double s = f / (2.0 + f);
  double z = s * s;
  double w = z * z;
  double even = 0x1.39a09d078c69fp-3;
  even = even * w + 0x1.c71c51d8e78afp-3;
  even = even * w + 0x1.999999997fa04p-2;
  double odd = 0x1.2f112df3e5244p-3;
  odd = odd * w + 0x1.7466496cb03dep-3;
  odd = odd * w + 0x1.2492494229359p-2;
  odd = odd * w + 0x1.5555555555593p-1;
  double r = odd * z + even * w;
  if (m >= 0x1.6147ap0 || m < 0x1.6b852p-1) {
    double h = 0.5 * f * f;
    return n * kLn2Hi - ((h - (s * (h + r) + n * kLn2Lo)) - f);
  }
  return n * kLn2Hi - ((s * (f - r) - n * kLn2Lo) - f);
}

// bf16: the upper half of a binary32. Storage only; everything is computed in binary32.

struct Bf16 {
  unsigned short bits;
};

__device__ inline float widen(Bf16 x) { return __int_as_float(x.bits << 16); }

// binary16, for rows of data. Its exponent is 112 less than that of a binary32 with the same bits.
struct Half {
  unsigned short bits;
};

__device__ inline float widen(Half x) {
  const int bits = x.bits << 16;  // the software driver compares no numbers of 16 bits
  const float size = __int_as_float((bits & 0x7fffffff) >> 3);
  const float value = size < 0x1p-96f ? size * 0x1p112f : __int_as_float(__float_as_int(size) | 0x7f800000);
  return copysignf(value, __int_as_float(bits));
}

/// x rounded to bf16: to nearest even, or where it is stochastic, up in its last place with a probability that is x's
/// distance from the lower neighbour, by the upper 16 of these random bits; a finite number then stays finite.
__device__ inline Bf16 bf16(float x, bool stochastic, uint32_t random) {
  // First, because the sum below would turn some NaNs into numbers.
  if (isnan(x)) return {0x7fc0};
  const uint32_t bits = static_cast<uint32_t>(__float_as_int(x));
  const uint32_t addend = stochastic ? random >> 16 : 0x7fff + ((bits >> 16) & 1);
  uint32_t rounded = (bits + addend) >> 16;
  if (stochastic && isfinite(x) && (rounded & 0x7fff) == 0x7f80) rounded--;
  return {static_cast<unsigned short>(rounded)};
}

struct Block {
  uint32_t at[4];
};

/// Philox4x32-10's block of a 128-bit counter under a key. The twin is org.thalweg.numeric.Philox.
/// Source: Salmon, Moraes, Dror, Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
__device__ inline Block philox(uint64_t key, uint64_t low, uint64_t high) {
  uint32_t c0 = static_cast<uint32_t>(low), c1 = static_cast<uint32_t>(low >> 32);
  uint32_t c2 = static_cast<uint32_t>(high), c3 = static_cast<uint32_t>(high >> 32);
  uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
#pragma unroll 1  // it stands in every kernel that rounds to bf16
  for (int round = 0; round < 10; round++) {
    const uint64_t product0 = uint64_t{0xd2511f53} * c0;
    const uint64_t product1 = uint64_t{0xcd9e8d57} * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ key0;
    c1 = static_cast<uint32_t>(product1);
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ key1;
    c3 = static_cast<uint32_t>(product0);
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  return {c0, c1, c2, c3};
}

// Sums. Every function below is called by all 32 lanes of a warp with the same arguments, in a
// one-dimensional block whose size is a multiple of 32; every lane returns the result.

/// This thread's place in its warp.
__device__ inline int lane() { return static_cast<int>(threadIdx.x % kLanes); }

/// The sum of the lanes' x: x += x of lane^16, ^8, ^4, ^2, ^1.
template <typename T>
__device__ T butterfly(T x) {
  x += __shfl_xor_sync(kAllLanes, x, 16);
  x += __shfl_xor_sync(kAllLanes, x, 8);
  x += __shfl_xor_sync(kAllLanes, x, 4);
  x += __shfl_xor_sync(kAllLanes, x, 2);
  x += __shfl_xor_sync(kAllLanes, x, 1);
  return x;
}

/// A sum of n elements in the canonical order, 0 <= n <= kChunk: lane i adds those of i, i+32, .. to +0, by
/// add(partial, i); then the butterfly.
template <typename T, typename Add>
__device__ T chunk_added(int n, Add add) {
  T partial = 0;
  if (n == kChunk) {  // unrolled, so that 32 loads are on their way before the first is added
#pragma unroll
    for (int k = 0; k < kChunk; k += kLanes) partial = add(partial, k + lane());
  } else {
    for (int i = lane(); i < n; i += kLanes) partial = add(partial, i);
  }
  return butterfly(partial);
}

/// f(0) + .. + f(n-1) in that order.
template <typename T, typename Element>
__device__ T chunk_sum(int n, Element f) {
  return chunk_added<T>(n, [&](T partial, int i) { return partial + f(i); });
}

/// partial + x*y, each rounded to binary64. The product of two numbers of binary32 is exact, so that one fma does both:
/// half as many operations where binary64 is slow.
template <typename T>
__device__ inline double add_product(double partial, T x, T y) {
  if constexpr (sizeof(T) < sizeof(double)) {
    return fma(static_cast<double>(x), static_cast<double>(y), partial);
  } else {
    return partial + x * y;
  }
}

/// The sum of f over [from, from+n) by kLevels levels of chunks: n <= kChunk^kLevels. A level that
/// has one chunk only leaves its value as it is, because x + 0 = x and no partial is ever -0.
template <int kLevels, typename T, typename Element>
__device__ T nested_sum(int64_t from, int64_t n, Element f) {
  if constexpr (kLevels == 1) {
    return chunk_sum<T>(static_cast<int>(n), [&](int i) { return f(from + i); });
  } else {
    constexpr int64_t kSize = kLevels == 2 ? kChunk : static_cast<int64_t>(kChunk) * kChunk;
    T partial = 0;
    for (int64_t at = 0, c = 0; at < n; at += kSize, c++) {
      T sum = nested_sum<kLevels - 1, T>(from + at, n - at < kSize ? n - at : kSize, f);
      if (c % kLanes == lane()) partial += sum;
    }
    return butterfly(partial);
  }
}

/// f(0) + .. + f(n-1) in the canonical order, 0 <= n <= 2^30: chunks of kChunk elements, whose
/// results are summed by the same rule, and theirs. Each f(i), i an int64_t, is called once, by any
/// lane.
template <typename T, typename Element>
__device__ T sum(int64_t n, Element f) {
  return nested_sum<3, T>(0, n, f);
}

/// sum(n, f) by a whole block, 0 <= n <= 2^30: the same bits, the chunks shared out among the warps.
/// All threads call it with the same arguments; every thread returns the result. f is called once
/// for each i, by any thread. `chunks` is shared memory for kChunk numbers, free again on return.
template <typename T, typename Element>
__device__ T block_sum(int64_t n, Element f, T* chunks) {
  constexpr int64_t kStretch = static_cast<int64_t>(kChunk) * kChunk;  // fills `chunks`
  T partial = 0;
  for (int64_t at = 0, c = 0; at < n; at += kStretch, c++) {
    const int64_t left = n - at < kStretch ? n - at : kStretch;
    const int count = static_cast<int>((left + kChunk - 1) / kChunk);
    for (int i = threadIdx.x / kLanes; i < count; i += blockDim.x / kLanes) {
      const int64_t from = static_cast<int64_t>(i) * kChunk;
      const T sum = nested_sum<1, T>(at + from, left - from < kChunk ? left - from : kChunk, f);
      if (lane() == 0) chunks[i] = sum;
    }
    __syncthreads();
    const T sum = chunk_sum<T>(count, [=](int i) { return chunks[i]; });
    if (c % kLanes == lane()) partial += sum;
    __syncthreads();
  }
  return butterfly(partial);
}

}  // namespace exact
