// and or xor not shl shr bfi popc clz on bits; some of them on predicates.
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

template <class T> void add_type(Table& t, const char* type) {
  add(t, "and.", type, [](T a, T b) { return static_cast<T>(a & b); });
  add(t, "or.", type, [](T a, T b) { return static_cast<T>(a | b); });
  add(t, "xor.", type, [](T a, T b) { return static_cast<T>(a ^ b); });
  add(t, "not.", type, [](T a) { return static_cast<T>(a ^ static_cast<T>(-1)); });
}

// Shifts by the width or more leave nothing, or the sign.
template <class U> U left(U a, uint32_t n) { return n < 8 * sizeof(U) ? a << n : 0; }

template <class T> T right(T a, uint32_t n) {
  constexpr uint32_t kLast = 8 * sizeof(T) - 1;
  return n <= kLast ? a >> n : std::is_signed_v<T> ? a >> kLast : 0;
}

// bfi: the low bits of a replace a field of b.
template <class U> void add_insert(Table& t, const char* type) {
  add(t, "bfi.", type, [](U a, U b, uint32_t position, uint32_t length) {
    constexpr U kOne = 1;
    const U low = static_cast<U>(left(kOne, length & 0xff) - kOne);  // all ones where the length is the width or more
    const U field = left(low, position & 0xff);
    return static_cast<U>((b & ~field) | (left(a, position & 0xff) & field));
  });
}

}  // namespace

void add_logic(Table& t) {
  add_type<bool>(t, "pred");
  add_type<uint16_t>(t, "b16");
  add_type<uint32_t>(t, "b32");
  add_type<uint64_t>(t, "b64");
  add(t, "shl.", "b32", [](uint32_t a, uint32_t n) { return left(a, n); });
  add(t, "shl.", "b64", [](uint64_t a, uint32_t n) { return left(a, n); });
  add(t, "shr.", "u32", [](uint32_t a, uint32_t n) { return right(a, n); });
  add(t, "shr.", "s32", [](int32_t a, uint32_t n) { return right(a, n); });
  add(t, "shr.", "u64", [](uint64_t a, uint32_t n) { return right(a, n); });
  add(t, "shr.", "s64", [](int64_t a, uint32_t n) { return right(a, n); });
  add(t, "popc.", "b32", [](uint32_t a) { return static_cast<uint32_t>(__builtin_popcount(a)); });
  add(t, "clz.", "b32", [](uint32_t a) { return a == 0 ? 32 : static_cast<uint32_t>(__builtin_clz(a)); });
  add_insert<uint32_t>(t, "b32");
  add_insert<uint64_t>(t, "b64");
}

}  // namespace thalweg::THALWEG_ISA
