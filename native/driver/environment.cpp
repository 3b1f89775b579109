// Checks the variables THALWEG_SIM_*: one that is misspelt would be ignored, and a test of faults pass.
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "driver/driver.h"

extern "C" CUresult thalweg_sim_unsupported();

namespace thalweg {
namespace {

constexpr const char* kPrefix = "THALWEG_SIM_";
constexpr const char* kFail = "FAIL";

struct Variable {
  const char* name;
  uint64_t least, most;
};

constexpr Variable kNumbers[] = {
    {"BASE", 0, 1},          {"BUDGET", 1, ~uint64_t{0}},
    {"CAPABILITY", 10, 999}, {"CHECKS", 0, 1},
    {"COUNT", 0, 1},         {"DEVICES", 1, kMostDevices},
    {"LATE", 0, 1},          {"MEMORY", 1, uint64_t{1} << 38},
    {"POOLS", 0, 1},         {"PRINT", 0, 1},
    {"REPORT", 0, 1},        {"SEED", 0, ~uint64_t{0}},
    {"THREADS", 1, 65536},   {"VERSION", 1000, 99999},
};

bool is_whole(const std::string& text, uint64_t least, uint64_t most) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return false;
  errno = 0;
  const uint64_t number = std::strtoull(text.c_str(), nullptr, 10);
  return errno == 0 && number >= least && number <= most;
}

// Changes of one character that make one word of the other.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t before = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = before + (a[i - 1] == b[j - 1] ? 0 : 1);
      before = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// What is wrong with a variable; empty if nothing is.
std::string wrong(const std::string& name, const std::string& value) {
  if (name == kFail) {
    if (asks_for_a_failure(value)) return "";
    return "must be CALL:N:CODE, as in cuMemAlloc:3:2, with a call of this driver or *";
  }
  std::string upper = name;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string nearest = kFail;
  for (const Variable& number : kNumbers) {
    if (name == number.name) {
      if (is_whole(value, number.least, number.most)) return "";
      return "must be a whole number from " + std::to_string(number.least) + " to " + std::to_string(number.most);
    }
    if (distance(upper, number.name) < distance(upper, nearest)) nearest = number.name;
  }
  return std::string("there is no such variable; the nearest is ") + kPrefix + nearest;
}

// Whether a call of this name can be made to fail: the driver has it, perhaps in its second version.
bool has(const std::string& call) {
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&thalweg_sim_unsupported), &self) == 0) return true;
  void* library = dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return true;
  bool found = false;
  for (const char* version : {"", "_v2"}) {
    const void* body = dlsym(library, (call + version).c_str());
    found |= body != nullptr && body != reinterpret_cast<void*>(&thalweg_sim_unsupported);
  }
  dlclose(library);
  return found;
}

}  // namespace

bool asks_for_a_failure(const std::string& text) {
  const size_t first = text.find(':'), second = text.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos || text.size() >= sizeof(Globals::fail)) return false;
  const std::string call = text.substr(0, first);
  return (call == "*" || (call.compare(0, 2, "cu") == 0 && has(call))) &&
         is_whole(text.substr(first + 1, second - first - 1), 1, ~uint64_t{0}) &&
         is_whole(text.substr(second + 1), 1, 999);
}

const std::string& wrong_environment() {
  static const auto& message = *new std::string([] {  // never destroyed: other threads may call while the process ends
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const char* value = std::strchr(*entry, '=');
      if (value == nullptr || value[1] == '\0' || std::strncmp(*entry, kPrefix, std::strlen(kPrefix)) != 0) continue;
      const char* name = *entry + std::strlen(kPrefix);
      const std::string why = wrong(std::string(name, value), value + 1);
      if (!why.empty()) return std::string(*entry) + ": " + why;
    }
    return std::string();
  }());
  return message;
}

}  // namespace thalweg
