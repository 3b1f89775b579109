// cvt.
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

// Between integers by truncation or extension; from an integer to the nearest float.
template <class D, class S> void add_cast(Table& t, const char* types) {
  add(t, "cvt.", types, [](S a) { return static_cast<D>(a); });
}

// Rounded to zero, then saturated. A NaN gives 0 from f32, the smallest integer from f64.
template <class S> void add_to_integer(Table& t, const char* types) {
  add(t, "cvt.rzi.", types, [](S a) -> int32_t {
    if (a != a) return sizeof(S) == 4 ? 0 : INT32_MIN;
    if (a >= S(2147483648)) return INT32_MAX;
    return a <= S(-2147483648) ? INT32_MIN : static_cast<int32_t>(a);
  });
}

}  // namespace

void add_convert(Table& t) {
  add_cast<uint32_t, uint64_t>(t, "u32.u64");
  add_cast<uint16_t, uint32_t>(t, "u16.u32");
  add_cast<uint32_t, uint16_t>(t, "u32.u16");
  add_cast<uint64_t, uint16_t>(t, "u64.u16");
  add_cast<uint64_t, uint32_t>(t, "u64.u32");
  add_cast<int64_t, int32_t>(t, "s64.s32");
  add_cast<float, uint16_t>(t, "rn.f32.u16");
  add_cast<float, int32_t>(t, "rn.f32.s32");
  add_cast<float, uint32_t>(t, "rn.f32.u32");
  add_cast<double, uint16_t>(t, "rn.f64.u16");
  add_cast<double, int32_t>(t, "rn.f64.s32");
  add_cast<double, uint32_t>(t, "rn.f64.u32");
  add(t, "cvt.", "s32.s8", [](uint32_t a) -> int32_t { return static_cast<int8_t>(a); });
  add(t, "cvt.", "rn.f32.f64", [](double a) { return canonical(static_cast<float>(a)); });
  add(t, "cvt.", "f64.f32", [](float a) { return canonical(static_cast<double>(a)); });
  add(t, "cvt.", "rni.f32.f32", [](float a) { return canonical(__builtin_rintf(a)); });
  add(t, "cvt.", "rzi.f32.f32", [](float a) { return canonical(__builtin_truncf(a)); });
  add(t, "cvt.", "rmi.f32.f32", [](float a) { return canonical(__builtin_floorf(a)); });
  add(t, "cvt.", "sat.f32.f32", [](float a) { return a > 1 ? 1 : a > 0 ? a : 0; });  // a NaN gives 0
  add_to_integer<float>(t, "s32.f32");
  add_to_integer<double>(t, "s32.f64");
}

}  // namespace thalweg::THALWEG_ISA
