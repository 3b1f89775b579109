// Initialisation, version and the devices.
#include <cstdio>
#include <map>

#include "driver/driver.h"

namespace thalweg {
namespace {

// By number; the names in cuda.h begin with CU_DEVICE_ATTRIBUTE_. The number of multiprocessors says nothing about this
// machine: programs that size their grids by it do the same everywhere.
// Never destroyed: other threads may ask while the process ends.
const auto& kAttributes = *new std::map<int, int>{
    {1, kMaxThreads},   // MAX_THREADS_PER_BLOCK
    {2, kMaxBlock[0]},  // MAX_BLOCK_DIM_X
    {3, kMaxBlock[1]},  // MAX_BLOCK_DIM_Y
    {4, kMaxBlock[2]},  // MAX_BLOCK_DIM_Z
    {5, kMaxGrid[0]},   // MAX_GRID_DIM_X
    {6, kMaxGrid[1]},   // MAX_GRID_DIM_Y
    {7, kMaxGrid[2]},   // MAX_GRID_DIM_Z
    {8, kMaxShared},    // MAX_SHARED_MEMORY_PER_BLOCK
    {10, kLanes},       // WARP_SIZE
    {16, 4},            // MULTIPROCESSOR_COUNT
};

// COMPUTE_CAPABILITY_MAJOR, COMPUTE_CAPABILITY_MINOR, MEMORY_POOLS_SUPPORTED: what a program can set.
std::map<int, int> settable() {
  const Globals& globals = Driver::get().globals;
  const int capability = static_cast<int>(globals.capability);
  return {{75, capability / 10}, {76, capability % 10}, {115, globals.pools != 0}};
}

CUresult device_call(const char* name, CUdevice device, const std::function<void()>& body) {
  return call(name, [&](Driver& driver) {
    driver.check_device(device);
    body();
  });
}

}  // namespace
}  // namespace thalweg

using namespace thalweg;

THALWEG_EXPORT CUresult cuInit(unsigned flags) {
  return call("cuInit", [&](Driver& driver) {
    require(flags == 0, CUDA_ERROR_INVALID_VALUE, "the flags must be 0");
    if (!wrong_environment().empty()) throw Failure{CUDA_ERROR_INVALID_VALUE, wrong_environment()};
    driver.initialized = true;
  });
}

THALWEG_EXPORT CUresult cuDriverGetVersion(int* version) {
  return call("cuDriverGetVersion", [&](Driver& driver) { *version = static_cast<int>(driver.globals.version); });
}

THALWEG_EXPORT CUresult cuDeviceGetCount(int* count) {
  return device_call("cuDeviceGetCount", 0, [&] { *count = static_cast<int>(Driver::get().devices.size()); });
}

THALWEG_EXPORT CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  return device_call("cuDeviceGet", ordinal, [&] { *device = ordinal; });
}

THALWEG_EXPORT CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  return device_call("cuDeviceGetName", device, [&] {
    require(length > 0, CUDA_ERROR_INVALID_VALUE, "there is no room for the name");
    std::snprintf(name, static_cast<size_t>(length), "Thalweg software driver");
  });
}

THALWEG_EXPORT CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
  return device_call("cuDeviceGetAttribute", device, [&] {
    std::map<int, int> values = settable();
    values.insert(kAttributes.begin(), kAttributes.end());
    require(values.count(attribute) != 0, CUDA_ERROR_INVALID_VALUE, "the attribute is not known");
    *value = values[attribute];
  });
}

THALWEG_EXPORT CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  return device_call("cuDeviceTotalMem", device, [&] { *bytes = kDeviceMemory; });
}
