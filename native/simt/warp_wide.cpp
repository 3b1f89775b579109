// shfl.sync, vote.sync, bar.warp.sync, activemask. The active lanes of a .sync are those of its member mask: Warp::meet
// has waited for them.
#include "simt/fault.h"
#include "simt/lanes.h"
#include "simt/race.h"

namespace thalweg::THALWEG_ISA {
namespace {

enum class Mode { kUp, kDown, kButterfly, kIndex };

// shfl.sync.mode d|p, a, b, c, members. c holds a bound in its bits 0-4, for up the first lane of a segment, else the
// last, and in its bits 8-12 which bits of the lane number say what segment a lane is in. A lane whose source is
// outside of its segment reads itself, and its p is false. p may be missing.
template <Mode kMode, bool kPredicate> void shuffle(Warp& warp, const Instruction& i, Mask active) {
  const uint32_t* operand = i.slot + 1 + kPredicate;
  const Source<uint32_t> a(warp, operand[0]), b(warp, operand[1]), c(warp, operand[2]);
  uint32_t value[kLanes] = {};
  Mask inside = 0;
  for (uint32_t l = 0; l < kLanes; ++l) {
    if ((active >> l & 1) == 0) continue;
    const uint32_t segment = c[l] >> 8 & 31, by = b[l] & 31;
    const uint32_t first = l & segment;
    const uint32_t bound = first | (c[l] & 31 & ~segment);
    uint32_t source = 0;
    switch (kMode) {
      case Mode::kUp: source = l - by; break;  // below lane 0 it wraps to a large number
      case Mode::kDown: source = l + by; break;
      case Mode::kButterfly: source = l ^ by; break;
      case Mode::kIndex: source = first | (by & ~segment); break;
    }
    const bool in = kMode == Mode::kUp ? source < kLanes && source >= bound : source <= bound;
    if (!in) source = l;
    if ((active >> source & 1) == 0) absent_lane_fault(warp, i, l, source);
    inside |= Mask{in} << l;
    value[l] = a[source];
  }
  write(warp, i.slot[0], value, active);
  if (kPredicate) write_mask(warp, i.slot[1], inside, active);
}

template <Mode kMode> void add_shuffle(Table& t, const char* mode) {
  t.add({"shfl.sync.", mode, ".b32"}, "w|pwwww", shuffle<kMode, true>, Flow::kWarpSync);
  t.add({"shfl.sync.", mode, ".b32"}, "wwwww", shuffle<kMode, false>, Flow::kWarpSync);
}

// vote.sync.ballot d, p, members
void ballot(Warp& warp, const Instruction& i, Mask active) {
  uint32_t value[kLanes];
  for (uint32_t& v : value) v = *lanes<Mask>(warp, i.slot[1]) & active;
  write(warp, i.slot[0], value, active);
}

// vote.sync.any and .all p, q, members
template <bool kAll> void vote(Warp& warp, const Instruction& i, Mask active) {
  const Mask yes = *lanes<Mask>(warp, i.slot[1]) & active;
  write_mask(warp, i.slot[0], (kAll ? yes == active : yes != 0) ? kAllLanes : 0, active);
}

// Which lanes are here, of those that could be.
void active_mask(Warp& warp, const Instruction& i, Mask active) {
  uint32_t value[kLanes];
  for (uint32_t& v : value) v = active;
  write(warp, i.slot[0], value, active);
}

void synchronize(Warp& warp, const Instruction&, Mask active) { order_at_warp_sync(warp, active); }

}  // namespace

void add_warp_wide(Table& t) {
  add_shuffle<Mode::kUp>(t, "up");
  add_shuffle<Mode::kDown>(t, "down");
  add_shuffle<Mode::kButterfly>(t, "bfly");
  add_shuffle<Mode::kIndex>(t, "idx");
  t.add({"vote.sync.ballot.b32"}, "wpw", ballot, Flow::kWarpSync);
  t.add({"vote.sync.any.pred"}, "ppw", vote<false>, Flow::kWarpSync);
  t.add({"vote.sync.all.pred"}, "ppw", vote<true>, Flow::kWarpSync);
  t.add({"bar.warp.sync"}, "w", synchronize, Flow::kWarpSync);
  t.add({"activemask.b32"}, "w", active_mask);
}

}  // namespace thalweg::THALWEG_ISA
