// A launch: the blocks of a grid, spread over the processor's threads.
#pragma once

#include <cstdint>
#include <vector>

#include "ptx/program.h"
#include "simt/counters.h"
#include "simt/memory.h"
#include "simt/warp.h"

namespace thalweg {

// The number in an environment variable.
uint64_t environment(const char* name, uint64_t otherwise);

// What a program may set while it runs (driver/globals.cpp).
struct Settings {
  uint64_t seed = environment("THALWEG_SIM_SEED", 0);  // of the order of blocks and warps; 0: as they are numbered
  // Instructions that the warps of a launch may issue. The default is about a minute's.
  uint64_t budget = environment("THALWEG_SIM_BUDGET", uint64_t{1} << 32);
  uint64_t checks = environment("THALWEG_SIM_CHECKS", 1);  // 0: races are not looked for
  uint64_t counting = environment("THALWEG_SIM_COUNT", environment("THALWEG_SIM_REPORT", 0));  // 1: simt/counters.h
  uint64_t launches = 0;  // since one of these was set
};

struct Launch {
  const Kernel& kernel;
  Dim3 grid;
  Dim3 block;
  uint64_t shared;  // bytes for each block, static and dynamic
  std::vector<uint8_t> parameters;
  GlobalMemory& memory;
  Settings& settings;
  Counters& counters;
};

// Runs a launch and returns the number of lane-instructions. Throws Fault: that of the first block in their order,
// whatever the number of threads. THALWEG_SIM_THREADS is that number (default: all processors). A seed that is not 0
// permutes the order of blocks, and of the warps between barriers.
uint64_t run(const Launch& launch);

}  // namespace thalweg
