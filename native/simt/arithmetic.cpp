// add sub mul fma div sqrt abs neg copysign min max on f32 and f64, rounded to nearest even; fma.rm rounds down.
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }
float root(float a) { return __builtin_sqrtf(a); }
double root(double a) { return __builtin_sqrt(a); }
float absolute(float a) { return __builtin_fabsf(a); }
double absolute(double a) { return __builtin_fabs(a); }
float with_sign(float a, float sign) { return __builtin_copysignf(a, sign); }
double with_sign(double a, double sign) { return __builtin_copysign(a, sign); }

// The smaller, or larger, of two numbers. A NaN is dropped; -0 is below +0.
template <class T, bool kLarger> T extreme(T a, T b) {
  const bool first = a == b ? (with_sign(T{1}, a) < 0) != kLarger : (a < b) != kLarger;
  return a != a ? canonical(b) : b != b || first ? a : b;
}

float next_down(float a) {
  int32_t bits;
  __builtin_memcpy(&bits, &a, sizeof bits);
  bits = a == 0 ? INT32_MIN + 1 : bits < 0 ? bits + 1 : bits - 1;
  __builtin_memcpy(&a, &bits, sizeof bits);
  return a;
}

// The largest float that is not above a * b + c. The product is exact in f64, and so is product + c = sum + error
// (Knuth's two-sum): so the nearest float of the sum is right, or the one above the right one.
float fused_down(float a, float b, float c) {
  const double product = static_cast<double>(a) * b, sum = product + c;
  const double c_part = sum - product;
  const double error = (product - (sum - c_part)) + (c - c_part);
  const float nearest = static_cast<float>(sum);
  if (sum == 0) return with_sign(1.0, product) > 0 && with_sign(1.0F, c) > 0 ? 0.0F : -0.0F;
  return nearest > sum || (nearest == sum && error < 0) ? next_down(nearest) : canonical(nearest);
}

template <class T> void add_type(Table& t, const char* type) {
  add(t, "add.rn.", type, [](T a, T b) { return canonical(a + b); });
  add(t, "sub.rn.", type, [](T a, T b) { return canonical(a - b); });
  add(t, "mul.rn.", type, [](T a, T b) { return canonical(a * b); });
  // Without .rn the compiler of a driver may contract them to fma. This one does not.
  add(t, "add.", type, [](T a, T b) { return canonical(a + b); });
  add(t, "sub.", type, [](T a, T b) { return canonical(a - b); });
  add(t, "mul.", type, [](T a, T b) { return canonical(a * b); });
  add(t, "div.rn.", type, [](T a, T b) { return canonical(a / b); });
  add(t, "fma.rn.", type, [](T a, T b, T c) { return canonical(fused(a, b, c)); });
  add(t, "sqrt.rn.", type, [](T a) { return canonical(root(a)); });
  add(t, "abs.", type, [](T a) { return absolute(a); });
  add(t, "neg.", type, [](T a) { return -a; });
  add(t, "copysign.", type, [](T sign, T a) { return with_sign(a, sign); });
  add(t, "min.", type, [](T a, T b) { return extreme<T, false>(a, b); });
  add(t, "max.", type, [](T a, T b) { return extreme<T, true>(a, b); });
}

}  // namespace

void add_arithmetic(Table& table) {
  add_type<float>(table, "f32");
  add_type<double>(table, "f64");
  add(table, "fma.rm.", "f32", [](float a, float b, float c) { return fused_down(a, b, c); });
}

}  // namespace thalweg::THALWEG_ISA
