#include "simt/table.h"

#include <cstring>
#include <utility>

#include "simt/grid.h"

namespace thalweg {
namespace {

std::string key(std::string_view mnemonic, std::string_view operands) {
  const size_t brace = operands.find('{');
  return std::string(mnemonic) +
         (brace == std::string_view::npos ? ""
          : brace == 0                    ? " {}"
                                          : " ,{}") +
         (operands.find('|') == std::string_view::npos ? "" : " |");
}

// THALWEG_SIM_BASE asks for the variant that every processor runs, so that it can be tested on one that does better.
[[maybe_unused]] bool only_base() { return environment("THALWEG_SIM_BASE", 0) != 0; }

// What is none of the others is integer: moves, comparisons and logic too.
Kind kind_of(const std::string& name, Flow flow) {
  static constexpr std::pair<const char*, Kind> kStems[] = {
      {"ld.", kMemory},       {"st.", kMemory},     {"atom.", kMemory},     {"red.", kMemory},
      {"cvt.", kConvert},     {"div.rn.", kDivide}, {"div.full.", kDivide}, {"div.approx.", kDivide},
      {"sqrt.", kSquareRoot}, {"membar.", kControl}};
  if (flow == Flow::kWarpSync || name.compare(0, 10, "activemask") == 0) return kWarpWide;
  if (flow != Flow::kNext) return kControl;
  for (const auto& [stem, kind] : kStems) {
    if (name.compare(0, std::strlen(stem), stem) == 0) return kind;
  }
  for (const char* stem : {"mov.", "selp.", "setp."}) {
    if (name.compare(0, std::strlen(stem), stem) == 0) return kInteger;
  }
  if (name.find(".f32") != std::string::npos) return kFp32;
  return name.find(".f64") != std::string::npos ? kFp64 : kInteger;
}

}  // namespace

namespace base {
void add_all(Table& table);
}
#ifdef THALWEG_AVX2
namespace avx2 {
void add_all(Table& table);
}
#endif

const Table& Table::get() {
  // Never destroyed: a kernel, whose instructions point into it, may be running while the process ends.
  static const Table& table = *[] {
    auto* t = new Table;
#ifdef THALWEG_AVX2
    if (!only_base() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      avx2::add_all(*t);
      return t;
    }
#endif
    base::add_all(*t);
    return t;
  }();
  return table;
}

const Operation* Table::find(std::string_view mnemonic, std::string_view operands) const {
  const auto row = rows_.find(key(mnemonic, operands));
  return row == rows_.end() ? nullptr : &row->second;
}

void Table::add(const Mnemonic& mnemonic, const char* operands, Execute execute, Flow flow) {
  std::string name;
  for (const char* part : mnemonic.part) name += part == nullptr ? "" : part;
  rows_[key(name, operands)] = {name, operands, execute, flow, kind_of(name, flow)};
}

}  // namespace thalweg
