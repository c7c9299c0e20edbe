#include "core/jinja/splitting.h"

#include <algorithm>

#include "core/jinja/failure.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

constexpr size_t kNowhere = std::string_view::npos;

/// The white space at `at`, in bytes; 0 if there is something else.
size_t blank_at(std::string_view bytes, size_t at) {
  const tokenizer::CodePoint point = tokenizer::code_point_at(bytes, at);
  return is_blank(point.value) ? point.bytes : 0;
}

std::vector<Span> words_of(Heap& heap, std::string_view bytes, int64_t most) {
  std::vector<Span> words;
  heap.step(bytes.size() / 16);
  for (size_t at = 0;;) {
    while (at < bytes.size() && blank_at(bytes, at) > 0) at += blank_at(bytes, at);
    if (at == bytes.size()) return words;
    heap.take(sizeof(Span));
    if (most >= 0 && static_cast<int64_t>(words.size()) == most) {
      words.push_back({at, bytes.size()});
      return words;
    }
    const size_t begin = at;
    while (at < bytes.size() && blank_at(bytes, at) == 0) at += code_point_bytes(bytes, at);
    words.push_back({begin, at});
  }
}

/// Bytes of a line end: str.splitlines() knows more of them than "\n".
size_t line_end_at(std::string_view bytes, size_t at) {
  const tokenizer::CodePoint point = tokenizer::code_point_at(bytes, at);
  if (point.value == '\r' && at + 1 < bytes.size() && bytes[at + 1] == '\n') return 2;
  const bool is_end = (point.value >= 0x0a && point.value <= 0x0d) ||
                      (point.value >= 0x1c && point.value <= 0x1e) || point.value == 0x85 ||
                      point.value == 0x2028 || point.value == 0x2029;
  return is_end ? point.bytes : 0;
}

/// The bytes in the other order; only for searching.
Text backwards(Heap& heap, const Text& text) {
  const std::string back(text.bytes.rbegin(), text.bytes.rend());
  return {.bytes = heap.copy(std::string_view(back))};
}

}  // namespace

std::vector<Span> split(Heap& heap, const Text& text, const Text* separator, int64_t most) {
  if (separator == nullptr) return words_of(heap, text.bytes, most);
  if (separator->bytes.empty()) fail("empty separator");
  std::vector<Span> parts;
  size_t begin = 0;
  while (most < 0 || static_cast<int64_t>(parts.size()) < most) {
    const size_t at = find_bytes(heap, text.bytes, separator->bytes, begin);
    if (at == kNowhere) break;
    heap.take(sizeof(Span));
    parts.push_back({begin, at});
    begin = at + separator->bytes.size();
  }
  parts.push_back({begin, text.bytes.size()});
  return parts;
}

std::vector<Span> split_right(Heap& heap, const Text& text, const Text* separator, int64_t most) {
  if (separator != nullptr) {
    // In linear time: split the text read backwards.
    const Text back = backwards(heap, text), back_separator = backwards(heap, *separator);
    std::vector<Span> parts = split(heap, back, &back_separator, most);
    const size_t size = text.bytes.size();
    for (Span& part : parts) part = {size - part.end, size - part.begin};
    std::ranges::reverse(parts);
    return parts;
  }
  std::vector<Span> words;
  std::string_view rest = text.bytes;
  heap.step(rest.size() / 16);
  for (;;) {
    rest = rest.substr(0, stripped(heap, rest, nullptr, false, true).end);
    if (rest.empty()) break;
    const bool enough = most >= 0 && static_cast<int64_t>(words.size()) == most;
    size_t begin = enough ? 0 : rest.size();
    while (begin > 0) {
      size_t last = begin - 1;
      while ((static_cast<unsigned char>(rest[last]) & 0xc0) == 0x80) --last;
      if (blank_at(rest, last) > 0) break;
      begin = last;
    }
    heap.take(sizeof(Span));
    words.push_back({begin, rest.size()});
    rest = rest.substr(0, begin);
  }
  std::ranges::reverse(words);
  return words;
}

std::vector<Span> lines_of(Heap& heap, const Text& text, bool with_ends) {
  std::vector<Span> lines;
  const std::string_view bytes = text.bytes;
  heap.step(bytes.size() / 16);
  for (size_t at = 0; at < bytes.size();) {
    const size_t begin = at;
    while (at < bytes.size() && line_end_at(bytes, at) == 0) at += code_point_bytes(bytes, at);
    const size_t end = at < bytes.size() ? line_end_at(bytes, at) : 0;
    heap.take(sizeof(Span));
    lines.push_back({begin, at + (with_ends ? end : 0)});
    at += end;
  }
  return lines;
}

Value parts_of(Heap& heap, const Text& text, const std::vector<Span>& parts) {
  ValueList values(heap);
  for (const Span& part : parts) values.add(part_of(heap, text, part.begin, part.end));
  return values.list();
}

Value replaced(Heap& heap, const Text& text, const Text& before, const Text& after, int64_t most) {
  TextBuilder out(heap);
  size_t at = 0;
  const auto keep = [&](size_t end) {
    if (end > at) out.add(*part_of(heap, text, at, end).text);
    at = end;
  };
  for (int64_t times = 0; most < 0 || times < most; ++times) {
    heap.step();
    if (before.bytes.empty()) {  // in front of each character, and at the end
      if (times > 0) {
        if (at == text.bytes.size()) break;
        keep(at + code_point_bytes(text.bytes, at));
      }
      out.add(after);
      continue;
    }
    const size_t found = find_bytes(heap, text.bytes, before.bytes, at);
    if (found == kNowhere) break;
    keep(found);
    out.add(after);
    at = found + before.bytes.size();
  }
  keep(text.bytes.size());
  return out.finish(text.safe);
}

size_t find_last(Heap& heap, std::string_view bytes, std::string_view part) {
  // In linear time: the first place in both read backwards.
  if (part.empty()) return bytes.size();
  heap.take(bytes.size() + part.size());
  const std::string back(bytes.rbegin(), bytes.rend()), back_part(part.rbegin(), part.rend());
  const size_t at = find_bytes(heap, back, back_part, 0);
  return at == kNowhere ? kNowhere : bytes.size() - at - part.size();
}

Value padded(Heap& heap, const Text& text, int64_t left, int64_t right, std::string_view with) {
  // Refused before it is made.
  heap.take(static_cast<size_t>(std::min<int64_t>(left + right, int64_t{1} << 40)));
  heap.step(static_cast<size_t>(left + right) / 16);
  TextBuilder out(heap);
  for (int64_t i = 0; i < left; ++i) out.add(with);
  out.add(text);
  for (int64_t i = 0; i < right; ++i) out.add(with);
  return out.finish(text.safe);
}

}  // namespace nety::jinja
