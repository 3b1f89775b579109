// bra, ret, bar.sync: the scheduler (Warp::run_group) acts on their Flow.
#include "simt/lanes.h"

namespace thalweg::THALWEG_ISA {
namespace {

// bar.red.or.pred d, 0, p: executed when all threads of the block have come.
void block_vote(Warp& warp, const Instruction& i, Mask active) {
  write_mask(warp, i.slot[0], warp.block->vote ? kAllLanes : 0, active);
}

}  // namespace

void add_control(Table& t) {
  t.add({"bra"}, "L", nullptr, Flow::kBranch);
  t.add({"bra.uni"}, "L", nullptr, Flow::kBranch);
  t.add({"ret"}, "", nullptr, Flow::kExit);
  t.add({"bar.sync"}, "0", nullptr, Flow::kBarrier);
  t.add({"bar.red.or.pred"}, "p0p", block_vote, Flow::kBarrier);
}

void add_all(Table& table) {
  add_arithmetic(table);
  add_approximate(table);
  add_integer(table);
  add_logic(table);
  add_compare(table);
  add_convert(table);
  add_move(table);
  add_access(table);
  add_warp_wide(table);
  add_control(table);
}

}  // namespace thalweg::THALWEG_ISA
