// ld and st: the one place where kernels touch memory.
#include "simt/fault.h"
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

// What an access asks of the shadow of each of its bytes.
constexpr uint8_t kNeeded[] = {kReadable, kAllocated};  // load, store

void addresses(const Warp& warp, const Instruction& i, uint32_t slot, uint64_t (&address)[kLanes]) {
  const auto offset = static_cast<uint64_t>(i.offset);
  if (i.narrow_address) {
    const Source<uint32_t> base(warp, slot);
    for (uint32_t l = 0; l < kLanes; ++l) address[l] = static_cast<uint32_t>(base[l] + offset);
  } else {
    const Source<uint64_t> base(warp, slot);
    for (uint32_t l = 0; l < kLanes; ++l) address[l] = base[l] + offset;
  }
}

template <bool kStore> bool allowed(const Window& window, uint64_t offset, uint64_t size) {
  if (offset >= window.size || size > window.size - offset) return false;
  uint8_t common = kReadable;
  for (uint64_t k = 0; k < size; ++k) common = static_cast<uint8_t>(common & window.shadow[offset + k]);
  return (common & kNeeded[kStore]) == kNeeded[kStore];
}

// Lane l accesses the kBytes after those of lane l - 1: the whole warp can be checked and moved at once.
template <uint32_t kBytes> bool consecutive(const uint64_t (&address)[kLanes]) {
  uint64_t difference = address[0] % kBytes;
  for (uint32_t l = 0; l < kLanes; ++l) difference |= address[l] ^ (address[0] + l * kBytes);
  return difference == 0;
}

// Checks the access of one lane and returns its bytes.
template <Space kSpace, uint32_t kBytes, bool kStore>
uint8_t* access(const Warp& warp, const Instruction& i, uint32_t lane, uint64_t address) {
  const Window& window = warp.block->window[kSpace];
  const uint64_t offset = address - window.first;
  if (address % kBytes != 0 || !allowed<kStore>(window, offset, kBytes)) {
    access_fault(warp, i, lane, kSpace, address, kBytes, kStore);
  }
  if (kStore) __builtin_memset(window.shadow + offset, kReadable, kBytes);
  return window.data + offset;
}

// Registers may be wider than what is loaded or stored: loads extend, stores take the low bytes.
template <class R, class T> void extend(const Warp& warp, uint32_t slot, const T (&value)[kLanes], Mask active) {
  R extended[kLanes];
  for (uint32_t l = 0; l < kLanes; ++l) extended[l] = static_cast<R>(value[l]);
  write(warp, slot, extended, active);
}

template <class T>
void put(const Warp& warp, const Instruction& i, uint32_t slot, const T (&value)[kLanes], Mask active) {
  if (i.width == sizeof(T)) return write(warp, slot, value, active);
  if (i.width == 2) return extend<uint16_t>(warp, slot, value, active);
  if (i.width == 4) return extend<uint32_t>(warp, slot, value, active);
  extend<uint64_t>(warp, slot, value, active);
}

template <class T> T get(const Warp& warp, const Instruction& i, uint32_t slot, uint32_t lane) {
  T value;
  __builtin_memcpy(&value, warp.registers + slot + lane * i.width, sizeof value);  // little-endian
  return value;
}

template <Space kSpace, class T, uint32_t kVector> void load(Warp& warp, const Instruction& i, Mask active) {
  constexpr uint32_t kBytes = sizeof(T) * kVector;
  const Window& window = warp.block->window[kSpace];
  uint64_t address[kLanes];
  addresses(warp, i, i.slot[kVector], address);
  T value[kVector][kLanes] = {};
  const uint64_t first = address[0] - window.first;
  if (active == kAllLanes && consecutive<kBytes>(address) && allowed<false>(window, first, kLanes * kBytes)) {
    const T* from = reinterpret_cast<const T*>(window.data + first);
    for (uint32_t l = 0; l < kLanes; ++l) {
      for (uint32_t v = 0; v < kVector; ++v) value[v][l] = from[l * kVector + v];
    }
  } else {
    for (Mask rest = active; rest != 0; rest &= rest - 1) {
      const auto l = static_cast<uint32_t>(__builtin_ctz(rest));
      const T* from = reinterpret_cast<const T*>(access<kSpace, kBytes, false>(warp, i, l, address[l]));
      for (uint32_t v = 0; v < kVector; ++v) value[v][l] = from[v];
    }
  }
  for (uint32_t v = 0; v < kVector; ++v) put(warp, i, i.slot[v], value[v], active);
}

template <Space kSpace, class T, uint32_t kVector> void store(Warp& warp, const Instruction& i, Mask active) {
  constexpr uint32_t kBytes = sizeof(T) * kVector;
  const Window& window = warp.block->window[kSpace];
  uint64_t address[kLanes];
  addresses(warp, i, i.slot[0], address);
  const uint64_t first = address[0] - window.first;
  if (active == kAllLanes && consecutive<kBytes>(address) && allowed<true>(window, first, kLanes * kBytes)) {
    __builtin_memset(window.shadow + first, kReadable, kLanes * kBytes);
    T* to = reinterpret_cast<T*>(window.data + first);
    for (uint32_t l = 0; l < kLanes; ++l) {
      for (uint32_t v = 0; v < kVector; ++v) to[l * kVector + v] = get<T>(warp, i, i.slot[v + 1], l);
    }
  } else {
    for (Mask rest = active; rest != 0; rest &= rest - 1) {
      const auto l = static_cast<uint32_t>(__builtin_ctz(rest));
      T* to = reinterpret_cast<T*>(access<kSpace, kBytes, true>(warp, i, l, address[l]));
      for (uint32_t v = 0; v < kVector; ++v) to[v] = get<T>(warp, i, i.slot[v + 1], l);
    }
  }
}

template <Space kSpace, class T> void add_type(Table& t, const char* space, const char* type) {
  t.add({"ld", space, ".", type}, "n[a]", load<kSpace, T, 1>);
  t.add({"ld", space, ".v2.", type}, "{nn}[a]", load<kSpace, T, 2>);
  if (sizeof(T) < 8) t.add({"ld", space, ".v4.", type}, "{nnnn}[a]", load<kSpace, T, 4>);
  if (kSpace == kParameter) return;
  t.add({"st", space, ".", type}, "[a]n", store<kSpace, T, 1>);
  t.add({"st", space, ".v2.", type}, "[a]{nn}", store<kSpace, T, 2>);
  if (sizeof(T) < 8) t.add({"st", space, ".v4.", type}, "[a]{nnnn}", store<kSpace, T, 4>);
}

template <Space kSpace> void add_space(Table& t, const char* space) {
  add_type<kSpace, uint8_t>(t, space, "u8");
  for (const char* type : {"u32", "s32", "b32", "f32"}) add_type<kSpace, uint32_t>(t, space, type);
  for (const char* type : {"u64", "s64", "b64", "f64"}) add_type<kSpace, uint64_t>(t, space, type);
}

}  // namespace

void add_access(Table& t) {
  add_space<kGlobal>(t, "");  // generic addresses: those of global memory; none of ours point elsewhere
  add_space<kGlobal>(t, ".global");
  add_space<kShared>(t, ".shared");
  add_space<kParameter>(t, ".param");
}

}  // namespace thalweg::THALWEG_ISA
