// Accesses of 16 bytes, and of fewer for shorter types.
#pragma once

// kWidth neighbours that move in one access, or 16 bytes an access.
template <typename T, int kCount = 16 / sizeof(T)>
struct alignas(kCount * sizeof(T) < 16 ? kCount * sizeof(T) : 16) Vector {
  static constexpr int kWidth = kCount;
  T at[kCount];
};

template <typename T, int kCount = 16 / sizeof(T)>
__device__ __forceinline__ Vector<T, kCount> load(const T* p) {
  return *reinterpret_cast<const Vector<T, kCount>*>(p);
}

template <typename T, int kCount>
__device__ __forceinline__ void store(T* p, const Vector<T, kCount>& v) {
  *reinterpret_cast<Vector<T, kCount>*>(p) = v;
}
