// A launch: the blocks of a grid, spread over the processor's threads.
#pragma once

#include <cstdint>
#include <vector>

#include "ptx/program.h"
#include "simt/memory.h"
#include "simt/warp.h"

namespace thalweg {

struct Launch {
  const Kernel& kernel;
  Dim3 grid;
  Dim3 block;
  uint64_t shared;  // bytes for each block
  std::vector<uint8_t> parameters;
  const GlobalMemory& memory;
};

// Runs a launch and returns the number of lane-instructions. Throws Fault: that of the first block in their order,
// whatever the number of threads. THALWEG_SIM_THREADS is that number (default: all processors); THALWEG_SIM_SEED, if it
// is not 0, permutes the order of blocks, and of the warps between barriers.
uint64_t run(const Launch& launch);

}  // namespace thalweg
