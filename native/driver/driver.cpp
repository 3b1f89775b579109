#include "driver/driver.h"

#include <cstdio>
#include <new>

#include "simt/fault.h"

namespace thalweg {

Driver& Driver::get() {
  static auto* driver = new Driver;  // never destroyed: other threads may call while the process ends
  return *driver;
}

CUcontext& Driver::current() {
  static thread_local CUcontext current = nullptr;
  return current;
}

void Driver::check_device(CUdevice device) const {
  require(initialized, CUDA_ERROR_NOT_INITIALIZED, "cuInit has not been called");
  require(device == 0, CUDA_ERROR_INVALID_DEVICE, "there is one device, number 0");
}

Context& Driver::context(CUcontext of) const {
  require(initialized, CUDA_ERROR_NOT_INITIALIZED, "cuInit has not been called");
  require(primary != nullptr && of == handle, CUDA_ERROR_INVALID_CONTEXT, "no context is current on this thread");
  return *primary;
}

CUresult call(const char* name, const std::function<void(Driver&)>& body) noexcept {
  Driver& driver = Driver::get();
  const std::lock_guard<std::mutex> lock(driver.mutex);
  ++driver.telemetry.calls;
  const auto fail = [&](CUresult code, const char* message) {
    if (*message != '\0')
      std::snprintf(driver.telemetry.message, sizeof driver.telemetry.message, "%s: %s", name, message);
    return code;
  };
  try {
    body(driver);
    return CUDA_SUCCESS;
  } catch (const Failure& failure) { return fail(failure.code, failure.message.c_str()); } catch (const Fault& fault) {
    // Like a GPU's: the context is lost.
    std::fprintf(stderr, "thalweg sim: %s\n", fault.message.c_str());
    driver.primary->sticky = fault.kind == FaultKind::kIllegalAddress      ? CUDA_ERROR_ILLEGAL_ADDRESS
                             : fault.kind == FaultKind::kMisalignedAddress ? CUDA_ERROR_MISALIGNED_ADDRESS
                                                                           : CUDA_ERROR_LAUNCH_FAILED;
    return fail(driver.primary->sticky, fault.message.c_str());
  } catch (const std::bad_alloc&) {
    return fail(CUDA_ERROR_OUT_OF_MEMORY, "the host has no memory left");
  } catch (const std::exception& e) { return fail(CUDA_ERROR_UNKNOWN, e.what()); }
}

CUresult call_in_context(const char* name, const Work& body) noexcept {
  return call(name, [&](Driver& driver) {
    Context& context = driver.context(Driver::current());
    context.require_intact();
    body(context);
  });
}

}  // namespace thalweg
