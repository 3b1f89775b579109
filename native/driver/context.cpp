// The primary contexts, current per thread.
#include <algorithm>

#include "driver/driver.h"

namespace thalweg {
namespace {

// Settings made through the reserved globals are reset when the last context is closed.
void close(Primary& primary) {
  primary = {};
  Driver& driver = Driver::get();
  const auto is_open = [](const Primary& other) { return other.context != nullptr; };
  if (std::none_of(driver.devices.begin(), driver.devices.end(), is_open)) driver.reset_settings();
}

CUresult primary_call(const char* name, CUdevice device, const std::function<void(Primary&)>& body) {
  return call(name, [&](Driver& driver) {
    driver.check_device(device);
    body(driver.devices[static_cast<size_t>(device)]);
  });
}

}  // namespace
}  // namespace thalweg

using namespace thalweg;

THALWEG_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  return primary_call("cuDevicePrimaryCtxRetain", device, [&](Primary& primary) {
    if (primary.context == nullptr) {
      static uintptr_t last = 0;
      primary.context = std::make_unique<Context>(device);
      primary.handle = reinterpret_cast<CUcontext>(last += 16);
    }
    ++primary.retained;
    *context = primary.handle;
  });
}

THALWEG_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return primary_call("cuDevicePrimaryCtxRelease", device, [&](Primary& primary) {
    require(primary.retained > 0, CUDA_ERROR_INVALID_CONTEXT, "the primary context is not retained");
    if (--primary.retained == 0) close(primary);
  });
}

// Frees memory, modules and the sticky error, no matter who has retained the context.
THALWEG_EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
  return primary_call("cuDevicePrimaryCtxReset", device, [&](Primary& primary) { close(primary); });
}

THALWEG_EXPORT CUresult cuCtxSetCurrent(CUcontext context) {
  return call("cuCtxSetCurrent", [&](Driver& driver) {
    if (context != nullptr) driver.context(context);
    Driver::current() = context;
  });
}

THALWEG_EXPORT CUresult cuCtxGetCurrent(CUcontext* context) {
  return call("cuCtxGetCurrent", [&](Driver&) { *context = Driver::current(); });
}

THALWEG_EXPORT CUresult cuCtxSynchronize() {
  return call_in_context("cuCtxSynchronize", [](Context& context) {
    context.forbid_during_capture();
    context.finish_all();
  });
}
