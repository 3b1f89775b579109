// add sub neg mul mad div rem min max on 32 and 64 bits, where results wrap; mul.hi, mul.wide.
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

template <class T> void add_type(Table& t, const char* type) {
  using U = std::make_unsigned_t<T>;  // C++ leaves signed overflow undefined
  add(t, "add.", type, [](U a, U b) { return a + b; });
  add(t, "sub.", type, [](U a, U b) { return a - b; });
  add(t, "mul.lo.", type, [](U a, U b) { return a * b; });
  add(t, "mad.lo.", type, [](U a, U b, U c) { return a * b + c; });
  add(t, "min.", type, [](T a, T b) { return a < b ? a : b; });
  add(t, "max.", type, [](T a, T b) { return a > b ? a : b; });
  if (std::is_signed_v<T>) add(t, "neg.", type, [](U a) { return U{0} - a; });
  // Division by zero is unspecified; GPUs give all ones. The smallest number divided by -1 wraps.
  add(t, "div.", type, [](T a, T b) -> T {
    if (std::is_signed_v<T> && b == T(-1)) return static_cast<T>(U{0} - static_cast<U>(a));
    return b == 0 ? T(-1) : a / b;
  });
  add(t, "rem.", type, [](T a, T b) -> T {
    if (std::is_signed_v<T> && b == T(-1)) return 0;
    return b == 0 ? a : a % b;
  });
}

}  // namespace

void add_integer(Table& t) {
  add_type<int32_t>(t, "s32");
  add_type<uint32_t>(t, "u32");
  add_type<int64_t>(t, "s64");
  add_type<uint64_t>(t, "u64");
  add(t, "mul.wide.", "s32", [](int32_t a, int32_t b) { return int64_t{a} * b; });
  add(t, "mul.wide.", "u16", [](uint16_t a, uint16_t b) { return uint32_t{a} * b; });
  add(t, "mul.hi.", "s32", [](int32_t a, int32_t b) { return static_cast<int32_t>(int64_t{a} * b >> 32); });
  add(t, "mul.wide.", "u32", [](uint32_t a, uint32_t b) { return uint64_t{a} * b; });
}

}  // namespace thalweg::THALWEG_ISA
