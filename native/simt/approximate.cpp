// ex2 and rcp .approx: NVIDIA gives bounds of their error (2^-22 of ex2's value, 1 ulp of rcp's), not their bits. Ours
// are the nearest float.
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

float two_to(float a) { return canonical(static_cast<float>(__builtin_exp2(static_cast<double>(a)))); }

// .ftz: a subnormal is 0 with its sign.
float flushed(float a) { return __builtin_fabsf(a) < 0x1p-126f ? __builtin_copysignf(0, a) : a; }

}  // namespace

void add_approximate(Table& t) {
  add(t, "ex2.approx.", "f32", [](float a) { return two_to(a); });
  add(t, "ex2.approx.ftz.", "f32", [](float a) { return flushed(two_to(flushed(a))); });
  add(t, "rcp.approx.ftz.", "f32", [](float a) { return canonical(flushed(1 / flushed(a))); });
}

}  // namespace thalweg::THALWEG_ISA
