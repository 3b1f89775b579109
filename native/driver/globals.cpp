// The module globals with reserved names. They have addresses of their own, which no kernel can use.
#include <cstddef>
#include <cstring>
#include <string>

#include "driver/driver.h"

namespace thalweg {
namespace {

constexpr CUdeviceptr kFirstAddress = 0x6000000000;

constexpr CUdeviceptr kCountersAddress = kFirstAddress + (CUdeviceptr{1} << 30);

struct Global {
  const char* name;
  size_t offset, bytes;
  bool writable;
};

constexpr size_t in_settings(size_t offset) { return offsetof(Globals, settings) + offset; }

constexpr Global kGlobals[] = {
    {"thalweg_sim_calls", offsetof(Globals, calls), sizeof(Globals::calls), false},
    {"thalweg_sim_instructions", offsetof(Globals, instructions), sizeof(Globals::instructions), false},
    {"thalweg_sim_objects", offsetof(Globals, objects), sizeof(Globals::objects), false},
    {"thalweg_sim_message", offsetof(Globals, message), sizeof(Globals::message), false},
    {"thalweg_sim_seed", in_settings(offsetof(Settings, seed)), sizeof(Settings::seed), true},
    {"thalweg_sim_budget", in_settings(offsetof(Settings, budget)), sizeof(Settings::budget), true},
    {"thalweg_sim_fail", offsetof(Globals, fail), sizeof(Globals::fail), true},
    {"thalweg_sim_version", offsetof(Globals, version), sizeof(Globals::version), true},
    {"thalweg_sim_capability", offsetof(Globals, capability), sizeof(Globals::capability), true},
    {"thalweg_sim_pools", offsetof(Globals, pools), sizeof(Globals::pools), true},
    {"thalweg_sim_late", offsetof(Globals, late), sizeof(Globals::late), true},
    {"thalweg_sim_print", offsetof(Globals, print), sizeof(Globals::print), true},
    {"thalweg_sim_counting", in_settings(offsetof(Settings, counting)), sizeof(Settings::counting), true},
    {"thalweg_sim_checks", in_settings(offsetof(Settings, checks)), sizeof(Settings::checks), true},
};

// The global that contains the range; null if the range begins in none.
const Global* covering(CUdeviceptr address, size_t bytes) {
  for (const Global& global : kGlobals) {
    const uint64_t skipped = address - (kFirstAddress + global.offset);
    if (skipped >= global.bytes) continue;
    require(bytes <= global.bytes - skipped, CUDA_ERROR_INVALID_VALUE, "the range is larger than the global");
    return &global;
  }
  return nullptr;
}

}  // namespace

bool is_global(CUdeviceptr address) { return address - kFirstAddress < CUdeviceptr{2} << 30; }

std::optional<GlobalPlace> find_global(Driver& driver, const char* name) {
  driver.globals.objects = driver.context(Driver::current()).objects();
  if (std::string(name) == "thalweg_sim_counters") {
    driver.counters_text = driver.counters.text();
    return GlobalPlace{kCountersAddress, driver.counters_text.size()};
  }
  for (const Global& global : kGlobals) {
    if (std::string(name) == global.name) return GlobalPlace{kFirstAddress + global.offset, global.bytes};
  }
  return std::nullopt;
}

bool read_global(const Driver& driver, void* to, CUdeviceptr from, size_t bytes) {
  const uint64_t skipped = from - kCountersAddress;
  if (skipped <= driver.counters_text.size() && bytes <= driver.counters_text.size() - skipped) {
    std::memcpy(to, driver.counters_text.data() + skipped, bytes);
    return true;
  }
  if (covering(from, bytes) == nullptr) return false;
  std::memcpy(to, reinterpret_cast<const char*>(&driver.globals) + (from - kFirstAddress), bytes);
  return true;
}

bool write_global(Driver& driver, CUdeviceptr to, const void* from, size_t bytes) {
  const Global* global = covering(to, bytes);
  if (global == nullptr) return false;
  require(global->writable, CUDA_ERROR_INVALID_VALUE, "the global can only be read");
  std::memcpy(reinterpret_cast<char*>(&driver.globals) + (to - kFirstAddress), from, bytes);
  driver.globals.settings.launches = 0;
  driver.calls_to_fail = 0;
  driver.globals.fail[sizeof driver.globals.fail - 1] = '\0';
  if (*driver.globals.fail != '\0' && !asks_for_a_failure(driver.globals.fail)) {
    *driver.globals.fail = '\0';
    throw Failure{CUDA_ERROR_INVALID_VALUE, "thalweg_sim_fail must be CALL:N:CODE, as in cuMemAlloc:3:2"};
  }
  if (std::string(global->name) == "thalweg_sim_counting") driver.counters.clear();
  return true;
}

}  // namespace thalweg
