// and or xor not shl shr bfi on bits, and on predicates.
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
  // The low bits of a replace a field of b.
  add(t, "bfi.", "b32", [](uint32_t a, uint32_t b, uint32_t position, uint32_t length) {
    const uint32_t low = (length & 0xff) < 32 ? (1u << (length & 0x1f)) - 1 : ~0u;
    const uint32_t field = left(low, position & 0xff);
    return (b & ~field) | (left(a, position & 0xff) & field);
  });
}

}  // namespace thalweg::THALWEG_ISA
