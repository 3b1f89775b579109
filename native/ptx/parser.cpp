#include "ptx/parser.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "simt/table.h"

namespace thalweg {
namespace {

constexpr uint32_t kSlotAlignment = 64;  // a cache line, and the widest vector register

uint64_t align(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

struct Register {
  uint32_t slot;
  uint32_t width;  // bytes; 0: a predicate
};

struct Symbol {
  const char* space;
  uint64_t address;
};

// Bytes of a type such as .f32; 0: a predicate, -1: no type.
int type_bytes(std::string_view type) {
  if (type == ".pred") return 0;
  if (type.size() < 3 || type[0] != '.' || std::string_view("bsuf").find(type[1]) == std::string_view::npos) return -1;
  for (const int bytes : {1, 2, 4, 8}) {
    if (type.substr(2) == std::to_string(8 * bytes)) return bytes;
  }
  return -1;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(tokenize(text)) {}

  Module module() {
    while (token().kind != TokenKind::kEnd) {
      const Token first = next();
      if (first.text == ".version" || first.text == ".target" || first.text == ".address_size") {
        next();
      } else if (first.text == ".extern") {
        dynamic_shared_variable();
      } else if (first.text == ".visible" && accept(".entry")) {
        entry();
      } else {
        unknown("directive", first);
      }
    }
    return std::move(module_);
  }

 private:
  // ---- tokens

  const Token& token() const { return tokens_[position_]; }
  bool at(std::string_view text) const { return token().text == text; }
  [[noreturn]] void fail(const std::string& what) const { throw PtxError(token().line, what); }
  [[noreturn]] void expected(const std::string& what) const {
    fail("expected " + what + ", found '" + std::string(token().text) + "'");
  }
  [[noreturn]] static void unknown(const char* what, const Token& t) {
    throw PtxError(t.line, std::string("unknown ") + what + " '" + std::string(t.text) + "'");
  }

  Token next() {
    if (token().kind == TokenKind::kEnd) fail("the text ends too early");
    return tokens_[position_++];
  }

  bool accept(std::string_view text) {
    if (!at(text)) return false;
    ++position_;
    return true;
  }

  void expect(std::string_view text) {
    if (!accept(text)) expected("'" + std::string(text) + "'");
  }

  std::string name() {
    if (token().kind != TokenKind::kWord) expected("a name");
    return std::string(next().text);
  }

  // An integer, or the bits of a float: 0fXXXXXXXX where 4 bytes are wanted, 0dXXXXXXXXXXXXXXXX where 8 are.
  uint64_t number(uint32_t width = 8, uint64_t limit = UINT64_MAX) {
    std::string_view digits = token().text;
    const bool real = digits.size() == 2 + 2 * width &&
                      ((width == 4 && digits.substr(0, 2) == "0f") || (width == 8 && digits.substr(0, 2) == "0d"));
    if (real) digits.remove_prefix(2);
    uint64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, real ? 16 : 10);
    if (token().kind != TokenKind::kNumber || error != std::errc() || stop != end) {
      expected("a number of " + std::to_string(8 * width) + " bits");
    }
    if (value > limit) fail("the number is above " + std::to_string(limit));
    next();
    return value;
  }

  // ---- declarations

  uint32_t type() {
    const Token t = next();
    const int bytes = type_bytes(t.text);
    if (bytes < 0) unknown("type", t);
    return static_cast<uint32_t>(bytes);
  }

  // .shared .align A .b8 name[]: of a size that the launch gives. All of them are at the start of shared memory.
  void dynamic_shared_variable() {
    expect(".shared");
    if (accept(".align")) number();
    type();
    dynamic_shared_[name()] = {".shared", 0};
    for (const char* rest : {"[", "]", ";"}) expect(rest);
  }

  void parameters() {
    while (!accept(")")) {
      expect(".param");
      const uint32_t size = type();
      if (size == 0) fail("a predicate cannot be a parameter");
      const uint64_t offset = align(kernel_->parameter_bytes, size);
      symbols_[name()] = {".param", offset};
      kernel_->parameters.push_back({offset, size});
      kernel_->parameter_bytes = offset + size;
      if (!at(")")) expect(",");
    }
  }

  // .maxntid x, y, z and .minnctapersm n, which is advice to a compiler
  void limits() {
    const Token directive = next();
    if (directive.text != ".maxntid" && directive.text != ".minnctapersm") unknown("directive", directive);
    uint64_t product = 1;
    do { product *= number(8, 1024); } while (accept(","));
    if (directive.text == ".maxntid") kernel_->max_threads = static_cast<uint32_t>(std::min<uint64_t>(product, 1024));
  }

  void entry() {
    const std::string kernel_name = name();
    kernel_ = &module_[kernel_name];
    if (!kernel_->name.empty()) fail("a second kernel '" + kernel_name + "'");
    kernel_->name = kernel_name;
    symbols_ = dynamic_shared_;
    registers_.clear();
    ranges_.clear();
    labels_.clear();
    jumps_.clear();
    constants_.clear();
    predicates_ = 0;
    for (const char* special : kSpecialRegisters) registers_[special] = {new_slot(4), 4};
    if (accept("(")) parameters();
    while (!accept("{")) limits();
    statements();
    for (const auto& [instruction, label] : jumps_) {
      const auto found = labels_.find(label);
      Instruction& jump = kernel_->code[instruction];
      if (found == labels_.end()) throw PtxError(jump.line, "unknown label '" + label + "'");
      jump.target = found->second;
    }
    for (const auto& [key, slot] : constants_) kernel_->constants.push_back({slot, key.first, key.second});
    // Nothing runs off the end.
    const Flow last = kernel_->code.empty() ? Flow::kNext : kernel_->code.back().flow;
    if (kernel_->code.empty() || kernel_->code.back().guarded || (last != Flow::kExit && last != Flow::kBranch)) {
      fail("the kernel does not end in ret or bra");
    }
  }

  // ---- statements

  // Up to the closing brace. What a scope declares hides what the scopes around it declare.
  void statements(int depth = 0) {
    if (depth > 8) fail("scopes too deep");
    std::vector<std::pair<std::string, std::optional<Register>>> hidden;
    while (!accept("}")) {
      if (accept("{")) {
        statements(depth + 1);
      } else if (accept(".reg")) {
        registers(hidden);
      } else if (accept(".pragma")) {  // "nounroll": advice to a compiler
        next();
        expect(";");
      } else if (token().kind == TokenKind::kWord && tokens_[position_ + 1].text == ":") {
        if (!labels_.emplace(name(), static_cast<uint32_t>(kernel_->code.size())).second) fail("a label stands twice");
        expect(":");
      } else {
        instruction();
      }
    }
    for (const auto& [stem, before] : hidden) {
      if (before) registers_[stem] = *before;
      else registers_.erase(stem);
    }
  }

  // .reg .type %r<count>; declares %r0 to %r(count-1), which get their slots when they are first used. Or one %name.
  void registers(std::vector<std::pair<std::string, std::optional<Register>>>& hidden) {
    const uint32_t width = type();
    const std::string stem = name();
    if (accept("<")) {
      ranges_[stem] = {number(8, 1 << 20), width};
      expect(">");
    } else {
      hidden.emplace_back(stem, find_register(stem));
      registers_[stem] = {new_slot(width), width};
    }
    expect(";");
  }

  void instruction() {
    Instruction i;
    if (accept("@")) {
      i.guarded = true;
      i.guard_negated = accept("!");
      i.guard = register_of_width(0);
    }
    const Token mnemonic = next();
    std::string rest;
    for (size_t t = position_; tokens_[t].kind != TokenKind::kEnd && tokens_[t].text != ";"; ++t)
      rest += tokens_[t].text;
    i.operation = Table::get().find(mnemonic.text, rest);
    if (i.operation == nullptr) unknown(mnemonic.text[0] == '.' ? "directive" : "instruction", mnemonic);
    i.execute = i.operation->execute;
    i.flow = i.operation->flow;
    i.line = mnemonic.line;
    operands(i);
    expect(";");
    kernel_->code.push_back(i);
  }

  // Reads the operands as the table spells them (Table::add).
  void operands(Instruction& i) {
    uint32_t* slot = i.slot;
    char previous = '\0';
    for (const char* form = i.operation->operands; *form != '\0'; previous = *form++) {
      const bool first = previous == '\0' || previous == '{' || previous == '[' || previous == '|';
      if (!first && *form != '}' && *form != ']' && *form != '|') expect(",");
      switch (*form) {
        case 'p': *slot++ = register_of_width(0); break;
        case 'h': *slot++ = value(2); break;
        case 'w': *slot++ = value(4); break;
        case 'x': *slot++ = value(8); break;
        case 'n': *slot++ = widening(i); break;
        case 'a': *slot++ = address(i); break;
        case 'L': jumps_.emplace_back(kernel_->code.size(), name()); break;
        case '0': number(8, 0); break;
        default: expect(std::string_view(form, 1));
      }
    }
    if (i.flow == Flow::kWarpSync) i.members = slot[-1];
  }

  uint32_t new_slot(uint32_t width) {
    if (width == 0 && predicates_++ % (kSlotAlignment / sizeof(Mask)) != 0) return last_predicate_ += sizeof(Mask);
    const uint32_t slot = kernel_->register_bytes;
    if (width == 0) last_predicate_ = slot;
    kernel_->register_bytes += static_cast<uint32_t>(align(kLanes * width, kSlotAlignment));
    if (width == 0) kernel_->register_bytes += kSlotAlignment;
    return slot;
  }

  std::optional<Register> find_register(const std::string& text) {
    const auto found = registers_.find(text);
    if (found != registers_.end()) return found->second;
    const size_t digits = text.find_last_not_of("0123456789") + 1;
    const auto range = ranges_.find(text.substr(0, digits));
    if (range == ranges_.end() || digits == text.size() || text.size() - digits > 7) return std::nullopt;
    const auto [count, width] = range->second;
    if (std::stoul(text.substr(digits)) >= count) return std::nullopt;
    return registers_[text] = {new_slot(width), width};
  }

  Register any() {
    const auto found = find_register(std::string(token().text));
    if (!found) expected("a register");
    return *found;
  }

  uint32_t register_of_width(uint32_t width) {
    const Register r = any();
    if (r.width != width) expected(width == 0 ? "a predicate" : "a register of " + std::to_string(8 * width) + " bits");
    next();
    return r.slot;
  }

  // What a load fills or a store empties: registers of one width, at least that of the type. Or an immediate.
  uint32_t widening(Instruction& i) {
    const auto bytes = static_cast<uint8_t>(type_bytes(i.operation->name.substr(i.operation->name.rfind('.'))));
    const auto found = find_register(std::string(token().text));
    const auto width = static_cast<uint8_t>(found ? found->width : bytes);
    if (width < bytes || (i.width != 0 && i.width != width)) expected("a register of the type's width or more");
    i.width = width;
    return value(width);
  }

  uint32_t constant(uint32_t width, uint64_t bits) {
    if (width < 8) bits &= (uint64_t{1} << 8 * width) - 1;
    const auto found = constants_.find({width, bits});
    if (found != constants_.end()) return found->second;
    return constants_[{width, bits}] = new_slot(width);
  }

  // A register, an immediate, or the address of a variable.
  uint32_t value(uint32_t width) {
    if (accept("-")) return constant(width, 0 - number(width));
    if (token().kind == TokenKind::kNumber) return constant(width, number(width));
    const auto symbol = symbols_.find(std::string(token().text));
    if (symbol == symbols_.end()) return register_of_width(width);
    next();
    return constant(width, symbol->second.address);
  }

  // base, base+number or base+-number
  uint32_t address(Instruction& i) {
    const auto symbol = symbols_.find(std::string(token().text));
    uint32_t slot = 0;
    if (symbol != symbols_.end()) {
      if (i.operation->name.find(symbol->second.space) == std::string::npos) expected("a variable of the state space");
      slot = constant(8, symbol->second.address);
      next();
    } else {
      const uint32_t width = any().width;
      if (width < 4) expected("an address");
      i.narrow_address = width == 4;
      slot = register_of_width(width);
    }
    if (accept("+"))
      i.offset = accept("-") ? -static_cast<int64_t>(number(4, INT32_MAX)) : static_cast<int64_t>(number(4, INT32_MAX));
    return slot;
  }

  std::vector<Token> tokens_;
  size_t position_ = 0;
  Module module_;
  std::map<std::string, Symbol> dynamic_shared_;

  // of the kernel that is being parsed
  Kernel* kernel_ = nullptr;
  std::map<std::string, Register> registers_;
  std::map<std::string, std::pair<uint64_t, uint32_t>> ranges_;  // stem -> count, width
  std::map<std::string, Symbol> symbols_;
  std::map<std::string, uint32_t> labels_;
  std::vector<std::pair<size_t, std::string>> jumps_;  // instruction -> label
  std::map<std::pair<uint32_t, uint64_t>, uint32_t> constants_;
  uint32_t predicates_ = 0, last_predicate_ = 0;
};

}  // namespace

Module parse(std::string_view text) { return Parser(text).module(); }

}  // namespace thalweg
