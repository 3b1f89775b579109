// PTX decoded: what the parser produces and the warps execute.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace thalweg {

inline constexpr uint32_t kLanes = 32;
using Mask = uint32_t;  // bit l is lane l
inline constexpr Mask kAllLanes = ~Mask{0};

struct Warp;
struct Instruction;
using Execute = void (*)(Warp& warp, const Instruction& instruction, Mask active);

// How a warp continues after an instruction.
enum class Flow : uint8_t { kNext, kBranch, kExit, kBarrier, kWarpSync };

// What an instruction is counted as (simt/counters.h).
enum Kind : uint8_t { kFp32, kFp64, kDivide, kSquareRoot, kInteger, kConvert, kMemory, kWarpWide, kControl, kKinds };
inline constexpr const char* kKindNames[] = {"fp32",    "fp64",   "div",  "sqrt",   "integer",
                                             "convert", "memory", "warp", "control"};

// A row of the instruction table (simt/table.h): a mnemonic with all its modifiers.
struct Operation {
  std::string name;
  const char* operands;
  Execute execute;
  Flow flow;
  Kind kind;
};

struct SourceLine {
  uint32_t file = 0;  // an index into Kernel::files
  uint32_t line = 0;  // 0: not known
};

struct Instruction {
  const Operation* operation = nullptr;
  Execute execute = nullptr;  // of the operation
  Flow flow = Flow::kNext;
  Kind kind = kInteger;
  bool guarded = false;         // @p
  bool guard_negated = false;   // @!p
  bool narrow_address = false;  // the address register has 32 bits
  uint8_t width = 0;            // bytes of the registers that a load of less fills, or a store of less empties
  uint32_t line = 0;            // of the PTX text
  SourceLine source;            // -lineinfo
  SourceLine call;              // where the code at `source` was inlined
  uint32_t guard = 0;
  uint32_t slot[6] = {};  // operands in the order of the text: byte offsets into the warp's register file
  uint32_t members = 0;   // kWarpSync: the slot of the member mask
  uint32_t target = 0;    // kBranch: an index into Kernel::code
  int64_t offset = 0;     // added to the address
};

// Special registers have the first slots of every register file, in this order; 32 bits a lane.
inline constexpr const char* kSpecialRegisters[] = {"%tid.x",   "%tid.y",    "%tid.z",    "%ntid.x",
                                                    "%ntid.y",  "%ntid.z",   "%ctaid.x",  "%ctaid.y",
                                                    "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z"};
inline constexpr uint32_t kSpecialBytes = kLanes * 4;
enum Special : uint32_t { kTid = 0, kNtid = 3, kCtaid = 6, kNctaid = 9, kSpecials = 12 };

// Immediates and addresses of variables are slots too, filled before the kernel starts.
struct Constant {
  uint32_t slot, width;
  uint64_t bits;
};

struct Parameter {
  uint64_t offset, size;
};

struct Kernel {
  std::string name;
  std::vector<Instruction> code;
  std::vector<Constant> constants;
  std::vector<Parameter> parameters;
  std::vector<std::string> files;  // of the source; the first has no name
  uint64_t parameter_bytes = 0;
  uint64_t shared_bytes = 0;    // of a block: declared with a size. Dynamic shared memory follows
  uint64_t local_bytes = 0;     // of a thread
  uint32_t register_bytes = 0;  // of a warp
  bool narrow_stores = false;   // of less than 4 bytes
  uint32_t max_threads = 1024;  // .maxntid
};

using Module = std::map<std::string, Kernel>;

}  // namespace thalweg
