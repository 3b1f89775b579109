#include "simt/counters.h"

#include <algorithm>
#include <cstring>
#include <iomanip>
#include <sstream>

#include "simt/grid.h"

namespace thalweg {
namespace {

constexpr uint64_t kSector = 32;
constexpr uint32_t kBanks = 32;

void add(Traffic::Way& to, const Traffic::Way& from) {
  to.bytes += from.bytes;
  to.requests += from.requests;
  to.fewest += from.fewest;
  to.sectors += from.sectors;
}

// Banks are 4 bytes wide. Accesses of 8 and 16 bytes are served by half and quarter warps.
uint64_t bank_conflicts(Mask active, const uint64_t (&address)[kLanes], uint32_t bytes) {
  const uint32_t words = std::max(1u, bytes / 4), together = kLanes / words;
  uint64_t conflicts = 0;
  for (uint32_t first = 0; first < kLanes; first += together) {
    std::vector<uint64_t> in_bank[kBanks];
    size_t most = 1;
    for (uint32_t l = first; l < first + together; ++l) {
      for (uint32_t w = 0; (active >> l & 1) != 0 && w < words; ++w) {
        const uint64_t word = address[l] / 4 + w;
        std::vector<uint64_t>& bank = in_bank[word % kBanks];
        if (std::find(bank.begin(), bank.end(), word) == bank.end()) bank.push_back(word);
        most = std::max(most, bank.size());
      }
    }
    conflicts += most - 1;
  }
  return conflicts;
}

// `sectors`: of the buffer, in ascending order.
void count(Traffic::Way& way, LaunchCounts::Buffer& buffer, uint8_t flag, uint64_t bytes,
           const std::vector<uint64_t>& sectors) {
  way.bytes += bytes;
  way.requests += sectors.size();
  way.fewest += std::min<uint64_t>(sectors.size(), (bytes + kSector - 1) / kSector);
  for (const uint64_t sector : sectors) {
    way.sectors += (__atomic_fetch_or(&buffer.touched[sector], flag, __ATOMIC_RELAXED) & flag) == 0;
  }
}

}  // namespace

void count_access(const Warp& warp, Mask active, Space space, const uint64_t (&address)[kLanes], uint32_t bytes,
                  Access access) {
  Counts& counts = *warp.block->counts;
  if (space == kShared) counts.conflicts += bank_conflicts(active, address, bytes);
  if (space != kGlobal) return;
  std::vector<LaunchCounts::Buffer>& buffers = warp.block->launch_counts->buffers;
  while (active != 0) {
    const uint64_t any = address[__builtin_ctz(active)];
    const auto after = std::upper_bound(buffers.begin(), buffers.end(), any,
                                        [](uint64_t a, const LaunchCounts::Buffer& b) { return a < b.address; });
    LaunchCounts::Buffer& buffer = *(after - 1);
    // All lanes that touch this buffer.
    std::vector<uint64_t> sectors;
    uint64_t total = 0;
    for (Mask rest = active; rest != 0; rest &= rest - 1) {
      const auto l = static_cast<uint32_t>(__builtin_ctz(rest));
      if (address[l] - buffer.address >= buffer.size) continue;
      active &= ~(rest & (0 - rest));
      total += bytes;
      // Allocations begin on sectors; an access does not leave one.
      const uint64_t sector = (address[l] - buffer.address) / kSector;
      if (sectors.empty() || sectors.back() != sector) sectors.push_back(sector);
    }
    std::sort(sectors.begin(), sectors.end());
    sectors.erase(std::unique(sectors.begin(), sectors.end()), sectors.end());
    Traffic& traffic = counts.traffic[static_cast<size_t>(&buffer - buffers.data())];
    if (access != Access::kStore) count(traffic.read, buffer, 1, total, sectors);
    if (access != Access::kLoad) count(traffic.written, buffer, 2, total, sectors);
  }
}

LaunchCounts Counters::begin(const Launch& launch) const {
  LaunchCounts counts;
  for (const auto& [address, size] : launch.memory.live()) {
    int argument = -1;
    for (size_t p = launch.kernel.parameters.size(); p-- > 0;) {
      const Parameter& parameter = launch.kernel.parameters[p];
      uint64_t value = 0;
      if (parameter.size == 8) std::memcpy(&value, &launch.parameters[parameter.offset], 8);
      if (value - address < size) argument = static_cast<int>(p);
    }
    counts.buffers.push_back({address, size, argument, std::make_unique<uint8_t[]>(size / kSector + 1)});
  }
  return counts;
}

void Counters::add(const Kernel& kernel, const LaunchCounts& launch, const std::vector<const Counts*>& counts) {
  Total& total = kernels_[kernel.name];
  ++total.launches;
  for (const Counts* from : counts) {
    for (int k = 0; k < kKinds; ++k) total.counts.lanes[k] += from->lanes[k];
    total.counts.divergent += from->divergent;
    total.counts.conflicts += from->conflicts;
    for (size_t b = 0; b < launch.buffers.size(); ++b) {
      const LaunchCounts::Buffer& buffer = launch.buffers[b];
      const Traffic& traffic = from->traffic[b];
      if (traffic.read.bytes + traffic.written.bytes == 0) continue;
      auto& [where, sum] = total.buffers[buffer.address];
      where = {buffer.address, buffer.size, buffer.argument};
      thalweg::add(sum.read, traffic.read);
      thalweg::add(sum.written, traffic.written);
    }
  }
}

std::string Counters::text() const {
  std::ostringstream out;
  for (const auto& [name, total] : kernels_) {
    const std::string& kernel = name;
    const auto line = [&](const std::string& what, uint64_t n) { out << kernel << ' ' << what << ' ' << n << '\n'; };
    line("launches", total.launches);
    for (int k = 0; k < kKinds; ++k) line(std::string("lanes.") + kKindNames[k], total.counts.lanes[k]);
    line("divergent", total.counts.divergent);
    line("conflicts", total.counts.conflicts);
    for (const auto& [address, entry] : total.buffers) {
      std::ostringstream buffer;
      buffer << "buffer.0x" << std::hex << address << '.';
      line(buffer.str() + "size", entry.first.size);
      if (entry.first.argument >= 0) line(buffer.str() + "argument", static_cast<uint64_t>(entry.first.argument));
      for (const bool written : {false, true}) {
        const Traffic::Way& way = written ? entry.second.written : entry.second.read;
        const std::string stem = buffer.str() + (written ? "written." : "read.");
        line(stem + "bytes", way.bytes);
        line(stem + "sectors", way.sectors);
        line(stem + "requests", way.requests);
        line(stem + "fewest", way.fewest);
      }
    }
  }
  return out.str();
}

std::string Counters::report() const {
  std::ostringstream out;
  out << "thalweg sim: what the kernels did. Bytes are those that lanes asked for; sectors have 32 bytes. There is no\n"
         "cache here: a sector that is asked for twice is counted twice among the requests, once among the sectors.\n";
  for (const auto& [name, total] : kernels_) {
    out << '\n'
        << name << ": " << total.launches << " launches, " << total.counts.divergent << " divergent branches, "
        << total.counts.conflicts << " bank conflicts\n  lane-instructions:";
    for (int k = 0; k < kKinds; ++k) {
      if (total.counts.lanes[k] != 0) out << ' ' << kKindNames[k] << ' ' << total.counts.lanes[k];
    }
    out << "\n  " << std::setw(30) << std::left << "buffer" << std::right << std::setw(16) << "bytes" << std::setw(14)
        << "sectors" << std::setw(14) << "requests" << std::setw(14) << "fewest" << '\n';
    for (const auto& [address, entry] : total.buffers) {
      for (const bool written : {false, true}) {
        const Traffic::Way& way = written ? entry.second.written : entry.second.read;
        if (way.bytes == 0) continue;
        std::ostringstream label;
        label << "0x" << std::hex << address << std::dec << ' '
              << (entry.first.argument < 0 ? "via table" : "argument " + std::to_string(entry.first.argument))
              << (written ? " write" : " read");
        out << "  " << std::setw(30) << std::left << label.str() << std::right << std::setw(16) << way.bytes
            << std::setw(14) << way.sectors << std::setw(14) << way.requests << std::setw(14) << way.fewest << '\n';
      }
    }
  }
  return out.str();
}

}  // namespace thalweg
