// Races: two accesses to one byte, at least one of them a write, with no order between them.
//
// One thread's accesses are in order. bar.sync orders all threads of a block, bar.warp.sync those lanes that it names;
// shfl.sync and vote.sync order nothing, and neither does running in lockstep: two lanes that write one byte in one
// instruction race, whatever they write. Launches follow each other. Blocks are ordered by a fence, an atomic
// operation on an address and a later atomic operation of another block on it: what was before the fence is before
// what follows the later operation. The fence may be the thread's own or, before a barrier, another thread's. Atomic
// operations do not race with each other, but with plain accesses they do.
#pragma once

#include <cstdint>
#include <vector>

#include "simt/fault.h"
#include "simt/warp.h"

namespace thalweg {

// Who accessed memory, and when: the block's serial number among those of all launches (32 bits), the warp's clock
// (20), the thread's number in its block (10), Who (2).
using Stamp = uint64_t;
inline constexpr int kSerialShift = 32, kClockShift = 12, kThreadShift = 2;
inline constexpr uint32_t kLastClock = (1u << (kSerialShift - kClockShift)) - 1;  // stays there: is always in order
enum Who : Stamp {
  kOne = 0,
  kSome = 1,   // reads: several lanes of a warp (Cell::readers). Writes: an atomic operation, as are the next two
  kBlock = 2,  // several threads of the block
  kGrid = 3,   // several blocks
};

// The accesses to four bytes, or to one (Window::cell_shift): the last write, and those reads since that are in order
// with no later one. The kernel's instructions are counted from its first; from 65,535 on all have that number.
struct Cell {
  Stamp write, read;
  Mask readers;
  uint16_t write_at, read_at;
};

// Which accesses of each other the lanes of a warp are ordered after.
struct Order {
  Stamp stamp[kLanes];  // of each lane's next access
  uint32_t clock;       // advances at barriers, at bar.warp.sync and at fences
  uint32_t
      together;  // clock of the last bar.warp.sync of all live lanes: what any did before is before what all do next
  bool synced;   // since the last barrier: otherwise `seen` is not set
  bool fenced;   // since the block began
  uint32_t seen[kLanes][kLanes];  // [a][b]: what b did before this clock is before what a does next
  struct Fence {
    uint32_t clock, barrier;
    uint32_t seen[kLanes];
  } fence[kLanes];  // the last of each lane; its clock is 0 if there is none
};

struct Releases;

// An atomic operation that found releases at its address: the first `count` of them.
struct Acquired {
  uint32_t thread, clock;
  const Releases* from;
  size_t count;
};

// The same of a block.
struct BlockOrder {
  Stamp own = 0;               // the first stamp of this block
  Stamp barrier = 0;           // the first since the last barrier
  Stamp oldest[kSpaces] = {};  // the first that matters; those before are of another launch, or another block's memory
  bool fenced = false;
  std::vector<Order> warps;
  std::vector<Acquired> acquired;
  uint32_t number() const { return static_cast<uint32_t>(own >> kSerialShift); }
};

// Serial numbers for the blocks of a launch: returns the first. `order` says which block has which number.
uint32_t begin_launch(const Launch& launch, const std::vector<uint64_t>& order, bool parallel);
// For a block whose warps are `warps`.
void begin_block(BlockState& block, std::vector<Warp>& warps, uint32_t serial);
void order_at_barrier(BlockState& block);
void order_at_warp_sync(Warp& warp, Mask members);
void order_at_fence(Warp& warp, Mask lanes);
// An atomic operation of one lane, on what record() has recorded.
void order_at_atomic(const Warp& warp, uint32_t lane, Space space, uint64_t address);

// Keeps other threads of this processor from the cells of a range.
class Guard {
 public:
  Guard(const Warp& warp, Space space, uint64_t offset, uint64_t bytes);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  int lock_[2] = {-1, -1};
};

// Its number among the kernel's, or 65,535.
uint16_t index_in_kernel(const Warp& warp, const Instruction& i);

// An access of some lanes to the same bytes, at an offset into the window of the state space. Throws Fault if it races.
void record(const Warp& warp, const Instruction& i, Mask lanes, Space space, uint64_t offset, uint32_t bytes,
            Access access);
// The same, under a Guard.
void record_guarded(const Warp& warp, const Instruction& i, Mask lanes, Space space, uint64_t offset, uint32_t bytes,
                    Access access);

}  // namespace thalweg
