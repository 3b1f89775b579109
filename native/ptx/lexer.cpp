#include "ptx/lexer.h"

#include <algorithm>

namespace thalweg {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

bool word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || digit(c) || c == '_' || c == '$' || c == '%' || c == '.';
}

}  // namespace

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  uint32_t line = 1;
  const size_t n = text.size();
  size_t i = 0;
  const auto until = [&](size_t from, std::string_view mark) {
    const size_t end = text.find(mark, from);
    if (end == std::string_view::npos) throw PtxError(line, "the text ends before '" + std::string(mark) + "'");
    return end + mark.size();
  };
  while (i < n) {
    const char c = text[i];
    const size_t start = i;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      line += c == '\n';
      ++i;
    } else if (text.substr(i, 2) == "//") {
      i = std::min(text.find('\n', i), n);
    } else if (text.substr(i, 2) == "/*") {
      i = until(i + 2, "*/");
      line += static_cast<uint32_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(start),
                                               text.begin() + static_cast<std::ptrdiff_t>(i), '\n'));
    } else if (c == '"') {
      i = until(i + 1, "\"");
      tokens.push_back({TokenKind::kString, text.substr(start, i - start), line});
    } else if (word(c)) {
      while (i < n && word(text[i])) ++i;
      tokens.push_back({digit(c) ? TokenKind::kNumber : TokenKind::kWord, text.substr(start, i - start), line});
    } else if (std::string_view("{}()[]<>,;:|@!+-").find(c) != std::string_view::npos) {
      tokens.push_back({TokenKind::kPunctuation, text.substr(i++, 1), line});
    } else {
      throw PtxError(line, "unexpected character " + std::to_string(static_cast<unsigned char>(c)));
    }
  }
  tokens.push_back({TokenKind::kEnd, "the end of the text", line});
  return tokens;
}

}  // namespace thalweg
