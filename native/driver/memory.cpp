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

CUresult now(const char* name, const Work& work) {
  return call_in_context(name, [&](Context& context) {
    context.forbid_during_capture();
    work(context);
  });
}

CUresult later(const char* name, CUstream stream, const Work& work) {
  return call_in_context(name, [&](Context& context) { context.enqueue(stream, work); });
}

}  // namespace
}  // namespace thalweg

using namespace thalweg;

THALWEG_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
  return now("cuMemAlloc", [=](Context& context) {
    require(bytes > 0, CUDA_ERROR_INVALID_VALUE, "the size must not be 0");
    *address = context.memory.allocate(bytes);
    if (*address != 0) return;
    throw Failure{CUDA_ERROR_OUT_OF_MEMORY,
                  std::to_string(bytes) + " bytes wanted, " + std::to_string(context.memory.available()) + " free"};
  });
}

THALWEG_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
  return now("cuMemFree", [=](Context& context) {
    if (address == 0 || context.memory.release(address)) return;
    throw Failure{CUDA_ERROR_INVALID_VALUE, "no allocation begins there: " + context.memory.locate(address, 1)};
  });
}

THALWEG_EXPORT CUresult cuMemGetInfo_v2(size_t* available, size_t* total) {
  return call_in_context("cuMemGetInfo", [&](Context& context) {
    *available = context.memory.available();
    *total = kDeviceMemory;
  });
}

THALWEG_EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
  return call("cuMemcpyHtoD", [&](Driver& driver) {
    Context& context = driver.context(Driver::current());
    if (write_global(driver, to, from, bytes)) return;
    context.require_intact();
    context.forbid_during_capture();
    copy_in(to, from, bytes)(context);
  });
}

THALWEG_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  return later("cuMemcpyHtoDAsync", stream, copy_in(to, from, bytes));
}

THALWEG_EXPORT CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
  return call("cuMemcpyDtoH", [&](Driver& driver) {
    Context& context = driver.context(Driver::current());
    if (read_global(driver, to, from, bytes)) return;
    context.require_intact();
    context.forbid_during_capture();
    copy_out(to, from, bytes)(context);
  });
}

THALWEG_EXPORT CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return later("cuMemcpyDtoHAsync", stream, copy_out(to, from, bytes));
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
