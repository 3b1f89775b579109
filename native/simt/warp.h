// A warp: 32 lanes, each with its own program counter, over one register file.
#pragma once

#include <cstdint>
#include <string>

#include "ptx/program.h"
#include "simt/memory.h"

namespace thalweg {

struct Dim3 {
  uint32_t x, y, z;
  uint64_t count() const { return uint64_t{x} * y * z; }
};
std::string text(const Dim3& d);

// The place of number n in row-major order, x fastest.
Dim3 place(uint64_t n, const Dim3& in);

struct Launch;
struct Order;
struct BlockOrder;
struct Counts;
struct LaunchCounts;

enum Space : uint8_t { kGlobal, kShared, kParameter, kLocal, kSpaces };

// Local memory of a thread, rounded up: the addresses of every thread begin at 0, their bytes this far apart.
inline uint64_t local_stride(const Kernel& kernel) { return (kernel.local_bytes + 15) / 16 * 16; }

// What the warps of a block share.
struct BlockState {
  const Launch* launch = nullptr;
  Dim3 index = {};
  Window window[kSpaces];    // of local memory: the block's first thread's
  Counts* counts = nullptr;  // simt/counters.h; null if nothing is counted
  LaunchCounts* launch_counts = nullptr;
  BlockOrder* order = nullptr;  // simt/race.h; null if races are not looked for
  bool vote = false;            // what bar.red found
  int64_t budget = 0;           // instructions that the launch may still issue
};

struct Warp {
  BlockState* block = nullptr;
  Order* order = nullptr;         // an element of the block's
  uint8_t* registers = nullptr;   // untyped bits. An operand's slot is a byte offset to 32 lanes, or to a Mask
  uint32_t first_thread = 0;      // lane 0's number in the block
  Mask live = 0;                  // lanes that have not exited
  Mask waiting = 0;               // of those, lanes that stand at a barrier or wait for their member mask
  uint32_t counter[kLanes] = {};  // program counters
  uint64_t executed = 0;          // lane-instructions

  // Runs until every live lane waits at a barrier. Lowest program counter first; lanes with the same one run together.
  // Throws Fault.
  void run();

 private:
  void run_group(Mask group, uint32_t pc, uint32_t limit);
  Mask meet(const Instruction& instruction, Mask arriving, uint32_t pc);
  void set_counters(Mask lanes, uint32_t pc);
};

}  // namespace thalweg
