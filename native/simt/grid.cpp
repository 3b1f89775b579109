#include "simt/grid.h"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <thread>

#include "simt/fault.h"
#include "simt/race.h"

namespace thalweg {
namespace {

constexpr uint64_t kOddRatio = 0x9e3779b97f4a7c15;  // of a golden section: spreads neighbouring seeds

// Round to nearest even, subnormals kept, whatever the calling thread had set.
struct DefaultArithmetic {
  DefaultArithmetic() {
    std::fegetenv(&saved);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultArithmetic() { std::fesetenv(&saved); }
  DefaultArithmetic(const DefaultArithmetic&) = delete;
  DefaultArithmetic& operator=(const DefaultArithmetic&) = delete;

  std::fenv_t saved;
};

struct alignas(64) CacheLine {
  uint8_t bytes[64];
};

// Executes blocks, one after the other, in memory that it keeps.
class Worker {
 public:
  // `counts` is null if nothing is counted.
  void prepare(const Launch& launch, LaunchCounts* counts) {
    const size_t lines = launch.kernel.register_bytes / sizeof(CacheLine);
    warps_.assign((launch.block.count() + kLanes - 1) / kLanes, Warp());
    order_.resize(warps_.size());
    std::iota(order_.begin(), order_.end(), 0);
    if (registers_.size() < lines * warps_.size()) registers_.resize(lines * warps_.size());
    for (size_t w = 0; w < warps_.size(); ++w) {
      warps_[w].block = &block_;
      warps_[w].registers = registers_[w * lines].bytes;
      warps_[w].first_thread = static_cast<uint32_t>(w) * kLanes;
      set_constants(launch, warps_[w]);
    }
    shared_.resize(launch.shared);
    shared_shadow_.resize(launch.shared);
    local_.resize(launch.block.count() * local_stride(launch.kernel));
    local_shadow_.resize(local_.size());
    parameters_ = launch.parameters;
    parameter_shadow_.assign(parameters_.size(), kReadable);
    const bool checks = launch.settings.checks != 0;
    const int cell_shift = launch.kernel.narrow_stores ? 0 : 2;
    cells_.assign(checks ? (launch.shared >> cell_shift) + 1 : 0, Cell());
    block_.launch = &launch;
    counts_ = {};
    if (counts != nullptr) counts_.traffic.resize(counts->buffers.size());
    block_.counts = counts != nullptr ? &counts_ : nullptr;
    block_.launch_counts = counts;
    block_.order = checks ? &block_order_ : nullptr;
    block_.window[kGlobal] = launch.memory.window();
    block_.window[kGlobal].cell_shift = cell_shift;
    if (!checks) block_.window[kGlobal].cells = nullptr;
    block_.window[kShared] = {
        0, shared_.size(), shared_.data(), shared_shadow_.data(), checks ? cells_.data() : nullptr, cell_shift};
    block_.window[kParameter] = {0, parameters_.size(), parameters_.data(), parameter_shadow_.data()};
    block_.window[kLocal] = {0, launch.kernel.local_bytes, local_.data(), local_shadow_.data()};
  }

  // `serial` is the block's in the race check; `budget` is what the launch may still issue. Returns what the block has
  // issued.
  int64_t run_block(uint64_t number, uint32_t serial, uint64_t seed, int64_t budget) {
    block_.budget = budget;
    const uint64_t threads = block_.launch->block.count();
    block_.index = place(number, block_.launch->grid);
    std::fill(shared_shadow_.begin(), shared_shadow_.end(), kAllocated);
    std::fill(local_shadow_.begin(), local_shadow_.end(), kAllocated);
    for (Warp& warp : warps_) {
      warp.live = kAllLanes >> (kLanes - std::min<uint64_t>(kLanes, threads - warp.first_thread));
      warp.waiting = 0;
      std::fill(std::begin(warp.counter), std::end(warp.counter), 0);
      for (uint32_t lane = 0; lane < kLanes; ++lane) set_special(warp, kCtaid, lane, block_.index);
    }
    if (block_.order != nullptr) begin_block(block_, warps_, serial);
    std::mt19937_64 random(seed ^ number * kOddRatio);
    do {
      if (seed != 0) std::shuffle(order_.begin(), order_.end(), random);
      for (size_t w : order_) warps_[w].run();
    } while (release_barrier());
    return budget - block_.budget;
  }

  const Counts& counts() const { return counts_; }

  uint64_t executed() const {
    return std::accumulate(warps_.begin(), warps_.end(), uint64_t{0},
                           [](uint64_t sum, const Warp& warp) { return sum + warp.executed; });
  }

 private:
  static void set_special(const Warp& warp, Special first, uint32_t lane, const Dim3& value) {
    auto* special = reinterpret_cast<uint32_t(*)[kLanes]>(warp.registers) + first;
    special[0][lane] = value.x;
    special[1][lane] = value.y;
    special[2][lane] = value.z;
  }

  static void set_constants(const Launch& launch, const Warp& warp) {
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      set_special(warp, kTid, lane, place(warp.first_thread + lane, launch.block));
      set_special(warp, kNtid, lane, launch.block);
      set_special(warp, kNctaid, lane, launch.grid);
      for (const Constant& c : launch.kernel.constants) {
        std::memcpy(warp.registers + c.slot + size_t{lane} * c.width, &c.bits, c.width);  // little-endian
      }
    }
  }

  // All live threads stand at barriers. Lets them go on if it is the same one for all; false if no thread is left.
  bool release_barrier() {
    const Instruction* code = block_.launch->kernel.code.data();
    const Instruction* barrier = nullptr;
    block_.vote = false;
    for (const Warp& warp : warps_) {
      for (uint32_t lane = 0; lane < kLanes; ++lane) {
        if ((warp.live >> lane & 1) == 0) continue;
        const Instruction& here = code[warp.counter[lane]];
        if (barrier == nullptr) barrier = &here;
        if (&here == barrier) continue;
        fault(FaultKind::kLaunchFailed, warp, here, lane,
              "divergent barrier: other threads of the block wait at PTX line " + std::to_string(barrier->line));
      }
      if (barrier == nullptr || barrier->execute == nullptr) continue;
      block_.vote |= (*reinterpret_cast<const Mask*>(warp.registers + barrier->slot[1]) & warp.live) != 0;
    }
    if (barrier == nullptr) return false;
    // Lanes that have exited leave a barrier; a warp that never comes is a mistake.
    const auto waiting = std::find_if(warps_.begin(), warps_.end(), [](const Warp& warp) { return warp.live != 0; });
    for (const Warp& warp : warps_) {
      if (warp.live != 0) continue;
      fault(
          FaultKind::kLaunchFailed, *waiting, *barrier, static_cast<uint32_t>(__builtin_ctz(waiting->live)),
          "missed barrier: the warp of thread " + text(place(warp.first_thread, block_.launch->block)) + " has exited");
    }
    order_at_barrier(block_);
    for (Warp& warp : warps_) {
      if (barrier->execute != nullptr) barrier->execute(warp, *barrier, warp.live);
      for (uint32_t& counter : warp.counter) ++counter;
      warp.waiting = 0;
    }
    return true;
  }

  BlockState block_;
  std::vector<Warp> warps_;
  std::vector<size_t> order_;
  std::vector<CacheLine> registers_;
  BlockOrder block_order_;
  Counts counts_;
  std::vector<Cell> cells_;
  std::vector<uint8_t> shared_, shared_shadow_, local_, local_shadow_, parameters_, parameter_shadow_;
};

// Threads that wait for work: to start one for each launch would take longer than many a launch.
class Helpers {
 public:
  // Calls work(1) to work(count) on threads of its own and work(0) on this one. It must not throw.
  void run(size_t count, const std::function<void(size_t)>& work) {
    std::unique_lock<std::mutex> lock(mutex_);
    while (started_ < count) std::thread(&Helpers::help, this, ++started_).detach();
    work_ = &work;
    count_ = busy_ = count;
    ++round_;
    begin_.notify_all();
    lock.unlock();
    work(0);
    lock.lock();
    end_.wait(lock, [&] { return busy_ == 0; });
  }

 private:
  void help(size_t number) {
    std::unique_lock<std::mutex> lock(mutex_);
    for (uint64_t seen = number <= count_ ? round_ - 1 : round_;; seen = round_) {
      begin_.wait(lock, [&] { return round_ != seen && number <= count_; });
      lock.unlock();
      (*work_)(number);
      lock.lock();
      if (--busy_ == 0) end_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable begin_, end_;
  const std::function<void(size_t)>* work_ = nullptr;
  size_t started_ = 0, count_ = 0, busy_ = 0;
  uint64_t round_ = 0;
};

}  // namespace

uint64_t environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string text(const Dim3& d) {
  return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + ")";
}

Dim3 place(uint64_t n, const Dim3& in) {
  return {static_cast<uint32_t>(n % in.x), static_cast<uint32_t>(n / in.x % in.y),
          static_cast<uint32_t>(n / in.x / in.y)};
}

uint64_t run(const Launch& launch) {
  // The driver makes one call at a time. Never destroyed: a kernel may be running while the process ends.
  static auto& workers = *new std::vector<Worker>;
  const uint64_t blocks = launch.grid.count();
  const uint64_t threads = environment("THALWEG_SIM_THREADS", std::thread::hardware_concurrency());
  const auto used = static_cast<size_t>(std::clamp<uint64_t>(threads, 1, blocks));
  if (workers.size() < used) workers.resize(used);
  uint64_t seed = launch.settings.seed;
  std::vector<uint64_t> order(blocks);
  std::iota(order.begin(), order.end(), 0);
  if (seed != 0) {
    seed += ++launch.settings.launches * kOddRatio;
    std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
  }
  const uint32_t serial = launch.settings.checks != 0 ? begin_launch(launch, order, used > 1) : 0;

  const bool counting = launch.settings.counting != 0;
  LaunchCounts launch_counts;
  if (counting) launch_counts = launch.counters.begin(launch);

  std::atomic<uint64_t> next = 0;
  std::atomic<int64_t> budget = static_cast<int64_t>(std::min<uint64_t>(launch.settings.budget, INT64_MAX));
  std::mutex mutex;
  std::exception_ptr failure;
  uint64_t failed = blocks;
  const auto work = [&](size_t number) {
    Worker& worker = workers[number];
    const DefaultArithmetic arithmetic;
    uint64_t position = 0;
    try {
      worker.prepare(launch, counting ? &launch_counts : nullptr);
      while ((position = next++) < blocks) {
        budget -= worker.run_block(order[position], serial + static_cast<uint32_t>(position), seed, budget);
      }
    } catch (...) {
      // Positions are given in ascending order: every lower one is under way, and its failure would count instead.
      const std::lock_guard<std::mutex> lock(mutex);
      if (position < failed) failure = std::current_exception();
      failed = std::min(failed, position);
      next = blocks;
    }
  };
  static auto* helpers = new Helpers;  // never destroyed: its threads wait on while the process ends
  helpers->run(used - 1, work);
  if (failure) std::rethrow_exception(failure);
  if (counting) {
    std::vector<const Counts*> counts;
    for (size_t i = 0; i < used; ++i) counts.push_back(&workers[i].counts());
    launch.counters.add(launch.kernel, launch_counts, counts);
  }
  uint64_t executed = 0;
  for (size_t i = 0; i < used; ++i) executed += workers[i].executed();
  return executed;
}

}  // namespace thalweg
