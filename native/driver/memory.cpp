// Device memory: allocation, copies, fills.
#include "simt/memory.h"

#include <cstring>

#include "driver/driver.h"

namespace thalweg {
namespace {

// Whether there is something to do.
bool accessible(const Context& context, CUdeviceptr address, size_t bytes) {
  if (bytes == 0 || context.memory.contains(address, bytes)) return bytes != 0;
  throw Failure{CUDA_ERROR_INVALID_VALUE, "the " + std::to_string(bytes) + " bytes are not in one allocation: " +
                                              context.memory.locate(address, bytes)};
}

// The operations. A call does them at once, or in the order of a stream.

Work copy_in(CUdeviceptr to, const void* from, size_t bytes) {
  return [=](Context& context) {
    if (accessible(context, to, bytes)) context.memory.copy_in(to, from, bytes);
  };
}

Work copy_out(void* to, CUdeviceptr from, size_t bytes) {
  return [=](Context& context) {
    if (accessible(context, from, bytes)) context.memory.copy_out(to, from, bytes);
  };
}

Work copy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return [=](Context& context) {
    if (accessible(context, to, bytes) && accessible(context, from, bytes)) context.memory.copy(to, from, bytes);
  };
}

Work fill(CUdeviceptr to, unsigned char value, size_t bytes) {
  return [=](Context& context) {
    if (accessible(context, to, bytes)) context.memory.fill(to, value, bytes);
  };
}

// At once; waits for the streams that the default stream waits for.
CUresult now(const char* name, const Work& work) {
  return call_in_context(name, [&](Context& context) {
    context.forbid_during_capture();
    context.finish_blocking();
    work(context);
  });
}

CUresult later(const char* name, CUstream stream, const Work& work) {
  return call_in_context(name, [&](Context& context) { context.enqueue(stream, work); });
}

CUdeviceptr allocate(Context& context, size_t bytes) {
  require(bytes > 0, CUDA_ERROR_INVALID_VALUE, "the size must not be 0");
  if (const CUdeviceptr address = context.memory.allocate(bytes)) return address;
  throw Failure{CUDA_ERROR_OUT_OF_MEMORY,
                std::to_string(bytes) + " bytes wanted, " + std::to_string(context.memory.available()) + " free"};
}

Work release(CUdeviceptr address) {
  return [=](Context& context) {
    if (address == 0 || context.memory.release(address)) return;
    throw Failure{CUDA_ERROR_INVALID_VALUE, "no allocation begins there: " + context.memory.locate(address, 1)};
  };
}

}  // namespace

bool Context::is_pinned(const void* from, size_t bytes) const {
  const auto after = pinned.upper_bound(from);
  if (after == pinned.begin()) return false;
  const Pinned& block = *std::prev(after)->second;
  const auto at = static_cast<size_t>(static_cast<const char*>(from) - block.data);
  return at <= block.size && bytes <= block.size - at;
}

size_t Context::objects() const {
  return memory.live().size() + modules.size() + streams.size() + events.size() + graphs.size() + graph_execs.size() +
         pinned.size();
}

}  // namespace thalweg

using namespace thalweg;

THALWEG_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
  return now("cuMemAlloc", [=](Context& context) { *address = allocate(context, bytes); });
}

THALWEG_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
  return now("cuMemFree", [=](Context& context) {
    context.finish_all();
    release(address)(context);
  });
}

// The memory is there at once; a program cannot tell.
THALWEG_EXPORT CUresult cuMemAllocAsync(CUdeviceptr* address, size_t bytes, CUstream stream) {
  return call_in_context("cuMemAllocAsync", [&](Context& context) {
    require(Driver::get().globals.pools != 0, CUDA_ERROR_NOT_SUPPORTED, "the device has no memory pools");
    context.forbid_in_graph(stream, "memory that a graph allocates is not supported");
    *address = allocate(context, bytes);
  });
}

THALWEG_EXPORT CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  return call_in_context("cuMemFreeAsync", [&](Context& context) {
    require(address != 0, CUDA_ERROR_INVALID_VALUE, "the address is 0");
    context.forbid_in_graph(stream, "memory that a graph frees is not supported");
    context.enqueue(stream, release(address));
  });
}

THALWEG_EXPORT CUresult cuMemHostAlloc(void** address, size_t bytes, unsigned flags) {
  return now("cuMemHostAlloc", [=](Context& context) {
    require(bytes > 0, CUDA_ERROR_INVALID_VALUE, "the size must not be 0");
    require((flags & ~5u) == 0, CUDA_ERROR_NOT_SUPPORTED, "only the flags PORTABLE and WRITECOMBINED are known");
    auto block = std::make_unique<Pinned>(bytes);
    *address = block->data;
    context.pinned[block->data] = std::move(block);
  });
}

THALWEG_EXPORT CUresult cuMemFreeHost(void* address) {
  return now("cuMemFreeHost", [=](Context& context) {
    context.finish_all();
    require(context.pinned.erase(address) == 1, CUDA_ERROR_INVALID_VALUE, "no page-locked memory begins there");
  });
}

THALWEG_EXPORT CUresult cuMemGetInfo_v2(size_t* available, size_t* total) {
  return call_in_context("cuMemGetInfo", [&](Context& context) {
    *available = context.memory.available();
    *total = kDeviceMemory;
  });
}

THALWEG_EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
  return call(
      "cuMemcpyHtoD",
      [&](Driver& driver) {
        Context& context = driver.context(Driver::current());
        if (write_global(driver, to, from, bytes)) return;
        context.require_intact();
        context.forbid_during_capture();
        context.finish_blocking();
        copy_in(to, from, bytes)(context);
      },
      !is_global(to));
}

THALWEG_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  return call_in_context("cuMemcpyHtoDAsync", [&](Context& context) {
    context.enqueue(stream, copy_in(to, from, bytes));
    // From pageable memory the bytes are taken before the call returns, to it they are there.
    if (!context.is_pinned(from, bytes)) context.finish_unless_capturing(stream);
  });
}

THALWEG_EXPORT CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
  return call(
      "cuMemcpyDtoH",
      [&](Driver& driver) {
        Context& context = driver.context(Driver::current());
        if (read_global(driver, to, from, bytes)) return;
        context.require_intact();
        context.forbid_during_capture();
        context.finish_blocking();
        copy_out(to, from, bytes)(context);
      },
      !is_global(from));
}

THALWEG_EXPORT CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return call_in_context("cuMemcpyDtoHAsync", [&](Context& context) {
    context.enqueue(stream, copy_out(to, from, bytes));
    if (!context.is_pinned(to, bytes)) context.finish_unless_capturing(stream);
  });
}

THALWEG_EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return now("cuMemcpyDtoD", copy(to, from, bytes));
}

THALWEG_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return later("cuMemcpyDtoDAsync", stream, copy(to, from, bytes));
}

THALWEG_EXPORT CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t bytes) {
  return now("cuMemsetD8", fill(to, value, bytes));
}

THALWEG_EXPORT CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream) {
  return later("cuMemsetD8Async", stream, fill(to, value, bytes));
}
