#include "simt/warp.h"

#include <algorithm>

#include "simt/counters.h"
#include "simt/fault.h"
#include "simt/grid.h"

namespace thalweg {
namespace {

uint32_t first(Mask lanes) { return static_cast<uint32_t>(__builtin_ctz(lanes)); }

const Mask* masks(const Warp& warp, uint32_t slot) { return reinterpret_cast<const Mask*>(warp.registers + slot); }

template <class Condition> Mask select(Mask lanes, Condition condition) {
  Mask selected = 0;
  for (; lanes != 0; lanes &= lanes - 1) {
    if (condition(first(lanes))) selected |= lanes & (0 - lanes);
  }
  return selected;
}

}  // namespace

void Warp::run() {
  while (const Mask ready = live & ~waiting) {
    uint32_t lowest = UINT32_MAX, limit = UINT32_MAX;
    for (Mask rest = ready; rest != 0; rest &= rest - 1) lowest = std::min(lowest, counter[first(rest)]);
    const Mask group = select(ready, [&](uint32_t lane) { return counter[lane] == lowest; });
    for (Mask rest = ready & ~group; rest != 0; rest &= rest - 1) limit = std::min(limit, counter[first(rest)]);
    run_group(group, lowest, limit);
  }
  const Instruction* code = block->launch->kernel.code.data();
  const Mask apart = select(live, [&](uint32_t lane) { return code[counter[lane]].flow == Flow::kWarpSync; });
  if (apart == 0) return;
  // They would wait for ever, as no other lane of the warp can proceed.
  const uint32_t lane = first(apart);
  const Instruction& i = code[counter[lane]];
  const Mask named = masks(*this, i.members)[lane] & ~apart;
  fault(FaultKind::kLaunchFailed, *this, i, lane,
        named == 0 ? "the lanes of the member mask wait at different places or with different masks"
                   : "the member mask names lane " + std::to_string(first(named)) +
                         ((live & named) == 0 ? ", which has exited" : ", which waits at a barrier"));
}

// Executes from pc until the group gets to the limit, where other lanes are, or splits, waits or has exited.
void Warp::run_group(Mask group, uint32_t pc, uint32_t limit) {
  const Instruction* code = block->launch->kernel.code.data();
  do {
    const Instruction& i = code[pc];
    Mask active = group;
    if (i.guarded) active &= *masks(*this, i.guard) ^ (i.guard_negated ? kAllLanes : 0);
    if (--block->budget < 0) timeout_fault(*this, i, first(group));
    const auto lanes = static_cast<uint32_t>(__builtin_popcount(active));
    executed += lanes;
    if (block->counts != nullptr) block->counts->lanes[i.kind] += lanes;
    ++pc;
    if (active == 0) continue;
    switch (i.flow) {
      case Flow::kNext: i.execute(*this, i, active); break;
      case Flow::kBranch:
        if (active != group) {
          if (block->counts != nullptr) ++block->counts->divergent;
          set_counters(active, i.target);
          return set_counters(group & ~active, pc);
        }
        pc = i.target;
        break;
      case Flow::kExit:
        live &= ~active;
        group &= ~active;
        break;
      case Flow::kBarrier:
        waiting |= active;
        set_counters(active, pc - 1);
        group &= ~active;
        break;
      case Flow::kWarpSync:
        if (meet(i, active, pc - 1) != group) return set_counters(group & ~active, pc);
    }
  } while (group != 0 && pc < limit);
  set_counters(group, pc);
}

void Warp::set_counters(Mask lanes, uint32_t pc) {
  for (; lanes != 0; lanes &= lanes - 1) counter[first(lanes)] = pc;
}

// Executes a kWarpSync instruction at pc for the lanes whose member masks are complete, and returns them. The lanes
// that arrive join those that wait there; where a mask is still incomplete, they wait too.
Mask Warp::meet(const Instruction& i, Mask arriving, uint32_t pc) {
  const Mask* members = masks(*this, i.members);
  const Mask here = arriving | select(waiting, [&](uint32_t lane) { return counter[lane] == pc; });
  Mask met = 0;
  for (Mask rest = here; rest != 0;) {
    const uint32_t lane = first(rest);
    const Mask named = members[lane];
    if ((named & ~live) != 0) {
      fault(FaultKind::kLaunchFailed, *this, i, lane,
            "the member mask names lane " + std::to_string(first(named & ~live)) + ", which has exited");
    }
    const Mask same = select(rest, [&](uint32_t other) { return members[other] == named; });
    rest &= ~same;
    if ((same & ~named) != 0) {
      fault(FaultKind::kLaunchFailed, *this, i, first(same & ~named), "the member mask lacks the lane itself");
    }
    if (same != named) continue;
    i.execute(*this, i, same);
    met |= same;
  }
  set_counters(met, pc + 1);
  set_counters(here & ~met, pc);
  waiting = (waiting & ~met) | (here & ~met);
  return met;
}

}  // namespace thalweg
