#pragma once

#include <string_view>

#include "ptx/lexer.h"
#include "ptx/program.h"

namespace thalweg {

// Parses and decodes a PTX text. Throws PtxError, which names the line, at whatever it does not know.
Module parse(std::string_view text);

}  // namespace thalweg
