// What launches have done, counted: by kernel, and for each allocation that a kernel touches. There is no cache in it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "simt/fault.h"
#include "simt/warp.h"

namespace thalweg {

// Traffic with an allocation, reads and writes apart. An atomic operation is both.
struct Traffic {
  struct Way {
    uint64_t bytes;     // that lanes asked for
    uint64_t requests;  // of 32-byte sectors: for each instruction of a warp, those that it touches
    uint64_t fewest;    // the smallest number that those bytes need
    uint64_t sectors;   // different ones, in each launch
  } read, written;
};

// What one thread of the processor counts.
struct Counts {
  uint64_t lanes[kKinds] = {};   // lane-instructions
  uint64_t divergent = 0;        // branches that split a group of lanes
  uint64_t conflicts = 0;        // passes over shared memory's 32 banks beyond the first
  std::vector<Traffic> traffic;  // by LaunchCounts::buffers
};

// What the threads of a launch have in common.
struct LaunchCounts {
  struct Buffer {
    uint64_t address, size;
    int argument;                             // the first whose value points into it; -1: none does
    std::unique_ptr<uint8_t[]> touched = {};  // by sector: 1 read, 2 written
  };
  std::vector<Buffer> buffers;  // by address
};

class Counters {
 public:
  // Before and after a launch.
  LaunchCounts begin(const Launch& launch) const;
  void add(const Kernel& kernel, const LaunchCounts& launch, const std::vector<const Counts*>& counts);
  void clear() { kernels_.clear(); }
  // Lines of "kernel what number". What: launches, lanes.KIND, divergent, conflicts; and for each allocation
  // buffer.ADDRESS. followed by size, argument (if one points into it), and read. or written. followed by bytes,
  // sectors, requests, fewest.
  std::string text() const;
  // The same for eyes.
  std::string report() const;

 private:
  struct Total {
    uint64_t launches = 0;
    Counts counts;
    std::map<uint64_t, std::pair<LaunchCounts::Buffer, Traffic>> buffers;
  };
  std::map<std::string, Total> kernels_;
};

// An instruction's access to memory by the active lanes.
void count_access(const Warp& warp, Mask active, Space space, const uint64_t (&address)[kLanes], uint32_t bytes,
                  Access access);

}  // namespace thalweg
