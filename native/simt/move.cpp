// mov and cvta.
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

template <class T> void add_mov(Table& t, const char* type) {
  add(t, "mov.", type, [](T a) { return a; });
}

// mov.b64 {low, high}, a
void unpack(Warp& warp, const Instruction& i, Mask active) {
  const Source<uint64_t> a(warp, i.slot[2]);
  uint32_t low[kLanes], high[kLanes];
  for (uint32_t l = 0; l < kLanes; ++l) {
    low[l] = static_cast<uint32_t>(a[l]);
    high[l] = static_cast<uint32_t>(a[l] >> 32);
  }
  write(warp, i.slot[0], low, active);
  write(warp, i.slot[1], high, active);
}

}  // namespace

void add_move(Table& t) {
  for (const char* type : {"b16", "u16", "s16"}) add_mov<uint16_t>(t, type);
  for (const char* type : {"b32", "u32", "s32", "f32"}) add_mov<uint32_t>(t, type);
  for (const char* type : {"b64", "u64", "s64", "f64"}) add_mov<uint64_t>(t, type);
  t.add({"mov.b64"}, "{ww}x", unpack);
  add(
      t, "mov.", "b64", [](uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }, "x{ww}");
  // Generic addresses of global memory are its addresses.
  add(t, "cvta.to.global.", "u64", [](uint64_t a) { return a; });
}

}  // namespace thalweg::THALWEG_ISA
