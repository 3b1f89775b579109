// The lane loop: one instruction for all lanes of a warp.
//
// The files that include this are compiled once for each THALWEG_ISA (see the Makefile), each into a namespace of its
// own. They call no inline function of the standard library: the linker would keep one copy of it, perhaps the one
// with instructions that this processor lacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "simt/table.h"
#include "simt/warp.h"

namespace thalweg::THALWEG_ISA {

template <class T> T* lanes(const Warp& warp, uint32_t slot) { return reinterpret_cast<T*>(warp.registers + slot); }

// An operand that is read: indexed by lane.
template <class T> struct Source {
  Source(const Warp& warp, uint32_t slot) : at(lanes<T>(warp, slot)) {}
  T operator[](uint32_t lane) const { return at[lane]; }
  const T* at;
};

template <> struct Source<bool> {
  Source(const Warp& warp, uint32_t slot) : mask(*lanes<Mask>(warp, slot)) {}
  bool operator[](uint32_t lane) const { return (mask >> lane & 1) != 0; }
  Mask mask;
};

template <class T> void write(const Warp& warp, uint32_t slot, const T (&value)[kLanes], Mask active) {
  T* out = lanes<T>(warp, slot);
  if (active == kAllLanes) {
    for (uint32_t l = 0; l < kLanes; ++l) out[l] = value[l];
  } else {
    for (uint32_t l = 0; l < kLanes; ++l) out[l] = (active >> l & 1) != 0 ? value[l] : out[l];
  }
}

inline void write_mask(const Warp& warp, uint32_t slot, Mask value, Mask active) {
  Mask& out = *lanes<Mask>(warp, slot);
  out = (out & ~active) | (value & active);
}

inline void write(const Warp& warp, uint32_t slot, const bool (&value)[kLanes], Mask active) {
  Mask mask = 0;
  for (uint32_t l = 0; l < kLanes; ++l) mask |= Mask{value[l]} << l;
  write_mask(warp, slot, mask, active);
}

template <class T> constexpr char operand() {
  return std::is_same_v<T, bool> ? 'p' : sizeof(T) == 2 ? 'h' : sizeof(T) == 4 ? 'w' : 'x';
}

// The instruction that applies a function to each lane. The function's type says what its operands are.
template <class F, class Signature = decltype(&F::operator())> struct Map;

template <class F, class D, class... S> struct Map<F, D (F::*)(S...) const> {
  static constexpr char kOperands[] = {operand<D>(), operand<S>()..., '\0'};
  static inline const F* function = nullptr;  // of a lambda without captures: nothing is read through it

  static void execute(Warp& warp, const Instruction& i, Mask active) {
    run(warp, i, active, std::index_sequence_for<S...>());
  }

  template <size_t... k> static void run(Warp& warp, const Instruction& i, Mask active, std::index_sequence<k...>) {
    loop(warp, i, active, Source<S>(warp, i.slot[k + 1])...);
  }

  static void loop(Warp& warp, const Instruction& i, Mask active, Source<S>... source) {
    D value[kLanes];  // not written in place: a destination that is also a source would keep the loop from vectorising
    for (uint32_t l = 0; l < kLanes; ++l) value[l] = (*function)(source[l]...);
    write(warp, i.slot[0], value, active);
  }
};

// `operands` is given where the text braces some of them.
template <class F>
void add(Table& table, const char* stem, const char* type, const F& function, const char* operands = nullptr) {
  Map<F>::function = &function;
  table.add({stem, type}, operands != nullptr ? operands : Map<F>::kOperands, Map<F>::execute);
}

// PTX: where the result of an f32 operation is a NaN it is 0x7fffffff. Of f64 it leaves the payload open; ours is
// Java's.
inline float canonical(float x) { return x == x ? x : __builtin_nanf("0x3fffff"); }
inline double canonical(double x) { return x == x ? x : __builtin_nan(""); }

// One for each file of instructions.
void add_arithmetic(Table& table);
void add_approximate(Table& table);
void add_integer(Table& table);
void add_logic(Table& table);
void add_compare(Table& table);
void add_convert(Table& table);
void add_move(Table& table);
void add_access(Table& table);
void add_warp_wide(Table& table);
void add_control(Table& table);

void add_all(Table& table);

}  // namespace thalweg::THALWEG_ISA
