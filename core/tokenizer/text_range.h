// A part of a text.
#pragma once

#include <cstddef>

namespace nety::tokenizer {

/// Bytes [begin, end) of a text.
struct TextRange {
  size_t begin = 0, end = 0;
};

}  // namespace nety::tokenizer
