// Modules: PTX text in, functions out.
#include <algorithm>
#include <cstdio>
#include <string>

#include "driver/driver.h"
#include "ptx/parser.h"

namespace thalweg {
namespace {

// Writes a log into the buffer that two of the JIT options give, and its size into the second.
void write_log(const std::string& text, CUjit_option buffer_option, CUjit_option size_option, unsigned count,
               const CUjit_option* options, void** values) {
  const CUjit_option* end = options + count;
  const auto buffer = std::find(options, end, buffer_option) - options;
  const auto size = std::find(options, end, size_option) - options;
  if (buffer == count || size == count) return;
  // A value is a pointer, or a number where a pointer would stand; JCuda writes 32 bits of it.
  const size_t bytes = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(values[size]));
  std::snprintf(static_cast<char*>(values[buffer]), bytes, "%s", text.c_str());
  values[size] = reinterpret_cast<void*>(std::min(bytes, text.size() + 1));
}

}  // namespace
}  // namespace thalweg

using namespace thalweg;

THALWEG_EXPORT CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count, CUjit_option* options,
                                           void** values) {
  return call_in_context("cuModuleLoadData", [&](Context& context) {
    context.forbid_during_capture();
    const std::string text = static_cast<const char*>(image);
    require(text.find(".version") != std::string::npos, CUDA_ERROR_INVALID_IMAGE, "the image is not PTX text");
    std::string error;
    try {
      *module = context.modules.add(std::make_shared<const Module>(parse(text)));
    } catch (const PtxError& e) { error = e.what(); }
    write_log("", CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, count, options, values);
    write_log(error, CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, count, options, values);
    require(error.empty(), CUDA_ERROR_INVALID_PTX, error.c_str());
  });
}

THALWEG_EXPORT CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}

THALWEG_EXPORT CUresult cuModuleUnload(CUmodule module) {
  return call_in_context("cuModuleUnload", [&](Context& context) {
    context.forbid_during_capture();
    const auto unloaded = context.modules.get(module);
    context.modules.remove(module);
    context.functions.remove_if([&](const Function& function) { return function.module == unloaded; });
  });
}

THALWEG_EXPORT CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  return call_in_context("cuModuleGetFunction", [&](Context& context) {
    const auto owner = context.modules.get(module);
    const auto kernel = owner->find(name);
    if (kernel == owner->end()) throw Failure{CUDA_ERROR_NOT_FOUND, "no kernel '" + std::string(name) + "'"};
    *function = context.functions.add(std::make_shared<const Function>(Function{owner, &kernel->second}));
  });
}

// Only the reserved names exist: no kernel of ours has globals.
THALWEG_EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr* address, size_t* bytes, CUmodule module, const char* name) {
  return call(
      "cuModuleGetGlobal",
      [&](Driver& driver) {
        driver.context(Driver::current()).modules.get(module);
        const auto found = find_global(driver, name);
        if (!found) throw Failure{CUDA_ERROR_NOT_FOUND, "no global '" + std::string(name) + "'"};
        if (address != nullptr) *address = found->address;
        if (bytes != nullptr) *bytes = found->bytes;
      },
      false);
}
