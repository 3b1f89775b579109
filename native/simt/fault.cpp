#include "simt/fault.h"

#include <sstream>

#include "simt/grid.h"

namespace thalweg {

const char* name(Space space) {
  static constexpr const char* kNames[] = {"global", "shared", "parameter", "local"};
  return kNames[space];
}

const char* name(Access access) {
  static constexpr const char* kNames[] = {"read", "write", "atomic update"};
  return kNames[static_cast<int>(access)];
}

std::string locate(const Launch& launch, Space space, uint64_t address, uint64_t bytes) {
  if (space == kGlobal) return launch.memory.locate(address, bytes);
  if (space == kShared) return "the block has " + std::to_string(launch.shared) + " bytes";
  if (space == kLocal) return "the thread has " + std::to_string(launch.kernel.local_bytes) + " bytes";
  return "the kernel has " + std::to_string(launch.parameters.size()) + " bytes";
}

std::string text(const Kernel& kernel, const Instruction& instruction) {
  std::string place = instruction.operation->name + ", PTX line " + std::to_string(instruction.line);
  const auto text = [&](const SourceLine& s) { return kernel.files[s.file] + ":" + std::to_string(s.line); };
  if (instruction.source.line == 0) return place;
  place += " (" + text(instruction.source);
  return place + (instruction.call.line == 0 ? ")" : ", inlined at " + text(instruction.call) + ")");
}

void fault(FaultKind kind, const Warp& warp, const Instruction& instruction, uint32_t lane, const std::string& what) {
  const Launch& launch = *warp.block->launch;
  throw Fault{kind, what + ", at " + text(launch.kernel, instruction) + " of kernel " + launch.kernel.name +
                        ", block " + text(warp.block->index) + ", thread " +
                        text(place(warp.first_thread + lane, launch.block))};
}

void access_fault(const Warp& warp, const Instruction& instruction, uint32_t lane, Space space, const Window& window,
                  uint64_t address, uint32_t bytes, Access kind) {
  std::ostringstream access;
  access << name(kind) << " of " << bytes << " bytes of " << name(space) << " memory at 0x" << std::hex << address;
  if (address % bytes != 0) {
    fault(FaultKind::kMisalignedAddress, warp, instruction, lane,
          "misaligned " + access.str() + ": no multiple of " + std::to_string(bytes));
  }
  bool allocated = true;
  for (uint64_t k = 0; k < bytes; ++k) {  // the address may be the last there is
    const uint64_t offset = address - window.first + k;
    allocated = allocated && offset < window.size && (window.shadow[offset] & kAllocated) != 0;
  }
  const std::string where = locate(*warp.block->launch, space, address, bytes);
  if (!allocated) {
    fault(FaultKind::kIllegalAddress, warp, instruction, lane, "illegal " + access.str() + ": " + where);
  }
  fault(FaultKind::kLaunchFailed, warp, instruction, lane, access.str() + ", which nothing has written: " + where);
}

void timeout_fault(const Warp& warp, const Instruction& instruction, uint32_t lane) {
  fault(FaultKind::kTimeout, warp, instruction, lane,
        "the launch has issued all of its " + std::to_string(warp.block->launch->settings.budget) +
            " instructions (thalweg_sim_budget)");
}

void absent_lane_fault(const Warp& warp, const Instruction& instruction, uint32_t lane, uint32_t from) {
  fault(FaultKind::kLaunchFailed, warp, instruction, lane,
        "reads from lane " + std::to_string(from) + ", which the member mask does not name");
}

}  // namespace thalweg
