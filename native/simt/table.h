// Which instruction goes where.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "ptx/program.h"

namespace thalweg {

// The parts of a mnemonic, in their order.
struct Mnemonic {
  const char* part[4];
};

class Table {
 public:
  // The instructions of this processor's best variant.
  static const Table& get();

  // The row with exactly this mnemonic, modifiers included; null if there is none. Where a mnemonic takes braces in
  // different places (mov.b64), or one result or two (shfl.sync), the operands' text chooses.
  const Operation* find(std::string_view mnemonic, std::string_view operands) const;

  // `operands` spells the operands in the order of the text, commas left out:
  //   p a predicate; h w x a register of 16, 32, 64 bits or an immediate; n one of the mnemonic's type, or a wider
  //   register [a] an address; L a label; 0 the number 0; { } and | stand for themselves
  // kWarpSync instructions have their member mask last.
  void add(const Mnemonic& mnemonic, const char* operands, Execute execute, Flow flow = Flow::kNext);

 private:
  std::unordered_map<std::string, Operation> rows_;
};

}  // namespace thalweg
