#include "simt/fault.h"

#include <sstream>

#include "simt/grid.h"

namespace thalweg {
namespace {

std::string locate(const Launch& launch, Space space, uint64_t address, uint64_t bytes) {
  if (space == kGlobal) return launch.memory.locate(address, bytes);
  if (space == kShared) return "the block has " + std::to_string(launch.shared) + " bytes";
  return "the kernel has " + std::to_string(launch.parameters.size()) + " bytes";
}

}  // namespace

void fault(FaultKind kind, const Warp& warp, const Instruction& instruction, uint32_t lane, const std::string& what) {
  const Launch& launch = *warp.block->launch;
  throw Fault{kind, what + ", at " + instruction.operation->name + ", PTX line " + std::to_string(instruction.line) +
                        " of kernel " + launch.kernel.name + ", block " + text(warp.block->index) + ", thread " +
                        text(place(warp.first_thread + lane, launch.block))};
}

void access_fault(const Warp& warp, const Instruction& instruction, uint32_t lane, Space space, uint64_t address,
                  uint32_t bytes, bool store) {
  static constexpr const char* kNames[] = {"global", "shared", "parameter"};
  const Window& window = warp.block->window[space];
  std::ostringstream access;
  access << (store ? "write of " : "read of ") << bytes << " bytes of " << kNames[space] << " memory at 0x" << std::hex
         << address;
  if (address % bytes != 0) {
    fault(FaultKind::kMisalignedAddress, warp, instruction, lane,
          "misaligned " + access.str() + ": no multiple of " + std::to_string(bytes));
  }
  bool allocated = true;
  for (uint64_t offset = address - window.first; offset < address - window.first + bytes; ++offset) {
    allocated = allocated && offset < window.size && (window.shadow[offset] & kAllocated) != 0;
  }
  const std::string where = locate(*warp.block->launch, space, address, bytes);
  if (!allocated) {
    fault(FaultKind::kIllegalAddress, warp, instruction, lane, "illegal " + access.str() + ": " + where);
  }
  fault(FaultKind::kLaunchFailed, warp, instruction, lane, access.str() + ", which nothing has written: " + where);
}

void absent_lane_fault(const Warp& warp, const Instruction& instruction, uint32_t lane, uint32_t from) {
  fault(FaultKind::kLaunchFailed, warp, instruction, lane,
        "reads from lane " + std::to_string(from) + ", which the member mask does not name");
}

}  // namespace thalweg
