#include "driver/driver.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "simt/fault.h"

namespace thalweg {
namespace {

CUresult code_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kIllegalAddress: return CUDA_ERROR_ILLEGAL_ADDRESS;
    case FaultKind::kMisalignedAddress: return CUDA_ERROR_MISALIGNED_ADDRESS;
    case FaultKind::kTimeout: return CUDA_ERROR_LAUNCH_TIMEOUT;
    case FaultKind::kLaunchFailed: break;
  }
  return CUDA_ERROR_LAUNCH_FAILED;
}

// Errors after which the context is lost, as on a GPU.
bool is_sticky(CUresult code) {
  return code == CUDA_ERROR_ILLEGAL_ADDRESS || code == CUDA_ERROR_MISALIGNED_ADDRESS ||
         code == CUDA_ERROR_LAUNCH_TIMEOUT || code == CUDA_ERROR_LAUNCH_FAILED;
}

}  // namespace

Driver::Driver() : devices(std::clamp<uint64_t>(environment("THALWEG_SIM_DEVICES", 1), 1, kMostDevices)) {
  reset_settings();
}

void Driver::reset_settings() {
  globals.settings = {};
  globals.version = environment("THALWEG_SIM_VERSION", 12000);  // what JCuda's natives were built with
  globals.capability = environment("THALWEG_SIM_CAPABILITY", 75);
  globals.pools = environment("THALWEG_SIM_POOLS", 1);
  globals.late = environment("THALWEG_SIM_LATE", 0);
  globals.print = environment("THALWEG_SIM_PRINT", 1);
  calls_to_fail = 0;
  const char* fail = std::getenv("THALWEG_SIM_FAIL");
  std::snprintf(globals.fail, sizeof globals.fail, "%s", fail == nullptr ? "" : fail);
}

Driver& Driver::get() {
  static auto* driver = [] {
    if (wrong_environment().empty() && environment("THALWEG_SIM_REPORT", 0) != 0) {
      std::atexit([] { std::fputs(get().counters.report().c_str(), stderr); });
    }
    return new Driver;  // never destroyed: other threads may call while the process ends
  }();
  return *driver;
}

CUcontext& Driver::current() {
  static thread_local CUcontext current = nullptr;
  return current;
}

void Driver::inject(const char* name) {
  if (!wrong_environment().empty()) return;  // which cuInit says
  char wanted[64];
  unsigned long long number = 0;
  int code = 0;
  if (std::sscanf(globals.fail, "%63[^:]:%llu:%d", wanted, &number, &code) != 3) return;
  if (std::strcmp(wanted, "*") != 0 && std::strcmp(wanted, name) != 0) return;
  if (++calls_to_fail != number) return;
  const auto result = static_cast<CUresult>(code);
  if (current() != nullptr && is_sticky(result)) context(current()).sticky = result;
  throw Failure{result, "fails as thalweg_sim_fail asks"};
}

void Driver::check_device(CUdevice device) const {
  require(initialized, CUDA_ERROR_NOT_INITIALIZED, "cuInit has not been called");
  require(device >= 0 && static_cast<size_t>(device) < devices.size(), CUDA_ERROR_INVALID_DEVICE, "no such device");
}

Context& Driver::context(CUcontext of) const {
  require(initialized, CUDA_ERROR_NOT_INITIALIZED, "cuInit has not been called");
  for (const Primary& primary : devices) {
    if (primary.context != nullptr && primary.handle == of) return *primary.context;
  }
  throw Failure{CUDA_ERROR_INVALID_CONTEXT, "no context is current on this thread"};
}

CUresult call(const char* name, const std::function<void(Driver&)>& body, bool counts) noexcept {
  Driver& driver = Driver::get();
  const std::lock_guard<std::mutex> lock(driver.mutex);
  if (counts) ++driver.globals.calls;
  const auto fail = [&](CUresult code, const char* message) {
    if (*message != '\0') std::snprintf(driver.globals.message, sizeof driver.globals.message, "%s: %s", name, message);
    return code;
  };
  try {
    if (counts) driver.inject(name);
    body(driver);
    return CUDA_SUCCESS;
  } catch (const Failure& failure) { return fail(failure.code, failure.message.c_str()); } catch (const Fault& fault) {
    // Like a GPU's: the context is lost.
    if (driver.globals.print != 0) std::fprintf(stderr, "thalweg sim: %s\n", fault.message.c_str());
    driver.context(Driver::current()).sticky = code_of(fault.kind);
    return fail(code_of(fault.kind), fault.message.c_str());
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
