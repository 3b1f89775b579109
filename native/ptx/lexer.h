#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

struct PtxError : std::runtime_error {
  PtxError(uint32_t line, const std::string& what)
      : std::runtime_error("PTX line " + std::to_string(line) + ": " + what) {}
};

// A word is a directive, a mnemonic with its modifiers, or a name: "." and "%" and "$" belong to it.
enum class TokenKind { kWord, kNumber, kString, kPunctuation, kEnd };

struct Token {
  TokenKind kind;
  std::string_view text;
  uint32_t line;
};

// The last token is kEnd. Throws PtxError at a character that begins no token.
std::vector<Token> tokenize(std::string_view text);

}  // namespace thalweg
