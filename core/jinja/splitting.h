// Texts taken apart and put together again, each part remembering who wrote it.
#pragma once

#include <vector>

#include "core/jinja/text.h"

namespace nety::jinja {

/// Byte ranges of str.split() and rsplit(); `separator` null: runs of white space. `most` cuts, all
/// if negative.
std::vector<Span> split(Heap& heap, const Text& text, const Text* separator, int64_t most);
std::vector<Span> split_right(Heap& heap, const Text& text, const Text* separator, int64_t most);
/// Those of str.splitlines().
std::vector<Span> lines_of(Heap& heap, const Text& text, bool with_ends);
/// Such parts as a list.
Value parts_of(Heap& heap, const Text& text, const std::vector<Span>& parts);

/// str.replace(), the first `most` times, always if negative.
Value replaced(Heap& heap, const Text& text, const Text& before, const Text& after, int64_t most);
/// The last place of `part`, npos if there is none.
size_t find_last(Heap& heap, std::string_view bytes, std::string_view part);
/// With so many of a character on each side.
Value padded(Heap& heap, const Text& text, int64_t left, int64_t right, std::string_view with);

}  // namespace nety::jinja
