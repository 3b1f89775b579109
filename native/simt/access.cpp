// ld, st and atom: the one place where kernels touch memory.
#include "simt/counters.h"
#include "simt/fault.h"
#include "simt/grid.h"
#include "simt/lanes.h"
#include "simt/race.h"

namespace thalweg::THALWEG_ISA {
namespace {

// What an access asks of the shadow of each of its bytes.
constexpr uint8_t kNeeded[] = {kReadable, kAllocated, kReadable};  // load, store, atomic

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

template <Access kAccess> bool allowed(const Window& window, uint64_t offset, uint64_t size) {
  if (offset >= window.size || size > window.size - offset) return false;
  uint8_t common = kReadable;
  for (uint64_t k = 0; k < size; ++k) common = static_cast<uint8_t>(common & window.shadow[offset + k]);
  constexpr uint8_t kWanted = kNeeded[static_cast<int>(kAccess)];
  return (common & kWanted) == kWanted;
}

// Lane l accesses the kBytes after those of lane l - 1: the whole warp can be checked and moved at once.
template <uint32_t kBytes> bool consecutive(const uint64_t (&address)[kLanes]) {
  uint64_t difference = address[0] % kBytes;
  for (uint32_t l = 0; l < kLanes; ++l) difference |= address[l] ^ (address[0] + l * kBytes);
  return difference == 0;
}

// The first of some lanes, and those of them next to it that have its address.
Mask lanes_like(const uint64_t (&address)[kLanes], Mask lanes) {
  const auto first = static_cast<uint32_t>(__builtin_ctz(lanes));
  Mask same = Mask{1} << first;
  for (uint32_t l = first + 1; l < kLanes && address[l] == address[first]; ++l) same |= Mask{1} << l;
  return same & lanes;
}

// The window of a lane: local memory is each thread's own.
template <Space kSpace> Window window_of(const Warp& warp, uint32_t lane) {
  Window window = warp.block->window[kSpace];
  if (kSpace == kLocal) {
    const uint64_t skipped = (warp.first_thread + lane) * local_stride(warp.block->launch->kernel);
    window.data += skipped;
    window.shadow += skipped;
  }
  return window;
}

// Checks and records the access of one lane, or of several that load from one address, and returns its bytes.
template <Space kSpace, uint32_t kBytes, Access kAccess>
uint8_t* access(const Warp& warp, const Instruction& i, uint32_t lane, Mask same, uint64_t address) {
  const Window window = window_of<kSpace>(warp, lane);
  const uint64_t offset = address - window.first;
  if (address % kBytes != 0 || !allowed<kAccess>(window, offset, kBytes)) {
    access_fault(warp, i, lane, kSpace, window, address, kBytes, kAccess);
  }
  if (kAccess == Access::kAtomic) record_guarded(warp, i, same, kSpace, offset, kBytes, kAccess);
  else record(warp, i, same, kSpace, offset, kBytes, kAccess);
  if (kAccess == Access::kStore) __builtin_memset(window.shadow + offset, kReadable, kBytes);
  return window.data + offset;
}

// Whether several threads of the block, or several blocks, have read all these cells: nothing more need be recorded.
bool all_read(const BlockOrder& block, const Cell* cells, uint32_t count, Stamp oldest) {
  bool all = true;
  for (uint32_t c = 0; c < count; ++c) {
    const Stamp s = cells[c].read;
    all &= (((s & 3) == kBlock) & (s >= block.barrier) & (s >> kSerialShift == block.own >> kSerialShift)) |
           (((s & 3) == kGrid) & (s >= oldest));
  }
  return all;
}

// Records the access of a whole warp to consecutive bytes. Most often it is in order with all that the cells know.
template <Space kSpace, uint32_t kBytes, Access kAccess>
void record_consecutive(const Warp& warp, const Instruction& i, const Window& window, uint64_t first) {
  if (window.cells == nullptr) return;
  const Guard guard(warp, kSpace, first, kLanes * kBytes);
  constexpr uint32_t kCells = kBytes / 4;  // of a lane
  if (kCells == 0 || window.cell_shift != 2) {
    for (uint32_t l = 0; l < kLanes; ++l) {
      record_guarded(warp, i, Mask{1} << l, kSpace, first + l * kBytes, kBytes, kAccess);
    }
    return;
  }
  const BlockOrder& block = *warp.block->order;
  const Stamp oldest = block.oldest[kSpace], own = block.own, since = block.barrier - own;
  const Stamp *mine = warp.order->stamp, others = ~Stamp{0} >> kSerialShift << kSerialShift | ((1 << kClockShift) - 1);
  Cell* cell = window.cells + first / 4;
  // Before this block's last barrier, or of an earlier launch, or the lane's own.
  const auto before = [=](Stamp s, Stamp lane) {
    return (s < oldest) | ((s - own < since) & ((s & 3) != kGrid)) | (((s ^ lane) & others) == 0);
  };
  bool writes = true, reads = true;
  for (uint32_t l = 0; l < kLanes; ++l) {
    for (uint32_t c = l * kCells; c < (l + 1) * kCells; ++c) {
      writes &= before(cell[c].write, mine[l]);
      reads &= before(cell[c].read, mine[l]);
    }
  }
  if (!writes || !reads) {
    if (kAccess == Access::kLoad && writes && all_read(block, cell, kLanes * kCells, oldest)) return;
    for (uint32_t l = 0; l < kLanes; ++l) {
      record_guarded(warp, i, Mask{1} << l, kSpace, first + l * kBytes, kBytes, kAccess);
    }
    return;
  }
  const uint16_t at = index_in_kernel(warp, i);
  for (uint32_t l = 0; l < kLanes; ++l) {
    for (uint32_t c = l * kCells; c < (l + 1) * kCells; ++c) {
      if (kAccess == Access::kLoad) {
        cell[c].read = mine[l];
        cell[c].read_at = at;
      } else {
        cell[c].write = mine[l];
        cell[c].read = 0;
        cell[c].write_at = at;
      }
    }
  }
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
  if (kSpace != kLocal && active == kAllLanes && consecutive<kBytes>(address) &&
      allowed<Access::kLoad>(window, first, kLanes * kBytes)) {
    record_consecutive<kSpace, kBytes, Access::kLoad>(warp, i, window, first);
    const T* from = reinterpret_cast<const T*>(window.data + first);
    for (uint32_t l = 0; l < kLanes; ++l) {
      for (uint32_t v = 0; v < kVector; ++v) value[v][l] = from[l * kVector + v];
    }
  } else {
    for (Mask rest = active, same = 0; rest != 0; rest &= ~same) {
      const auto l = static_cast<uint32_t>(__builtin_ctz(rest));
      same = kSpace == kLocal ? rest & (0 - rest) : lanes_like(address, rest);
      const T* from = reinterpret_cast<const T*>(access<kSpace, kBytes, Access::kLoad>(warp, i, l, same, address[l]));
      for (Mask to = same; to != 0; to &= to - 1) {
        for (uint32_t v = 0; v < kVector; ++v) value[v][__builtin_ctz(to)] = from[v];
      }
    }
  }
  if (warp.block->counts != nullptr) count_access(warp, active, kSpace, address, kBytes, Access::kLoad);
  for (uint32_t v = 0; v < kVector; ++v) put(warp, i, i.slot[v], value[v], active);
}

template <Space kSpace, class T, uint32_t kVector> void store(Warp& warp, const Instruction& i, Mask active) {
  constexpr uint32_t kBytes = sizeof(T) * kVector;
  const Window& window = warp.block->window[kSpace];
  uint64_t address[kLanes];
  addresses(warp, i, i.slot[0], address);
  const uint64_t first = address[0] - window.first;
  if (kSpace != kLocal && active == kAllLanes && consecutive<kBytes>(address) &&
      allowed<Access::kStore>(window, first, kLanes * kBytes)) {
    record_consecutive<kSpace, kBytes, Access::kStore>(warp, i, window, first);
    __builtin_memset(window.shadow + first, kReadable, kLanes * kBytes);
    T* to = reinterpret_cast<T*>(window.data + first);
    for (uint32_t l = 0; l < kLanes; ++l) {
      for (uint32_t v = 0; v < kVector; ++v) to[l * kVector + v] = get<T>(warp, i, i.slot[v + 1], l);
    }
  } else {
    for (Mask rest = active; rest != 0; rest &= rest - 1) {
      const auto l = static_cast<uint32_t>(__builtin_ctz(rest));
      T* to = reinterpret_cast<T*>(access<kSpace, kBytes, Access::kStore>(warp, i, l, rest & (0 - rest), address[l]));
      for (uint32_t v = 0; v < kVector; ++v) to[v] = get<T>(warp, i, i.slot[v + 1], l);
    }
  }
  if (warp.block->counts != nullptr) count_access(warp, active, kSpace, address, kBytes, Access::kStore);
}

// atom d, [a], b and atom d, [a], b, c: the new value is update(old, b, c). The lanes go one after the other; other
// threads of the processor run other blocks meanwhile.
template <Space kSpace, class T, T (*update)(T old, T b, T c)>
void atomic(Warp& warp, const Instruction& i, Mask active) {
  uint64_t address[kLanes];
  addresses(warp, i, i.slot[1], address);
  const Source<T> b(warp, i.slot[2]), c(warp, i.slot[3]);
  T value[kLanes] = {};
  for (Mask rest = active; rest != 0; rest &= rest - 1) {
    const auto l = static_cast<uint32_t>(__builtin_ctz(rest));
    const Guard guard(warp, kSpace, address[l] - warp.block->window[kSpace].first, sizeof(T));
    T* at = reinterpret_cast<T*>(access<kSpace, sizeof(T), Access::kAtomic>(warp, i, l, rest & (0 - rest), address[l]));
    T old = __atomic_load_n(at, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(at, &old, update(old, b[l], c[l]), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    order_at_atomic(warp, l, kSpace, address[l]);
    value[l] = old;
  }
  if (warp.block->counts != nullptr) count_access(warp, active, kSpace, address, sizeof(T), Access::kAtomic);
  write(warp, i.slot[0], value, active);
}

// membar.gl is __threadfence.
void fence(Warp& warp, const Instruction&, Mask active) {
  order_at_fence(warp, active);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

template <class T> T sum(T old, T b, T) { return old + b; }
template <class T> T least(T old, T b, T) { return b < old ? b : old; }
template <class T> T swap_if_equal(T old, T b, T c) { return old == b ? c : old; }

template <Space kSpace> void add_atomics(Table& t, const char* space) {
  t.add({"atom", space, ".add.", "u32"}, "w[a]w", atomic<kSpace, uint32_t, sum>);
  t.add({"atom", space, ".min.", "s32"}, "w[a]w", atomic<kSpace, int32_t, least>);
  t.add({"atom", space, ".cas.", "b64"}, "x[a]xx", atomic<kSpace, uint64_t, swap_if_equal>);
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
  add_type<kSpace, uint16_t>(t, space, "u16");
  for (const char* type : {"u32", "b32", "f32"}) add_type<kSpace, uint32_t>(t, space, type);
  add_type<kSpace, int32_t>(t, space, "s32");  // fills a wider register with its sign
  for (const char* type : {"u64", "s64", "b64", "f64"}) add_type<kSpace, uint64_t>(t, space, type);
}

}  // namespace

void add_access(Table& t) {
  add_space<kGlobal>(t, "");  // generic addresses: those of global memory; none of ours point elsewhere
  add_space<kGlobal>(t, ".global");
  add_space<kShared>(t, ".shared");
  add_space<kParameter>(t, ".param");
  add_space<kLocal>(t, ".local");
  add_atomics<kGlobal>(t, ".global");
  add_atomics<kShared>(t, ".shared");
  t.add({"membar.gl"}, "", fence);
}

}  // namespace thalweg::THALWEG_ISA
