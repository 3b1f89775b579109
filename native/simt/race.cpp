#include "simt/race.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <utility>

#include "simt/grid.h"

namespace thalweg {

// What an atomic operation has made known at its address: of each thread of its block, the clock before which all is in
// order; and what its block had acquired.
struct Release {
  uint32_t serial;
  std::vector<uint32_t> before;
  std::vector<Acquired> prior;
};

struct Releases {
  std::deque<Release> list;
};

namespace {

// ---- of the launch that runs

std::vector<uint64_t> block_of;  // position in the order -> block
uint32_t first_serial = 0, next_serial = 1;
bool in_parallel = false;
std::mutex releases_mutex;
std::map<std::pair<uint32_t, uint64_t>, Releases> releases;  // by block for shared memory, else 0; and address
std::atomic<bool> any_release = false;

constexpr uint64_t kRegion = 4096;  // bytes under one lock
constexpr int kLocks = 256;
struct alignas(64) Lock {
  std::atomic<bool> taken = false;
} locks[kLocks];

// ---- stamps

uint32_t clock_of(Stamp s) { return static_cast<uint32_t>(s >> kClockShift) & kLastClock; }
uint32_t serial_of(Stamp s) { return static_cast<uint32_t>(s >> kSerialShift); }
uint32_t thread_of(Stamp s) { return static_cast<uint32_t>(s >> kThreadShift) & 1023; }
Who who_of(Stamp s) { return static_cast<Who>(s & 3); }
Stamp at_clock(Stamp own, uint32_t clock) { return own | Stamp{clock} << kClockShift; }

Stamp load(const Stamp& s) { return __atomic_load_n(&s, __ATOMIC_RELAXED); }
uint32_t first(Mask lanes) { return static_cast<uint32_t>(__builtin_ctz(lanes)); }
bool many(Mask lanes) { return (lanes & (lanes - 1)) != 0; }

void set_clock(Order& order, Stamp own, uint32_t first_thread, uint32_t clock) {
  order.clock = std::min(clock, kLastClock);
  for (uint32_t l = 0; l < kLanes; ++l) {
    order.stamp[l] = at_clock(own, order.clock) | Stamp{first_thread + l} << kThreadShift;
  }
}

uint32_t tick(Warp& warp) {
  set_clock(*warp.order, warp.block->order->own, warp.first_thread, warp.order->clock + 1);
  return warp.order->clock;
}

// ---- happens-before

// Those of a stamp's block whose accesses it stands for.
struct Threads {
  Who who;
  uint32_t warp;
  Mask lanes;
};

// Whether it can be seen at a glance that something is before what all lanes of the warp do now.
bool settled(const Warp& warp, Stamp s, Space space) {
  const BlockOrder& block = *warp.block->order;
  if (s < block.oldest[space]) return true;
  if (serial_of(s) != block.number()) return false;
  const bool this_warp = who_of(s) <= kSome && thread_of(s) / kLanes == warp.first_thread / kLanes;
  return s < block.barrier ? who_of(s) != kGrid : this_warp && clock_of(s) < warp.order->together;
}

// Whether something of the past is before what a lane does now.
class Past {
 public:
  Past(const Warp& warp, uint32_t lane, Space space)
      : warp_(warp), lane_(lane), block_(*warp.block->order), order_(*warp.order), space_(space) {}

  bool holds_write(const Cell& cell) const {
    const Who who = who_of(cell.write);
    return holds(cell.write, {who == kSome ? kOne : who, thread_of(cell.write) / kLanes, one(cell.write)});
  }

  bool holds_reads(const Cell& cell) const {
    const Who who = who_of(cell.read);
    return holds(cell.read, {who, thread_of(cell.read) / kLanes, who == kSome ? cell.readers : one(cell.read)});
  }

 private:
  static Mask one(Stamp s) { return Mask{1} << thread_of(s) % kLanes; }

  bool holds(Stamp s, const Threads& threads) const {
    if (s < block_.oldest[space_] || clock_of(s) == kLastClock) return true;
    if (threads.who != kGrid && serial_of(s) == block_.number()) {
      if (s < block_.barrier) return true;
      if (threads.who != kBlock && threads.warp == warp_.first_thread / kLanes) {
        Mask open = threads.lanes & ~(Mask{1} << lane_);
        for (Mask rest = order_.synced ? open : 0; rest != 0; rest &= rest - 1) {
          if (order_.seen[lane_][first(rest)] > clock_of(s)) open &= ~(rest & (0 - rest));
        }
        if (open == 0) return true;
      }
    }
    return !block_.acquired.empty() && acquired(s, threads);
  }

  bool mine(const Acquired& a) const {
    const uint32_t thread = warp_.first_thread + lane_;
    return a.thread == thread || at_clock(block_.own, a.clock) < block_.barrier ||
           (a.thread / kLanes == thread / kLanes && order_.synced && order_.seen[lane_][a.thread % kLanes] > a.clock);
  }

  bool acquired(Stamp s, const Threads& threads) const {
    const std::lock_guard<std::mutex> lock(releases_mutex);
    std::vector<Acquired> open;
    for (const Acquired& a : block_.acquired) {
      if (mine(a)) open.push_back(a);
    }
    std::map<const Releases*, size_t> done;  // the first so many of each
    std::set<uint32_t> blocks = {block_.number()};
    while (!open.empty()) {
      const Acquired a = open.back();
      open.pop_back();
      for (size_t& k = done[a.from]; k < a.count; ++k) {
        const Release& release = a.from->list[k];
        if (threads.who == kGrid) blocks.insert(release.serial);
        else if (release.serial == serial_of(s) && covers(release, s, threads)) return true;
        open.insert(open.end(), release.prior.begin(), release.prior.end());
      }
    }
    return threads.who == kGrid && blocks.size() == block_of.size();
  }

  static bool covers(const Release& release, Stamp s, const Threads& threads) {
    for (uint32_t t = 0; t < release.before.size(); ++t) {
      const bool among =
          threads.who == kBlock || (t / kLanes == threads.warp && (threads.lanes >> t % kLanes & 1) != 0);
      if (among && release.before[t] <= clock_of(s)) return false;
    }
    return true;
  }

  const Warp& warp_;
  uint32_t lane_;
  const BlockOrder& block_;
  const Order& order_;
  Space space_;
};

// ---- cells

struct Present {
  const Warp& warp;
  const Instruction& instruction;
  Mask lanes;
  Space space;
  uint64_t offset;
  uint32_t bytes;
  Access access;

  std::string others(uint32_t lane, Stamp other, Mask readers) const {
    const Launch& launch = *warp.block->launch;
    if (who_of(other) == kGrid) return "several blocks";
    const std::string block = "block " + text(place(block_of[serial_of(other) - first_serial], launch.grid));
    if (who_of(other) == kBlock) return "several threads of " + block;
    uint32_t thread = thread_of(other);
    if (who_of(other) == kSome && (readers & ~(Mask{1} << lane)) != 0 && thread == warp.first_thread + lane)
      thread = thread / kLanes * kLanes + first(readers & ~(Mask{1} << lane));
    return block + ", thread " + text(place(thread, launch.block));
  }

  // `readers`: which lanes, where the other access is a read by several.
  [[noreturn]] void race(uint32_t lane, Stamp other, Mask readers, uint16_t other_at, const char* other_access) const {
    const Launch& launch = *warp.block->launch;
    std::ostringstream what;
    const uint64_t address = warp.block->window[space].first + offset;
    what << "race on " << bytes << " bytes of " << name(space) << " memory at 0x" << std::hex << address << std::dec
         << " (" << locate(launch, space, address, bytes) << "): nothing orders this " << name(access) << " and the "
         << other_access << " by " << others(lane, other, readers) << ", at "
         << text(launch.kernel, launch.kernel.code[other_at]);
    fault(FaultKind::kLaunchFailed, warp, instruction, lane, what.str());
  }

  void check_write(const Cell& cell) const {
    if (settled(warp, cell.write, space)) return;
    const bool atomic = who_of(cell.write) != kOne;
    if (atomic && access == Access::kAtomic) return;
    for (Mask rest = lanes; rest != 0; rest &= rest - 1) {
      if (Past(warp, first(rest), space).holds_write(cell)) continue;
      race(first(rest), cell.write, 0, cell.write_at, atomic ? "atomic update" : "write");
    }
  }

  void check_reads(const Cell& cell) const {
    if (settled(warp, cell.read, space)) return;
    for (Mask rest = lanes; rest != 0; rest &= rest - 1) {
      if (!Past(warp, first(rest), space).holds_reads(cell))
        race(first(rest), cell.read, cell.readers, cell.read_at, "read");
    }
  }

  Stamp stamp() const { return warp.order->stamp[first(lanes)]; }

  // Whether the cell says already that these lanes read it.
  bool included(const Cell& cell) const {
    const BlockOrder& block = *warp.block->order;
    const Stamp read = load(cell.read);
    switch (who_of(read)) {
      case kGrid: return read >= block.oldest[space];
      case kBlock: return serial_of(read) == block.number() && read >= block.barrier;
      case kSome:
        return (read ^ stamp()) >> (kThreadShift + 5) == 0 && (lanes & ~cell.readers) == 0;  // the same warp and clock
      case kOne: return read == stamp() && !many(lanes);
    }
    return false;
  }

  void add_read(Cell& cell) const {
    const BlockOrder& block = *warp.block->order;
    if (included(cell)) return;
    Mask earlier = 0;
    // What is before one of these reads need not be kept: what comes after all of these comes after it.
    if (!settled(warp, cell.read, space) && !Past(warp, first(lanes), space).holds_reads(cell)) {
      if (who_of(cell.read) == kGrid || serial_of(cell.read) != block.number()) return set_read(cell, kGrid);
      if (who_of(cell.read) == kBlock || thread_of(cell.read) / kLanes != warp.first_thread / kLanes) {
        return set_read(cell, kBlock);
      }
      earlier = who_of(cell.read) == kSome ? cell.readers : Mask{1} << thread_of(cell.read) % kLanes;
    }
    const Mask all = earlier | lanes;
    set_read(cell, many(all) ? kSome : kOne);
    cell.readers = all;
  }

  void set_read(Cell& cell, Who who) const {
    __atomic_store_n(&cell.read, stamp() | who, __ATOMIC_RELAXED);
    cell.read_at = index_in_kernel(warp, instruction);
  }

  void add_write(Cell& cell) const {
    Who who = kOne;
    if (access == Access::kAtomic) {
      const BlockOrder& block = *warp.block->order;
      who = kSome;
      if (cell.write >= block.oldest[space] && who_of(cell.write) != kOne &&
          !Past(warp, first(lanes), space).holds_write(cell)) {
        who = who_of(cell.write) == kGrid || serial_of(cell.write) != block.number() ? kGrid : kBlock;
      }
    } else {
      cell.read = 0;  // what is ordered after the write is ordered after everything before it
    }
    cell.write = stamp() | who;
    cell.write_at = index_in_kernel(warp, instruction);
  }

  void record(Cell& cell) const {
    check_write(cell);
    if (access == Access::kLoad) return add_read(cell);
    check_reads(cell);
    add_write(cell);
  }
};

}  // namespace

uint32_t begin_launch(const Launch& launch, const std::vector<uint64_t>& order, bool parallel) {
  const uint64_t blocks = order.size();
  if (blocks > INT32_MAX) throw Fault{FaultKind::kLaunchFailed, "more blocks than the race check can tell apart"};
  if (next_serial + blocks > UINT32_MAX) {
    launch.memory.forget_accesses();
    next_serial = 1;
  }
  block_of = order;
  in_parallel = parallel;
  releases.clear();
  any_release = false;
  first_serial = next_serial;
  next_serial += static_cast<uint32_t>(blocks);
  return first_serial;
}

void begin_block(BlockState& block, std::vector<Warp>& warps, uint32_t serial) {
  BlockOrder& order = *block.order;
  order.own = Stamp{serial} << kSerialShift;
  order.barrier = at_clock(order.own, 1);
  order.oldest[kGlobal] = Stamp{first_serial} << kSerialShift;
  order.oldest[kShared] = order.own;
  order.fenced = false;
  order.acquired.clear();
  order.warps.resize(warps.size());
  for (size_t w = 0; w < warps.size(); ++w) {
    warps[w].order = &order.warps[w];
    warps[w].order->clock = 0;
    warps[w].order->fenced = false;
  }
  order_at_barrier(block);
}

void order_at_barrier(BlockState& block) {
  if (block.order == nullptr) return;
  BlockOrder& order = *block.order;
  uint32_t latest = 0;
  for (const Order& warp : order.warps) latest = std::max(latest, warp.clock);
  const uint32_t clock = std::min(latest + 1, kLastClock);
  order.barrier = at_clock(order.own, clock);
  uint32_t thread = 0;
  for (Order& warp : order.warps) {
    warp.synced = false;
    warp.together = 0;
    set_clock(warp, order.own, thread, clock);
    thread += kLanes;
  }
}

void order_at_warp_sync(Warp& warp, Mask members) {
  if (warp.order == nullptr) return;
  Order& order = *warp.order;
  if (!order.synced) std::memset(order.seen, 0, sizeof order.seen);
  order.synced = true;
  const uint32_t clock = tick(warp);
  if ((warp.live & ~members) == 0) order.together = clock;
  uint32_t joint[kLanes] = {};
  for (Mask rest = members; rest != 0; rest &= rest - 1) {
    for (uint32_t k = 0; k < kLanes; ++k) joint[k] = std::max(joint[k], order.seen[first(rest)][k]);
  }
  for (Mask rest = members; rest != 0; rest &= rest - 1) joint[first(rest)] = clock;
  for (Mask rest = members; rest != 0; rest &= rest - 1) std::memcpy(order.seen[first(rest)], joint, sizeof joint);
}

void order_at_fence(Warp& warp, Mask lanes) {
  if (warp.order == nullptr) return;
  Order& order = *warp.order;
  if (!order.fenced) {
    for (Order::Fence& fence : order.fence) fence.clock = 0;
  }
  order.fenced = warp.block->order->fenced = true;
  const uint32_t clock = tick(warp);
  for (Mask rest = lanes; rest != 0; rest &= rest - 1) {
    Order::Fence& fence = order.fence[first(rest)];
    fence.clock = clock;
    fence.barrier = clock_of(warp.block->order->barrier);
    if (order.synced) std::memcpy(fence.seen, order.seen[first(rest)], sizeof fence.seen);
    else std::memset(fence.seen, 0, sizeof fence.seen);
  }
}

void order_at_atomic(const Warp& warp, uint32_t lane, Space space, uint64_t address) {
  if (warp.order == nullptr) return;
  BlockOrder& block = *warp.block->order;
  if (!block.fenced && !any_release) return;
  const Order& own = *warp.order;
  const std::lock_guard<std::mutex> lock(releases_mutex);
  Releases& here = releases[{space == kShared ? block.number() : 0, address}];
  if (!here.list.empty()) { block.acquired.push_back({warp.first_thread + lane, own.clock, &here, here.list.size()}); }
  if (!block.fenced) return;
  // Each thread's own fence, if it is before this operation.
  Release release{block.number(), std::vector<uint32_t>(block.warps.size() * kLanes), {}};
  const uint32_t barrier = clock_of(block.barrier);
  for (size_t t = 0; t < release.before.size(); ++t) {
    const Order& order = block.warps[t / kLanes];
    const uint32_t k = t % kLanes, clock = order.fenced ? order.fence[k].clock : 0;
    const bool known = clock < barrier || (&order == &own && (k == lane || (own.synced && own.seen[lane][k] > clock)));
    if (known) release.before[t] = clock;
  }
  // And all that is before this thread's fence.
  const Order::Fence& fence = own.fence[lane];
  if (own.fenced && fence.clock != 0) {
    for (uint32_t& before : release.before) before = std::max(before, fence.barrier);
    for (uint32_t k = 0; k < kLanes; ++k) {
      uint32_t& before = release.before[warp.first_thread + k];
      before = std::max(before, fence.seen[k]);
    }
  }
  for (const Acquired& a : block.acquired) release.prior.push_back(a);
  here.list.push_back(std::move(release));
  any_release = true;
}

Guard::Guard(const Warp& warp, Space space, uint64_t offset, uint64_t bytes) {
  if (!in_parallel || space != kGlobal || warp.block->window[space].cells == nullptr) return;
  const auto a = static_cast<int>(offset / kRegion % kLocks);
  const auto b = static_cast<int>((offset + bytes - 1) / kRegion % kLocks);
  lock_[0] = std::min(a, b);
  if (a != b) lock_[1] = std::max(a, b);
  for (const int k : lock_) {
    for (int tries = 0; k >= 0 && locks[k].taken.exchange(true, std::memory_order_acquire); ++tries) {
      if (tries > 100) sched_yield();
    }
  }
}

Guard::~Guard() {
  for (const int k : lock_) {
    if (k >= 0) locks[k].taken.store(false, std::memory_order_release);
  }
}

uint16_t index_in_kernel(const Warp& warp, const Instruction& i) {
  const auto index = &i - warp.block->launch->kernel.code.data();
  return static_cast<uint16_t>(std::min<std::ptrdiff_t>(index, UINT16_MAX));
}

void record(const Warp& warp, const Instruction& i, Mask lanes, Space space, uint64_t offset, uint32_t bytes,
            Access access) {
  const Window& window = warp.block->window[space];
  if (window.cells == nullptr) return;
  if (access ==
      Access::kLoad) {  // Without a lock: a write elsewhere that is not in order finds the read that is there.
    const Present present{warp, i, lanes, space, offset, bytes, access};
    bool known = true;
    for (uint64_t c = offset >> window.cell_shift; c <= (offset + bytes - 1) >> window.cell_shift; ++c) {
      known = known && settled(warp, load(window.cells[c].write), space) && present.included(window.cells[c]);
    }
    if (known) return;
  }
  const Guard guard(warp, space, offset, bytes);
  record_guarded(warp, i, lanes, space, offset, bytes, access);
}

void record_guarded(const Warp& warp, const Instruction& i, Mask lanes, Space space, uint64_t offset, uint32_t bytes,
                    Access access) {
  const Window& window = warp.block->window[space];
  if (window.cells == nullptr) return;
  const Present present{warp, i, lanes, space, offset, bytes, access};
  for (uint64_t c = offset >> window.cell_shift; c <= (offset + bytes - 1) >> window.cell_shift; ++c) {
    present.record(window.cells[c]);
  }
}

}  // namespace thalweg
