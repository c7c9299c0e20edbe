// How values are written: str(), repr(), json.dumps().
#pragma once

#include "core/jinja/text.h"

namespace nety::jinja {

/// str(value). Errors of these: Failure for what Python writes with its address.
Value as_text(Heap& heap, const Value& value);
void add_text(Heap& heap, const Value& value, TextBuilder& out);
void add_repr(Heap& heap, const Value& value, TextBuilder& out);
/// str.isprintable() of one character.
bool is_printable(char32_t value);

struct JsonStyle {
  bool ascii = false;            ///< Other characters as \uNNNN.
  const Text* indent = nullptr;  ///< What a level is indented by; null: all in one line.
  std::string_view item = ", ";  ///< Between items, and between keys and values.
  std::string_view colon = ": ";
  bool sort_keys = false;
};
/// json.dumps(value). Error: Failure for what JSON has not.
void add_json(Heap& heap, const Value& value, const JsonStyle& style, TextBuilder& out);

}  // namespace nety::jinja
