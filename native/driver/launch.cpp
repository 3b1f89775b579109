// Functions and their launch.
#include <cstring>
#include <string>

#include "driver/driver.h"
#include "simt/grid.h"

namespace thalweg {
namespace {

bool within(const Dim3& d, const int (&limit)[3]) {
  return d.count() > 0 && d.x <= static_cast<uint32_t>(limit[0]) && d.y <= static_cast<uint32_t>(limit[1]) &&
         d.z <= static_cast<uint32_t>(limit[2]);
}

void check_launch(const Kernel& kernel, const Dim3& grid, const Dim3& block, uint64_t shared) {
  const auto check = [&](bool good, const std::string& what) {
    if (!good) throw Failure{CUDA_ERROR_INVALID_VALUE, "kernel " + kernel.name + ": " + what};
  };
  check(within(grid, kMaxGrid), "a grid of " + text(grid) + " blocks");
  check(within(block, kMaxBlock), "a block of " + text(block) + " threads");
  check(block.count() <= kernel.max_threads,
        "a block of " + text(block) + " threads; it may have " + std::to_string(kernel.max_threads));
  check(shared <= kMaxShared,
        std::to_string(shared) + " bytes of shared memory; a block may have " + std::to_string(kMaxShared));
}

}  // namespace
}  // namespace thalweg

using namespace thalweg;

THALWEG_EXPORT CUresult cuFuncGetAttribute(int* value, int attribute, CUfunction function) {
  return call_in_context("cuFuncGetAttribute", [&](Context& context) {
    const Kernel& kernel = *context.functions.get(function)->kernel;
    require(attribute == 0, CUDA_ERROR_INVALID_VALUE, "only CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK is known");
    *value = static_cast<int>(kernel.max_threads);
  });
}

THALWEG_EXPORT CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                       unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                                       CUstream stream, void** parameters, void** extra) {
  return call_in_context("cuLaunchKernel", [&](Context& context) {
    const auto f = context.functions.get(function);
    const uint64_t all_shared = f->kernel->shared_bytes + shared;
    const Dim3 grid{grid_x, grid_y, grid_z}, block{block_x, block_y, block_z};
    check_launch(*f->kernel, grid, block, all_shared);
    require(extra == nullptr, CUDA_ERROR_NOT_SUPPORTED, "parameters come as kernelParams here, not as extra");
    require(parameters != nullptr || f->kernel->parameters.empty(), CUDA_ERROR_INVALID_VALUE, "no parameters");
    std::vector<uint8_t> bytes(f->kernel->parameter_bytes);
    for (const Parameter& p : f->kernel->parameters) std::memcpy(&bytes[p.offset], *parameters++, p.size);
    context.enqueue(stream, [=](Context& c) {
      Driver& driver = Driver::get();
      driver.globals.instructions +=
          run({*f->kernel, grid, block, all_shared, bytes, c.memory, driver.globals.settings, driver.counters});
    });
  });
}
