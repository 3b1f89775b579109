#include "simt/grid.h"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <thread>

#include "simt/fault.h"

namespace thalweg {
namespace {

constexpr uint64_t kOddRatio = 0x9e3779b97f4a7c15;  // of a golden section: spreads neighbouring seeds

uint64_t environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

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
  void prepare(const Launch& launch) {
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
    parameters_ = launch.parameters;
    parameter_shadow_.assign(parameters_.size(), kReadable);
    block_.launch = &launch;
    block_.window[kGlobal] = launch.memory.window();
    block_.window[kShared] = {0, shared_.size(), shared_.data(), shared_shadow_.data()};
    block_.window[kParameter] = {0, parameters_.size(), parameters_.data(), parameter_shadow_.data()};
  }

  void run_block(uint64_t number, uint64_t seed) {
    const uint64_t threads = block_.launch->block.count();
    block_.index = place(number, block_.launch->grid);
    std::fill(shared_shadow_.begin(), shared_shadow_.end(), kAllocated);
    for (Warp& warp : warps_) {
      warp.live = kAllLanes >> (kLanes - std::min<uint64_t>(kLanes, threads - warp.first_thread));
      warp.waiting = 0;
      std::fill(std::begin(warp.counter), std::end(warp.counter), 0);
      for (uint32_t lane = 0; lane < kLanes; ++lane) set_special(warp, kCtaid, lane, block_.index);
    }
    std::mt19937_64 random(seed ^ number * kOddRatio);
    do {
      if (seed != 0) std::shuffle(order_.begin(), order_.end(), random);
      for (size_t w : order_) warps_[w].run();
    } while (release_barrier());
  }

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
  std::vector<uint8_t> shared_, shared_shadow_, parameters_, parameter_shadow_;
};

}  // namespace

std::string text(const Dim3& d) {
  return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + ")";
}

Dim3 place(uint64_t n, const Dim3& in) {
  return {static_cast<uint32_t>(n % in.x), static_cast<uint32_t>(n / in.x % in.y),
          static_cast<uint32_t>(n / in.x / in.y)};
}

uint64_t run(const Launch& launch) {
  static std::vector<Worker> workers;  // the driver makes one call at a time
  static uint64_t launches = 0;
  const uint64_t blocks = launch.grid.count();
  const uint64_t threads = environment("THALWEG_SIM_THREADS", std::thread::hardware_concurrency());
  const auto used = static_cast<size_t>(std::clamp<uint64_t>(threads, 1, blocks));
  if (workers.size() < used) workers.resize(used);
  uint64_t seed = environment("THALWEG_SIM_SEED", 0);
  std::vector<uint64_t> order;
  if (seed != 0) {
    seed += ++launches * kOddRatio;
    order.resize(blocks);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
  }

  std::atomic<uint64_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  uint64_t failed = blocks;
  const auto work = [&](Worker& worker) {
    const DefaultArithmetic arithmetic;
    uint64_t position = 0;
    try {
      worker.prepare(launch);
      while ((position = next++) < blocks) worker.run_block(order.empty() ? position : order[position], seed);
    } catch (...) {
      // Positions are given in ascending order: every lower one is under way, and its failure would count instead.
      const std::lock_guard<std::mutex> lock(mutex);
      if (position < failed) failure = std::current_exception();
      failed = std::min(failed, position);
      next = blocks;
    }
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < used; ++i) helpers.emplace_back(work, std::ref(workers[i]));
  work(workers[0]);
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
  uint64_t executed = 0;
  for (size_t i = 0; i < used; ++i) executed += workers[i].executed();
  return executed;
}

}  // namespace thalweg
