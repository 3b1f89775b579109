#include "simt/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>
#include <sstream>

#include "simt/race.h"

namespace thalweg {
namespace {

// Device addresses begin at a number of our own, so that messages are the same in every run and a host pointer in a
// kernel's argument is never valid by accident.
constexpr uint64_t kFirstAddress = 0x7000000000;
// Room for addresses, not memory: the processor's pages come when an allocation touches them.
constexpr uint64_t kAddressSpace = uint64_t{1} << 38;
// Allocations start at different offsets into their pages, as neighbours on a GPU do; 256 is CUDA's alignment.
constexpr uint64_t kAlignment = 256;

template <class T> T* reserve(uint64_t count) {
  const uint64_t size = count * sizeof(T);
  void* p = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  return static_cast<T*>(p);
}

uint64_t round_up(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

}  // namespace

GlobalMemory::GlobalMemory(int device, uint64_t capacity)
    : capacity_(capacity),
      page_(static_cast<uint64_t>(sysconf(_SC_PAGESIZE))),
      window_{kFirstAddress + static_cast<uint64_t>(device) * kAddressSpace, 0, reserve<uint8_t>(kAddressSpace),
              reserve<uint8_t>(kAddressSpace), reserve<Cell>(kAddressSpace)} {
  madvise(window_.cells, kAddressSpace * sizeof(Cell), MADV_HUGEPAGE);  // they are many, and used side by side
}

GlobalMemory::~GlobalMemory() {
  munmap(window_.data, kAddressSpace);
  munmap(window_.shadow, kAddressSpace);
  munmap(window_.cells, kAddressSpace * sizeof(Cell));
}

uint64_t GlobalMemory::allocate(uint64_t size) {
  const uint64_t colour = allocations_.size() % (page_ / kAlignment) * kAlignment;
  const uint64_t start = window_.size + page_;  // the window ends on a page boundary
  if (size > available() || start + colour + size > kAddressSpace - page_) return 0;
  const uint64_t end = round_up(start + colour + size, page_);
  // The window covers the gaps as well, so their shadow has to be readable; it is zero. Cells have no gaps, because a
  // process may have only so many mappings.
  const auto open = [](void* from, uint64_t bytes) { return mprotect(from, bytes, PROT_READ | PROT_WRITE) == 0; };
  if (!open(window_.shadow + window_.size, end - window_.size) || !open(window_.data + start, end - start) ||
      !open(window_.cells + window_.size, (end - window_.size) * sizeof(Cell))) {
    return 0;
  }
  std::memset(window_.shadow + start + colour, kAllocated, size);
  window_.size = end;
  used_ += size;
  allocations_[window_.first + start + colour] = {size, true};
  return window_.first + start + colour;
}

bool GlobalMemory::release(uint64_t address) {
  const auto found = allocations_.find(address);
  if (found == allocations_.end() || !found->second.live) return false;
  found->second.live = false;
  used_ -= found->second.size;
  const uint64_t start = (address - window_.first) / page_ * page_;
  const uint64_t bytes = round_up(address - window_.first + found->second.size, page_) - start;
  madvise(window_.shadow + start, bytes, MADV_DONTNEED);  // and reads as zero: not allocated
  madvise(window_.data + start, bytes, MADV_DONTNEED);
  madvise(window_.cells + start, bytes * sizeof(Cell), MADV_DONTNEED);
  madvise(window_.cells + start / 4, bytes / 4 * sizeof(Cell), MADV_DONTNEED);
  mprotect(window_.data + start, bytes, PROT_NONE);
  return true;
}

std::vector<std::pair<uint64_t, uint64_t>> GlobalMemory::live() const {
  std::vector<std::pair<uint64_t, uint64_t>> list;
  for (const auto& [address, allocation] : allocations_) {
    if (allocation.live) list.emplace_back(address, allocation.size);
  }
  return list;
}

void GlobalMemory::forget_accesses() { madvise(window_.cells, window_.size * sizeof(Cell), MADV_DONTNEED); }

bool GlobalMemory::contains(uint64_t address, uint64_t size) const {
  auto after = allocations_.upper_bound(address);
  if (after == allocations_.begin()) return false;
  const auto& [start, allocation] = *std::prev(after);
  return allocation.live && address - start <= allocation.size && size <= allocation.size - (address - start);
}

std::string GlobalMemory::locate(uint64_t address, uint64_t size) const {
  auto nearest = allocations_.upper_bound(address);
  if (nearest != allocations_.begin()) {
    const auto before = std::prev(nearest);
    const uint64_t end = before->first + before->second.size;
    const bool nearer = nearest == allocations_.end() || address < end || address - end <= nearest->first - address;
    if (nearer) nearest = before;
  }
  if (nearest == allocations_.end()) return "there is no allocation";
  const auto& [start, allocation] = *nearest;
  const uint64_t end = start + allocation.size;
  std::ostringstream out;
  if (address < start) out << start - address << " bytes before ";
  else if (address >= end) out << address - end << " bytes past the end of ";
  else if (end - address < size) out << "with its last " << size - (end - address) << " bytes past the end of ";
  else out << address - start << " bytes into ";
  out << (allocation.live ? "the " : "the freed ") << allocation.size << "-byte allocation at 0x" << std::hex << start;
  return out.str();
}

void GlobalMemory::copy_in(uint64_t to, const void* from, size_t size) {
  std::memcpy(window_.data + (to - window_.first), from, size);
  std::memset(window_.shadow + (to - window_.first), kReadable, size);
}

void GlobalMemory::copy_out(void* to, uint64_t from, size_t size) const {
  std::memcpy(to, window_.data + (from - window_.first), size);
}

void GlobalMemory::copy(uint64_t to, uint64_t from, size_t size) {
  std::memmove(window_.data + (to - window_.first), window_.data + (from - window_.first), size);
  std::memmove(window_.shadow + (to - window_.first), window_.shadow + (from - window_.first), size);
}

void GlobalMemory::fill(uint64_t to, uint8_t value, size_t size) {
  std::memset(window_.data + (to - window_.first), value, size);
  std::memset(window_.shadow + (to - window_.first), kReadable, size);
}

}  // namespace thalweg
