// What a kernel did wrong.
#pragma once

#include <cstdint>
#include <string>

#include "simt/warp.h"

namespace thalweg {

enum class FaultKind { kIllegalAddress, kMisalignedAddress, kLaunchFailed, kTimeout };

struct Fault {
  FaultKind kind;
  std::string message;
};

// "bar.sync, PTX line 20 (optimizers.cu:7)"; the latter where the PTX was made with -lineinfo
std::string text(const Kernel& kernel, const Instruction& instruction);

// "<what>, at bar.sync, PTX line 20 of kernel k, block (0,0,0), thread (1,0,0)"
[[noreturn]] void fault(FaultKind kind, const Warp& warp, const Instruction& instruction, uint32_t lane,
                        const std::string& what);

enum class Access : uint8_t { kLoad, kStore, kAtomic };

const char* name(Space space);
const char* name(Access access);
// "16 bytes into the 64-byte allocation at 0x..."
std::string locate(const Launch& launch, Space space, uint64_t address, uint64_t bytes);

// For an illegal access to a window: determines what is wrong with it.
[[noreturn]] void access_fault(const Warp& warp, const Instruction& instruction, uint32_t lane, Space space,
                               const Window& window, uint64_t address, uint32_t bytes, Access access);

// For a launch that has used up its budget.
[[noreturn]] void timeout_fault(const Warp& warp, const Instruction& instruction, uint32_t lane);

// For a shuffle whose source is not among the lanes that execute it.
[[noreturn]] void absent_lane_fault(const Warp& warp, const Instruction& instruction, uint32_t lane, uint32_t from);

}  // namespace thalweg
