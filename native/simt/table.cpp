#include "simt/table.h"

namespace thalweg {
namespace {

std::string key(std::string_view mnemonic, std::string_view operands) {
  const size_t brace = operands.find('{');
  return std::string(mnemonic) + (brace == std::string_view::npos ? "" : brace == 0 ? " {}" : " ,{}");
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
  static const Table table = [] {
    Table t;
#ifdef THALWEG_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      avx2::add_all(t);
      return t;
    }
#endif
    base::add_all(t);
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
  rows_[key(name, operands)] = {name, operands, execute, flow};
}

}  // namespace thalweg
