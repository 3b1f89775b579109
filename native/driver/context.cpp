// The primary context, current per thread.
#include "driver/driver.h"

using namespace thalweg;

THALWEG_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  return call("cuDevicePrimaryCtxRetain", [&](Driver& driver) {
    driver.check_device(device);
    if (driver.primary == nullptr) {
      driver.primary = std::make_unique<Context>();
      driver.handle = reinterpret_cast<CUcontext>(reinterpret_cast<uintptr_t>(driver.handle) + 16);
    }
    ++driver.retained;
    *context = driver.handle;
  });
}

THALWEG_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return call("cuDevicePrimaryCtxRelease", [&](Driver& driver) {
    driver.check_device(device);
    require(driver.retained > 0, CUDA_ERROR_INVALID_CONTEXT, "the primary context is not retained");
    if (--driver.retained == 0) driver.primary.reset();
  });
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
  return call_in_context("cuCtxSynchronize", [](Context& context) { context.forbid_during_capture(); });
}
