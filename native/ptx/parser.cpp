#include "ptx/parser.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "simt/table.h"

namespace thalweg {
namespace {

constexpr uint64_t kDynamicAlignment = 16;  // of dynamic shared memory: what nvcc asks for, whatever the type
constexpr uint32_t kSlotAlignment = 64;     // a cache line, and the widest vector register

uint64_t align(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

struct Register {
  uint32_t slot;
  uint32_t width;  // bytes; 0: a predicate
};

struct Symbol {
  const char* space;
  uint64_t address;
  bool behind = false;  // dynamic shared memory: behind all that is declared with a size, so its address comes last
};

// What a function takes or gives.
struct Formal {
  std::string name;
  uint32_t width;
};

// A device function. A call decodes its body in the place of the call: so registers need no stack, and nothing
// recurses.
struct Function {
  std::vector<Formal> results, parameters;
  size_t body;  // the token behind its opening brace
};

// A kernel whose head has been read.
struct Entry {
  Kernel* kernel;
  std::map<std::string, Symbol> parameters;
  size_t body;  // the token behind its opening brace
};

constexpr size_t kMostInstructions = 1 << 20;     // of a kernel: calls in functions that are called multiply
constexpr uint64_t kMostVariableBytes = 1 << 20;  // of a kernel, in shared or in local memory

// Bytes of a type such as .f32; 0: a predicate, -1: no type.
int type_bytes(std::string_view type) {
  if (type == ".pred") return 0;
  if (type.size() < 3 || type[0] != '.' || std::string_view("bsuf").find(type[1]) == std::string_view::npos) return -1;
  for (const int bytes : {1, 2, 4, 8}) {
    if (type.substr(2) == std::to_string(8 * bytes)) return bytes;
  }
  return -1;
}

// What means something else inside a function that is called.
struct Names {
  std::map<std::string, Register> registers;
  std::map<std::string, std::pair<uint64_t, uint32_t>> ranges;  // stem -> count, width
  std::map<std::string, Register> handed;                       // parameters and results of calls
  std::map<std::string, uint32_t> labels;
  std::vector<std::pair<size_t, std::string>> jumps;  // instruction -> label
  std::vector<size_t> returns;                        // instructions
};

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
      } else if (first.text == ".func" || (first.text == ".visible" && accept(".func"))) {
        function();
      } else if (first.text == ".visible" && accept(".entry")) {
        entry();
      } else if (first.text == ".file") {
        source_file();
      } else if (first.text == ".section") {  // .section .name { what debuggers read }
        name();
        skip_braces();
      } else {
        unknown("directive", first);
      }
    }
    for (const Entry& entry : entries_) body(entry);  // now that the functions are known, which may stand behind them
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

  // .shared .align A .b8 name[]: of a size that the launch gives. All of them have the same address.
  void dynamic_shared_variable() {
    expect(".shared");
    if (accept(".align")) alignment();
    type();
    dynamic_shared_[name()] = {".shared", 0, true};
    for (const char* rest : {"[", "]", ";"}) expect(rest);
  }

  uint64_t alignment() {
    const uint64_t bytes = number(8, 128);
    if (bytes == 0 || (bytes & (bytes - 1)) != 0) fail("an alignment is a power of two");
    return bytes;
  }

  // .align A .type name[count]; in a state space of which `used` bytes are given away
  void variable(const char* space, uint64_t& used) {
    const uint64_t aligned = accept(".align") ? alignment() : 1;
    const uint32_t size = type();
    if (size == 0) fail("a predicate cannot be in memory");
    const std::string variable_name = name();
    const uint64_t count = accept("[") ? number(8, kMostVariableBytes) : 1;
    if (!at(";")) expect("]");
    expect(";");
    const auto [known, fresh] =
        variables_.emplace(variable_name, Symbol{space, align(used, std::max<uint64_t>(aligned, size))});
    if (fresh) used = known->second.address + count * size;
    if (used > kMostVariableBytes) fail("more than " + std::to_string(kMostVariableBytes) + " bytes of variables");
    symbols_[variable_name] = known->second;
  }

  // .param .type name, ...)
  std::vector<Formal> formals() {
    std::vector<Formal> list;
    while (!accept(")")) {
      expect(".param");
      const uint32_t width = type();
      if (width == 0) fail("a predicate cannot be a parameter");
      list.push_back({name(), width});
      if (!at(")")) expect(",");
    }
    return list;
  }

  // .func (results) name (parameters) and its body; or a semicolon, and the body comes later
  void function() {
    Function f{};
    if (accept("(")) f.results = formals();
    const std::string function_name = name();
    if (accept("(")) f.parameters = formals();
    if (accept(";")) return;
    f.body = skip_braces();
    if (!functions_.emplace(function_name, f).second) fail("a second function '" + function_name + "'");
  }

  // Returns the position behind the opening brace.
  size_t skip_braces() {
    expect("{");
    const size_t inside = position_;
    for (int open = 1; open > 0;) {
      const Token t = next();
      open += t.text == "{" ? 1 : t.text == "}" ? -1 : 0;
    }
    return inside;
  }

  // number "name": where lines of source are from
  void source_file() {
    const uint64_t index = number(8, 1000);
    if (token().kind != TokenKind::kString) expected("the name of a file");
    if (files_.size() <= index) files_.resize(index + 1);
    const std::string_view quoted = next().text;
    files_[index] = quoted.substr(1, quoted.size() - 2);
  }

  SourceLine source_line() {
    const auto file = static_cast<uint32_t>(number(8, 1000));
    if (file >= files_.size()) fail("unknown file " + std::to_string(file));
    return {file, static_cast<uint32_t>(number(8, UINT32_MAX))};
  }

  // .loc file line column: of the instructions that follow. Behind it on the line: ... inlined_at file line column
  void location() {
    const uint32_t ptx_line = tokens_[position_ - 1].line;
    source_ = source_line();
    call_ = {};
    while (token().line == ptx_line && token().kind != TokenKind::kEnd) {
      if (next().text == "inlined_at") call_ = source_line();
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
    Entry entry{kernel_, {}, 0};
    if (accept("(")) {
      for (const Formal& parameter : formals()) {
        const uint64_t offset = align(kernel_->parameter_bytes, parameter.width);
        entry.parameters[parameter.name] = {".param", offset};
        kernel_->parameters.push_back({offset, parameter.width});
        kernel_->parameter_bytes = offset + parameter.width;
      }
    }
    while (!at("{")) limits();
    entry.body = skip_braces();
    entries_.push_back(std::move(entry));
  }

  void body(const Entry& entry) {
    kernel_ = entry.kernel;
    kernel_->files = files_;
    position_ = entry.body;
    source_ = call_ = {};
    names_ = {};
    symbols_ = entry.parameters;
    symbols_.insert(dynamic_shared_.begin(), dynamic_shared_.end());
    variables_.clear();
    constants_.clear();
    behind_.clear();
    predicates_ = 0;
    for (const char* special : kSpecialRegisters) specials_[special] = {new_slot(4), 4};
    names_.registers = specials_;
    statements();
    resolve_jumps();
    if (!behind_.empty()) kernel_->shared_bytes = align(kernel_->shared_bytes, kDynamicAlignment);
    for (const auto& [width, slot] : behind_) kernel_->constants.push_back({slot, width, kernel_->shared_bytes});
    for (const auto& [key, slot] : constants_) kernel_->constants.push_back({slot, key.first, key.second});
    // Nothing runs off the end.
    const Flow last = kernel_->code.empty() ? Flow::kNext : kernel_->code.back().flow;
    if (kernel_->code.empty() || kernel_->code.back().guarded || (last != Flow::kExit && last != Flow::kBranch)) {
      fail("the kernel does not end in ret or bra");
    }
    for (const Instruction& i : kernel_->code) {
      if (i.target >= kernel_->code.size()) throw PtxError(i.line, "a jump behind the last instruction");
    }
  }

  void resolve_jumps() {
    for (const auto& [instruction, label] : names_.jumps) {
      const auto found = names_.labels.find(label);
      Instruction& jump = kernel_->code[instruction];
      if (found == names_.labels.end()) throw PtxError(jump.line, "unknown label '" + label + "'");
      jump.target = found->second;
    }
  }

  // ---- statements

  // Up to the closing brace. What a scope declares hides what the scopes around it declare.
  void statements(int depth = 0) {
    if (depth > 8) fail("scopes too deep");
    const auto handed_outside = names_.handed;
    std::vector<std::pair<std::string, std::optional<Register>>> hidden;
    while (!accept("}")) {
      if (accept("{")) {
        statements(depth + 1);
      } else if (accept(".reg")) {
        registers(hidden);
      } else if (accept(".shared")) {
        variable(".shared", kernel_->shared_bytes);
      } else if (accept(".local")) {
        variable(".local", kernel_->local_bytes);
      } else if (accept(".param")) {
        const uint32_t width = type();
        if (width == 0) fail("a predicate cannot be a parameter");
        names_.handed[name()] = {new_slot(width), width};
        expect(";");
      } else if (accept(".loc")) {
        location();
      } else if (accept(".pragma")) {  // "nounroll": advice to a compiler
        next();
        expect(";");
      } else if (token().kind == TokenKind::kWord && tokens_[position_ + 1].text == ":") {
        if (!names_.labels.emplace(name(), static_cast<uint32_t>(kernel_->code.size())).second) {
          fail("a label stands twice");
        }
        expect(":");
      } else {
        instruction();
      }
    }
    for (const auto& [stem, before] : hidden) {
      if (before) names_.registers[stem] = *before;
      else names_.registers.erase(stem);
    }
    names_.handed = handed_outside;
  }

  // .reg .type %r<count>; declares %r0 to %r(count-1), which get their slots when they are first used. Or one %name.
  void registers(std::vector<std::pair<std::string, std::optional<Register>>>& hidden) {
    const uint32_t width = type();
    const std::string stem = name();
    if (accept("<")) {
      names_.ranges[stem] = {number(8, 1 << 20), width};
      expect(">");
    } else {
      hidden.emplace_back(stem, find_register(stem));
      names_.registers[stem] = {new_slot(width), width};
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
    i.line = mnemonic.line;
    i.source = source_;
    i.call = call_;
    if (mnemonic.text == "call" || mnemonic.text == "call.uni") {
      if (i.guarded) fail("a call with a guard is not known");
      return call();
    }
    if (hand_over(i, mnemonic)) return;
    std::string rest;
    for (size_t t = position_; tokens_[t].kind != TokenKind::kEnd && tokens_[t].text != ";"; ++t)
      rest += tokens_[t].text;
    i.operation = Table::get().find(mnemonic.text, rest);
    if (i.operation == nullptr) unknown(mnemonic.text[0] == '.' ? "directive" : "instruction", mnemonic);
    operands(i);
    expect(";");
    if (calls_ > 0 && i.operation->flow == Flow::kExit) {
      i.operation = Table::get().find("bra", "");
      names_.returns.push_back(kernel_->code.size());
    }
    emit(i);
  }

  void emit(Instruction i) {
    i.execute = i.operation->execute;
    i.flow = i.operation->flow;
    i.kind = i.operation->kind;
    if (kernel_->code.size() == kMostInstructions) fail("the kernel has too many instructions");
    const std::string& written = i.operation->name;
    if (written.compare(0, 3, "st.") == 0 && type_bytes(written.substr(written.rfind('.'))) < 4) {
      kernel_->narrow_stores = true;
    }
    kernel_->code.push_back(i);
  }

  // ---- calls

  // ld.param and st.param of what a call hands over. That is registers here.
  bool hand_over(Instruction i, const Token& mnemonic) {
    const std::string_view access = mnemonic.text.substr(0, 9);
    const bool store = access == "st.param.";
    if (!store && access != "ld.param.") return false;
    const size_t place = position_ + (store ? 1 : 3);  // [name+0], value  or  register, [name+0]
    if (place >= tokens_.size()) return false;
    const auto found = names_.handed.find(std::string(tokens_[place].text));
    if (found == names_.handed.end()) return false;
    const auto [slot, width] = found->second;
    if (type_bytes(mnemonic.text.substr(8)) != static_cast<int>(width)) unknown("part of a parameter", mnemonic);
    i.operation = Table::get().find("mov.b" + std::to_string(8 * width), "");
    if (i.operation == nullptr) unknown("instruction", mnemonic);
    if (!store) {
      i.slot[0] = register_of_width(width);
      expect(",");
    }
    expect("[");
    next();
    if (accept("+")) number(8, 0);
    expect("]");
    i.slot[store ? 0 : 1] = slot;
    if (store) {
      expect(",");
      i.slot[1] = value(width);
    }
    expect(";");
    emit(i);
    return true;
  }

  // (name, ...): what is handed over
  std::vector<Register> actuals() {
    std::vector<Register> list;
    expect("(");
    while (!accept(")")) {
      const auto found = names_.handed.find(name());
      if (found == names_.handed.end()) fail("what stands before this is no parameter");
      list.push_back(found->second);
      if (!at(")")) expect(",");
    }
    return list;
  }

  void bind(const std::vector<Formal>& formals, const std::vector<Register>& actuals, Names& names) const {
    if (formals.size() != actuals.size()) fail("the call has another number of parameters than the function");
    for (size_t k = 0; k < formals.size(); ++k) {
      if (formals[k].width != actuals[k].width) fail("a parameter of the call has another size than the function's");
      names.handed[formals[k].name] = actuals[k];
    }
  }

  // (results), function, (parameters);
  void call() {
    std::vector<Register> results, parameters;
    if (at("(")) {
      results = actuals();
      expect(",");
    }
    const Token callee = next();
    if (accept(",")) parameters = actuals();
    expect(";");
    const auto found = functions_.find(std::string(callee.text));
    if (found == functions_.end()) unknown("function", callee);
    if (calls_ == 8) throw PtxError(callee.line, "calls too deep: a function cannot call itself here");
    Names inside;
    inside.registers = specials_;
    bind(found->second.results, results, inside);
    bind(found->second.parameters, parameters, inside);
    std::swap(names_, inside);
    const size_t after = std::exchange(position_, found->second.body);
    ++calls_;
    statements();
    --calls_;
    resolve_jumps();
    for (const size_t i : names_.returns) kernel_->code[i].target = static_cast<uint32_t>(kernel_->code.size());
    std::swap(names_, inside);
    position_ = after;
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
        case 'L': names_.jumps.emplace_back(kernel_->code.size(), name()); break;
        case '0': number(8, 0); break;
        default: expect(std::string_view(form, 1));
      }
    }
    if (i.operation->flow == Flow::kWarpSync) i.members = slot[-1];
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
    const auto found = names_.registers.find(text);
    if (found != names_.registers.end()) return found->second;
    const size_t digits = text.find_last_not_of("0123456789") + 1;
    const auto range = names_.ranges.find(text.substr(0, digits));
    if (range == names_.ranges.end() || digits == text.size() || text.size() - digits > 7) return std::nullopt;
    const auto [count, width] = range->second;
    if (std::stoul(text.substr(digits)) >= count) return std::nullopt;
    return names_.registers[text] = {new_slot(width), width};
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
    return address_of(symbol->second, width);
  }

  uint32_t address_of(const Symbol& symbol, uint32_t width) {
    if (!symbol.behind) return constant(width, symbol.address);
    const auto found = behind_.find(width);
    return found != behind_.end() ? found->second : behind_[width] = new_slot(width);
  }

  // base, base+number or base+-number
  uint32_t address(Instruction& i) {
    const auto symbol = symbols_.find(std::string(token().text));
    uint32_t slot = 0;
    if (symbol != symbols_.end()) {
      if (i.operation->name.find(symbol->second.space) == std::string::npos) expected("a variable of the state space");
      slot = address_of(symbol->second, 8);
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
  std::vector<Entry> entries_;
  std::map<std::string, Function> functions_;
  std::map<std::string, Symbol> dynamic_shared_;
  std::vector<std::string> files_;

  // of the kernel that is being decoded
  Kernel* kernel_ = nullptr;
  std::map<std::string, Symbol> symbols_;    // variables and the kernel's parameters
  std::map<std::string, Symbol> variables_;  // of those, with a size: one each, however often its function is called
  std::map<std::pair<uint32_t, uint64_t>, uint32_t> constants_;  // width, bits -> slot
  std::map<uint32_t, uint32_t> behind_;                          // width -> slot of dynamic shared memory's address
  std::map<std::string, Register> specials_;
  Names names_;
  SourceLine source_, call_;
  int calls_ = 0;  // that the text being decoded is inside of
  uint32_t predicates_ = 0, last_predicate_ = 0;
};

}  // namespace

Module parse(std::string_view text) { return Parser(text).module(); }

}  // namespace thalweg
