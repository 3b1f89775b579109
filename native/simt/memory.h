// Device memory and its shadow: one byte of shadow for each byte of memory, which says what the byte may be used for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

inline constexpr uint8_t kAllocated = 1;
inline constexpr uint8_t kWritten = 2;
inline constexpr uint8_t kReadable = kAllocated | kWritten;

struct Cell;

// A range of device addresses and the host memory behind it. Every access of a kernel goes through one.
struct Window {
  uint64_t first = 0;  // device address of data[0]
  uint64_t size = 0;
  uint8_t* data = nullptr;
  uint8_t* shadow = nullptr;
  // Who accessed what in the present launch (simt/race.h): a cell for each byte, or each 4 bytes. Null if races are
  // not looked for.
  Cell* cells = nullptr;
  int cell_shift = 2;
};

// Global memory. Addresses are never used twice, so a freed buffer stays recognisable, and every allocation starts on
// a page of its own, after at least one page that belongs to no allocation.
class GlobalMemory {
 public:
  // Addresses of different devices are different.
  GlobalMemory(int device, uint64_t capacity);
  ~GlobalMemory();
  GlobalMemory(const GlobalMemory&) = delete;
  GlobalMemory& operator=(const GlobalMemory&) = delete;

  // The address, or 0 if less than that is free. size > 0
  uint64_t allocate(uint64_t size);
  // False if no allocation starts there.
  bool release(uint64_t address);
  // Whether [address, address + size) lies in one allocation.
  bool contains(uint64_t address, uint64_t size) const;
  // "4 bytes past the end of the 400-byte allocation at 0x..."
  std::string locate(uint64_t address, uint64_t size) const;

  // These expect ranges that contains() has confirmed.
  void copy_in(uint64_t to, const void* from, size_t size);
  void copy_out(void* to, uint64_t from, size_t size) const;
  void copy(uint64_t to, uint64_t from, size_t size);
  void fill(uint64_t to, uint8_t value, size_t size);

  // Address and size of every allocation that is not freed, ascending.
  std::vector<std::pair<uint64_t, uint64_t>> live() const;

  const Window& window() const { return window_; }
  // For serial numbers that begin again: as if no kernel had accessed anything.
  void forget_accesses();
  uint64_t available() const { return capacity_ - used_; }

 private:
  struct Allocation {
    uint64_t size;
    bool live;
  };

  uint64_t capacity_;
  uint64_t used_ = 0;
  uint64_t page_;
  Window window_;
  std::map<uint64_t, Allocation> allocations_;  // by address; freed ones too, for the messages
};

}  // namespace thalweg
