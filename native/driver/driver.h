// The driver's state, and the function through which every call goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "driver/cuda_abi.h"
#include "ptx/program.h"
#include "simt/grid.h"
#include "simt/memory.h"

namespace thalweg {

// Limits of the device, which is a small one.
inline constexpr uint64_t kMostDevices = 4;
inline const uint64_t kDeviceMemory = environment("THALWEG_SIM_MEMORY", uint64_t{8} << 30);
inline constexpr int kMaxThreads = 1024;  // of a block
inline constexpr int kMaxBlock[3] = {1024, 1024, 64};
inline constexpr int kMaxGrid[3] = {0x7fffffff, 65535, 65535};
inline constexpr int kMaxShared = 48 << 10;  // bytes of a block

// Whether a text is what THALWEG_SIM_FAIL takes: CALL:N:CODE.
bool asks_for_a_failure(const std::string& text);

// What is wrong with the first variable THALWEG_SIM_* that is misspelt or has a value that is not allowed; else empty.
const std::string& wrong_environment();

// Thrown inside a call, which then returns the code; the message goes to thalweg_sim_message.
struct Failure {
  CUresult code;
  std::string message;
};

inline void require(bool condition, CUresult code, const char* message) {
  if (!condition) throw Failure{code, message};
}

// Objects by opaque handles. A handle is never used again, so a stale one is recognised.
template <class Handle, class T> class Registry {
 public:
  Handle add(std::shared_ptr<T> object) {
    static uintptr_t last = 0x1000;
    const auto handle = reinterpret_cast<Handle>(last += 16);
    objects_[handle] = std::move(object);
    return handle;
  }

  const std::shared_ptr<T>& get(Handle handle) const {
    const auto found = objects_.find(handle);
    if (found == objects_.end()) throw Failure{CUDA_ERROR_INVALID_HANDLE, "the handle names nothing that exists"};
    return found->second;
  }

  void remove(Handle handle) {
    get(handle);
    objects_.erase(handle);
  }

  template <class Condition> void remove_if(Condition condition) {
    for (auto at = objects_.begin(); at != objects_.end();) at = condition(*at->second) ? objects_.erase(at) : ++at;
  }

  size_t size() const { return objects_.size(); }
  auto begin() const { return objects_.begin(); }
  auto end() const { return objects_.end(); }

 private:
  std::unordered_map<Handle, std::shared_ptr<T>> objects_;
};

struct Function {
  std::shared_ptr<const Module> module;  // keeps the kernel alive in graphs
  const Kernel* kernel;
};

struct Context;
using Work = std::function<void(Context&)>;
using Graph = std::vector<Work>;

struct Stream {
  bool blocking = true;      // the default stream waits for it
  std::deque<Work> pending;  // where work is done late
  CUstreamCaptureStatus capture = CU_CAPTURE_NONE;
  CUstreamCaptureMode mode = CU_CAPTURE_GLOBAL;
  std::thread::id capturing_thread;
  Graph graph;
};

struct Event {
  bool timed;
  CUstream stream = nullptr;  // in which it was recorded last
  uint64_t recorded = 0;      // how often
  uint64_t reached = 0;       // which of these the streams have come to
  std::chrono::steady_clock::time_point time{};
};

// Page-locked host memory.
struct Pinned {
  explicit Pinned(size_t size) : size(size), data(new (std::align_val_t(4096)) char[size]) {}
  ~Pinned() { operator delete[](data, std::align_val_t(4096)); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

  size_t size;
  char* data;
};

// The module globals with reserved names, through which a program reads and steers this driver: globals.cpp has the
// list. They are there in every module, and after an error as well.
struct Globals {
  uint64_t calls = 0;         // into the driver, without those that read and write these globals
  uint64_t instructions = 0;  // lane-instructions executed
  Settings settings;
  uint64_t objects = 0;     // of the context that last asked where this is: allocations, streams, modules, ..
  uint64_t version = 0;     // what the driver says it is, like 12000
  uint64_t capability = 0;  // what the devices say they are, like 75
  uint64_t pools = 0;       // whether they have memory pools
  uint64_t late = 0;        // whether streams do their work as late as they may: when somebody waits
  uint64_t print = 1;       // whether a failed kernel is reported on stderr too, not in message alone
  char message[4096] = {};  // of the last failure
  char fail[256] = {};      // a fault to inject: "cuMemAlloc:3:2" lets the third call of that name return code 2,
                            // and "*:3:2" the third of any
};

struct Context {
  explicit Context(CUdevice device) : memory(device, kDeviceMemory) {}

  GlobalMemory memory;
  CUresult sticky = CUDA_SUCCESS;
  Registry<CUmodule, const Module> modules;
  Registry<CUfunction, const Function> functions;
  Registry<CUstream, Stream> streams;
  Registry<CUevent, Event> events;
  Registry<CUgraph, Graph> graphs;
  Registry<CUgraphExec, const Graph> graph_execs;
  std::map<const void*, std::unique_ptr<Pinned>> pinned;  // by address

  // Throws if a kernel has failed: the message of that failure stays.
  void require_intact() const { require(sticky == CUDA_SUCCESS, sticky, ""); }
  // Whether all of that host memory is page-locked.
  bool is_pinned(const void* from, size_t bytes) const;
  size_t objects() const;
  // Does what is pending: the next of a stream, all of it, of those that the default stream waits for, of all.
  void do_next(Stream& stream);
  void finish(Stream& stream);
  void finish_unless_capturing(CUstream stream);
  void finish_blocking();
  void finish_all();
  // Does the work now, or late, or records it if the stream captures.
  void enqueue(CUstream stream, Work work);
  // For calls that CUDA forbids while a stream captures: makes such a capture invalid and throws.
  void forbid_during_capture();
  // For what CUDA can make a node of a graph, and this driver cannot: the same.
  void forbid_in_graph(CUstream stream, const char* message);
};

// A device's primary context, while it is retained. There are no others.
struct Primary {
  std::unique_ptr<Context> context;
  CUcontext handle = nullptr;  // another one each time
  uint32_t retained = 0;
};

struct Driver {
  Driver();

  std::mutex mutex;
  bool initialized = false;
  Globals globals;
  uint64_t calls_to_fail = 0;  // those that globals.fail names, since it was set
  Counters counters;
  std::string counters_text;  // as it was when a program last asked where it is
  std::vector<Primary> devices;

  static Driver& get();
  static CUcontext& current();               // of the calling thread; null if it has none
  void reset_settings();                     // to what the environment says
  void inject(const char* name);             // throws if this call is to fail
  void check_device(CUdevice device) const;  // throws if cuInit has not been called, or there is no such device
  Context& context(CUcontext of) const;      // throws if the handle names no context
};

// Runs body(driver) as one driver call: counts it, serialises it, turns exceptions into codes. A call that reads or
// writes the reserved globals does not count.
CUresult call(const char* name, const std::function<void(Driver&)>& body, bool counts = true) noexcept;

// The same with the calling thread's context, intact.
CUresult call_in_context(const char* name, const Work& body) noexcept;

// Where a reserved global is, or null if the name is not reserved.
struct GlobalPlace {
  CUdeviceptr address;
  size_t bytes;
};
bool is_global(CUdeviceptr address);
std::optional<GlobalPlace> find_global(Driver& driver, const char* name);
// These return false if the range does not begin in a reserved global. Throw if it ends elsewhere, or is read-only.
bool read_global(const Driver& driver, void* to, CUdeviceptr from, size_t bytes);
bool write_global(Driver& driver, CUdeviceptr to, const void* from, size_t bytes);

}  // namespace thalweg
