// setp and selp.
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

template <class T> void add_equal(Table& t, const char* type) {
  add(t, "setp.eq.", type, [](T a, T b) { return a == b; });
  add(t, "setp.ne.", type, [](T a, T b) { return a < b || a > b; });  // a NaN is not unequal
}

template <class T> void add_ordered(Table& t, const char* type) {
  add_equal<T>(t, type);
  add(t, "setp.lt.", type, [](T a, T b) { return a < b; });
  add(t, "setp.le.", type, [](T a, T b) { return a <= b; });
  add(t, "setp.gt.", type, [](T a, T b) { return a > b; });
  add(t, "setp.ge.", type, [](T a, T b) { return a >= b; });
}

// The same, and true where an operand is a NaN.
template <class T> void add_unordered(Table& t, const char* type) {
  add(t, "setp.equ.", type, [](T a, T b) { return !(a < b || a > b); });
  add(t, "setp.neu.", type, [](T a, T b) { return !(a == b); });
  add(t, "setp.ltu.", type, [](T a, T b) { return !(a >= b); });
  add(t, "setp.leu.", type, [](T a, T b) { return !(a > b); });
  add(t, "setp.gtu.", type, [](T a, T b) { return !(a <= b); });
  add(t, "setp.geu.", type, [](T a, T b) { return !(a < b); });
}

template <class T> void add_select(Table& t, const char* type) {
  add(t, "selp.", type, [](T a, T b, bool p) { return p ? a : b; });
}

}  // namespace

void add_compare(Table& table) {
  add_equal<uint32_t>(table, "b32");
  add_equal<uint64_t>(table, "b64");
  add_ordered<int16_t>(table, "s16");
  add_ordered<int32_t>(table, "s32");
  add_ordered<uint32_t>(table, "u32");
  add_ordered<int64_t>(table, "s64");
  add_ordered<uint64_t>(table, "u64");
  add_ordered<float>(table, "f32");
  add_ordered<double>(table, "f64");
  add_unordered<float>(table, "f32");
  add_unordered<double>(table, "f64");
  for (const char* type : {"b16", "u16", "s16"}) add_select<uint16_t>(table, type);
  for (const char* type : {"b32", "u32", "s32", "f32"}) add_select<uint32_t>(table, type);
  for (const char* type : {"b64", "u64", "s64", "f64"}) add_select<uint64_t>(table, type);
}

}  // namespace thalweg::THALWEG_ISA
