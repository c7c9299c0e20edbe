// Grammars in llama.cpp's notation (GBNF).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/grammar/builder.h"

namespace nety::grammar {

/// Adds the rules of a grammar; the rule named "root". Error: kUsage, with the line, for what is no
/// GBNF, for rules that are missing or there twice, and beyond limits.h.
int32_t add_gbnf(std::string_view text, Builder& builder);

}  // namespace nety::grammar
