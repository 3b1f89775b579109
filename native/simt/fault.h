// What a kernel did wrong.
#pragma once

#include <cstdint>
#include <string>

#include "simt/warp.h"

namespace thalweg {

enum class FaultKind { kIllegalAddress, kMisalignedAddress, kLaunchFailed };

struct Fault {
  FaultKind kind;
  std::string message;
};

// "<what>, at bar.sync, PTX line 20 of kernel k, block (0,0,0), thread (1,0,0)"
[[noreturn]] void fault(FaultKind kind, const Warp& warp, const Instruction& instruction, uint32_t lane,
                        const std::string& what);

// For an access that was found wrong: finds out what is wrong with it.
[[noreturn]] void access_fault(const Warp& warp, const Instruction& instruction, uint32_t lane, Space space,
                               uint64_t address, uint32_t bytes, bool store);

// For a shuffle whose source is not among the lanes that execute it.
[[noreturn]] void absent_lane_fault(const Warp& warp, const Instruction& instruction, uint32_t lane, uint32_t from);

}  // namespace thalweg
