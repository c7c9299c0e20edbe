#include "core/jinja/text.h"

#include <cstring>

#include "core/tokenizer/unicode.h"

namespace nety::jinja {

size_t code_points(std::string_view bytes) {
  size_t count = 0;
  for (const char c : bytes) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

size_t code_point_bytes(std::string_view bytes, size_t at) {
  const auto lead = static_cast<unsigned char>(bytes[at]);
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

size_t offset_of(Heap& heap, const Text& text, size_t index) {
  if (text.ascii()) return index;
  if (index >= text.length) return text.bytes.size();
  heap.step(index / 16);
  size_t at = 0;
  for (; index > 0; --index) at += code_point_bytes(text.bytes, at);
  return at;
}

Value part_of(Heap& heap, const Text& text, size_t begin, size_t end, bool keeps_safe) {
  const std::string_view bytes = text.bytes.substr(begin, end - begin);
  heap.step(1 + text.foreign.size() / 8 + (text.ascii() ? 0 : bytes.size() / 16));
  std::vector<Span> foreign;
  for (const Span& span : text.foreign)
    if (span.begin < end && span.end > begin)
      foreign.push_back({std::max(span.begin, begin) - begin, std::min(span.end, end) - begin});
  return of(heap.make<Text>(bytes, text.ascii() ? bytes.size() : code_points(bytes),
                            heap.copy(std::span<const Span>(foreign)), keeps_safe && text.safe));
}

bool is_blank(char32_t value) {
  return tokenizer::is_white_space(value) || (value >= 0x1c && value <= 0x1f);
}

Span stripped(Heap& heap, std::string_view bytes, const Text* chars, bool left, bool right) {
  const auto goes = [&](size_t at, size_t size) {
    heap.step(chars == nullptr ? 0 : 1 + chars->bytes.size() / 16);
    if (chars == nullptr) return is_blank(tokenizer::code_point_at(bytes, at).value);
    return chars->bytes.find(bytes.substr(at, size)) != std::string_view::npos;
  };
  Span kept{0, bytes.size()};
  while (left && kept.begin < kept.end) {
    const size_t size = code_point_bytes(bytes, kept.begin);
    if (!goes(kept.begin, size)) break;
    kept.begin += size;
  }
  while (right && kept.begin < kept.end) {
    size_t last = kept.end - 1;
    while ((static_cast<unsigned char>(bytes[last]) & 0xc0) == 0x80) --last;
    if (!goes(last, kept.end - last)) break;
    kept.end = last;
  }
  return kept;
}

size_t find_bytes(Heap& heap, std::string_view bytes, std::string_view part, size_t from) {
  if (from > bytes.size()) return std::string_view::npos;
  if (part.empty()) return from;
  if (bytes.size() - from < part.size()) return std::string_view::npos;
  const char* begin = bytes.data() + from;
  const void* found = ::memmem(begin, bytes.size() - from, part.data(), part.size());
  const size_t at = found == nullptr
                        ? std::string_view::npos
                        : static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
  heap.step(1 + ((found == nullptr ? bytes.size() : at) - from + part.size()) / 16);
  return at;
}

void TextBuilder::add(std::string_view bytes, bool foreign) {
  if (bytes.empty()) return;
  heap_->take(bytes.size());
  const size_t begin = bytes_.size();
  bytes_ += bytes;
  if (!foreign) return;
  if (!foreign_.empty() && foreign_.back().end == begin)
    foreign_.back().end = bytes_.size();
  else
    foreign_.push_back({begin, bytes_.size()});
}

void TextBuilder::add(const Text& text) {
  size_t at = 0;
  for (const Span& span : text.foreign) {
    add(text.bytes.substr(at, span.begin - at), false);
    add(text.bytes.substr(span.begin, span.end - span.begin), true);
    at = span.end;
  }
  add(text.bytes.substr(at), false);
}

void TextBuilder::add_code_point(char32_t value, bool foreign) {
  std::string bytes;
  tokenizer::append_utf8(bytes, value);
  add(bytes, foreign);
}

Value TextBuilder::finish(bool safe) const {
  const std::string_view bytes = heap_->copy(std::string_view(bytes_));
  return of(heap_->make<Text>(bytes, code_points(bytes),
                              heap_->copy(std::span<const Span>(foreign_)), safe));
}

Value whole_of(Heap& heap, std::string_view bytes, const Text& made_from) {
  TextBuilder made(heap);
  made.add(bytes, !made_from.foreign.empty());
  return made.finish(made_from.safe);
}

Value escaped(Heap& heap, const Text& text) {
  if (text.safe) return of(&text);
  TextBuilder made(heap);
  size_t span = 0;
  for (size_t at = 0; at < text.bytes.size(); ++at) {
    while (span < text.foreign.size() && text.foreign[span].end <= at) ++span;
    const bool foreign = span < text.foreign.size() && text.foreign[span].begin <= at;
    switch (text.bytes[at]) {
      case '&':
        made.add("&amp;", foreign);
        break;
      case '<':
        made.add("&lt;", foreign);
        break;
      case '>':
        made.add("&gt;", foreign);
        break;
      case '\'':
        made.add("&#39;", foreign);
        break;
      case '"':
        made.add("&#34;", foreign);
        break;
      default:
        made.add(text.bytes.substr(at, 1), foreign);
    }
  }
  return made.finish(true);
}

}  // namespace nety::jinja
