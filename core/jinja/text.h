// Texts as Python's str has them: counted in code points, made of parts, each of which remembers
// whether the template wrote it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/value.h"

namespace nety::jinja {

/// Of valid UTF-8.
size_t code_points(std::string_view bytes);
/// Bytes of the code point at `at`.
size_t code_point_bytes(std::string_view bytes, size_t at);
/// The byte where code point `index` (at most text.length) begins.
size_t offset_of(Heap& heap, const Text& text, size_t index);

/// Bytes [begin, end) of a text, in place; markup where the text is, if `keeps_safe`.
Value part_of(Heap& heap, const Text& text, size_t begin, size_t end, bool keeps_safe = true);

/// str.isspace() of one character.
bool is_blank(char32_t value);
/// The byte ranges left after str.strip(), lstrip(), rstrip(); `chars` null: white space.
Span stripped(Heap& heap, std::string_view bytes, const Text* chars, bool left, bool right);

/// The first place of `part` at or behind `from`, npos if there is none. In linear time.
size_t find_bytes(Heap& heap, std::string_view bytes, std::string_view part, size_t from);

/// Texts one behind another.
class TextBuilder {
 public:
  explicit TextBuilder(Heap& heap) : heap_(&heap) {}
  void add(std::string_view bytes) { add(bytes, false); }
  void add(std::string_view bytes, bool foreign);
  void add(const Text& text);
  void add_code_point(char32_t value, bool foreign);
  std::string_view bytes() const { return bytes_; }
  const std::vector<Span>& foreign() const { return foreign_; }
  Value finish(bool safe = false) const;

 private:
  Heap* heap_;
  std::string bytes_;
  std::vector<Span> foreign_;
};

/// `bytes`, made from a text in a way that no longer tells its parts apart: all foreign if any was.
Value whole_of(Heap& heap, std::string_view bytes, const Text& made_from);

/// markupsafe.escape(): & < > ' " as entities, markup as it is.
Value escaped(Heap& heap, const Text& text);

}  // namespace nety::jinja
