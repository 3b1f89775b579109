// shfl.sync and bar.warp.sync. The active lanes are those of the member mask: Warp::meet has waited for them.
#include "simt/fault.h"
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

// shfl.sync.bfly d|p, a, b, c, members. c holds the last lane of a segment (bits 0-4) and the bits of the lane number
// that say which segment (bits 8-12).
void butterfly(Warp& warp, const Instruction& i, Mask active) {
  const Source<uint32_t> a(warp, i.slot[2]), b(warp, i.slot[3]), c(warp, i.slot[4]);
  uint32_t value[kLanes] = {};
  Mask inside = 0;
  for (uint32_t l = 0; l < kLanes; ++l) {
    if ((active >> l & 1) == 0) continue;
    const uint32_t segment = c[l] >> 8 & 31;
    const uint32_t first = l & segment;
    const uint32_t last = first | (c[l] & 31 & ~segment);
    const uint32_t chosen = l ^ (b[l] & 31);
    const uint32_t from = chosen <= last ? chosen : l;
    if ((active >> from & 1) == 0) absent_lane_fault(warp, i, l, from);
    inside |= Mask{chosen <= last} << l;
    value[l] = a[from];
  }
  write(warp, i.slot[0], value, active);
  write_mask(warp, i.slot[1], inside, active);
}

void meet_only(Warp&, const Instruction&, Mask) {}

}  // namespace

void add_warp_wide(Table& t) {
  t.add({"shfl.sync.bfly.b32"}, "w|pwwww", butterfly, Flow::kWarpSync);
  t.add({"bar.warp.sync"}, "w", meet_only, Flow::kWarpSync);
}

}  // namespace thalweg::THALWEG_ISA
