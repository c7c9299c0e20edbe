// Each step as the `tokenizers` library does it (huggingface/tokenizers, pre_tokenizers/ and
// NormalizedString::split).
#include "core/tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <optional>

#include "core/tokenizer/byte_level.h"

namespace nety::tokenizer {
namespace {

/// A part of a piece: what was looked for, or what lies between.
struct Part {
  Span span;
  bool match;
};

/// Cuts `text` at `matches`, so that all of it is covered.
void cover(size_t size, const std::vector<Span>& matches, bool invert, std::vector<Part>& parts) {
  parts.clear();
  size_t at = 0;
  for (const Span& match : matches) {
    if (at < match.begin) parts.push_back({{at, match.begin}, invert});
    parts.push_back({match, !invert});
    at = match.end;
  }
  if (at < size) parts.push_back({{at, size}, invert});
}

/// Joins or drops parts as `behavior` says.
void arrange(std::vector<Part>& parts, SplitBehavior behavior) {
  if (behavior == SplitBehavior::kIsolated) return;
  std::vector<Part> result;
  bool previous = false;
  if (behavior == SplitBehavior::kMergedWithNext) {
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (part->match && !previous && !result.empty())
        result.back().span.begin = part->span.begin;
      else
        result.push_back(*part);
      previous = part->match;
    }
    std::reverse(result.begin(), result.end());
  } else {
    for (const Part& part : parts) {
      const bool join =
          behavior == SplitBehavior::kContiguous ? part.match == previous : part.match && !previous;
      if (behavior == SplitBehavior::kRemoved) {
        if (!part.match) result.push_back(part);
      } else if (join && !result.empty()) {
        result.back().span.end = part.span.end;
      } else {
        result.push_back(part);
      }
      previous = part.match;
    }
  }
  parts = std::move(result);
}

void find_literal(std::string_view text, std::string_view literal, std::vector<Span>& matches) {
  matches.clear();
  if (literal.empty()) return;
  for (size_t at = text.find(literal); at != std::string_view::npos;
       at = text.find(literal, at + literal.size()))
    matches.push_back({at, at + literal.size()});
}

/// The characters of `text` that `test` is true for, each a match of its own.
void find_characters(std::string_view text, bool (*test)(char32_t), std::vector<Span>& matches) {
  matches.clear();
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (test(point.value)) matches.push_back({at, at + point.bytes});
    at += point.bytes;
  }
}

/// Splits each piece at what `find` finds in it.
template <class Find>
void split_pieces(Pieces& pieces, SplitBehavior behavior, bool invert, const Find& find) {
  std::vector<std::string_view> list;
  list.reserve(pieces.list().size());
  std::vector<Span> matches;
  std::vector<Part> parts;
  for (const std::string_view piece : pieces.list()) {
    find(piece, matches);
    cover(piece.size(), matches, invert, parts);
    arrange(parts, behavior);
    for (const Part& part : parts)
      if (part.span.size() > 0) list.push_back(part.span.of(piece));
  }
  pieces.assign(std::move(list));
}

void split_at(Pieces& pieces, SplitBehavior behavior, bool invert, const Pattern& pattern) {
  if (pattern.regex == nullptr)
    return split_pieces(pieces, behavior, invert, [&](std::string_view text, auto& matches) {
      find_literal(text, pattern.literal, matches);
    });
  Regex::Search search(*pattern.regex);
  split_pieces(pieces, behavior, invert,
               [&](std::string_view text, auto& matches) { search.find_all(text, matches); });
}

void split_at(Pieces& pieces, SplitBehavior behavior, bool (*test)(char32_t)) {
  split_pieces(pieces, behavior, false,
               [&](std::string_view text, auto& matches) { find_characters(text, test, matches); });
}

void byte_level(Pieces& pieces, const PreTokenizerStep& step) {
  if (step.add_prefix_space) {
    std::vector<std::string_view> list;
    for (const std::string_view piece : pieces.list())
      list.push_back(piece.starts_with(' ') ? piece
                                            : pieces.keep(std::string(1, ' ').append(piece)));
    pieces.assign(std::move(list));
  }
  if (step.pattern.regex != nullptr)
    split_at(pieces, SplitBehavior::kIsolated, false, step.pattern);
  size_t bytes = 0;
  for (const std::string_view piece : pieces.list()) bytes += piece.size();
  std::string text;
  text.reserve(bytes * 2);
  std::vector<size_t> ends;
  ends.reserve(pieces.list().size());
  for (const std::string_view piece : pieces.list()) {
    append_byte_level(piece, text);
    ends.push_back(text.size());
  }
  const std::string_view kept = pieces.keep(std::move(text));
  std::vector<std::string_view> list;
  list.reserve(ends.size());
  size_t begin = 0;
  for (const size_t end : ends) {
    list.push_back(kept.substr(begin, end - begin));
    begin = end;
  }
  pieces.assign(std::move(list));
}

void metaspace(Pieces& pieces, const PreTokenizerStep& step) {
  std::vector<std::string_view> list;
  bool first = pieces.begins_input();
  for (const std::string_view piece : pieces.list()) {
    std::string text = replace_all(piece, {" ", nullptr}, step.replacement);
    const bool wanted =
        step.prepend == PrependScheme::kAlways || (step.prepend == PrependScheme::kFirst && first);
    if (wanted && !text.starts_with(step.replacement)) text.insert(0, step.replacement);
    list.push_back(pieces.keep(std::move(text)));
    first = false;
  }
  pieces.assign(std::move(list));
  if (step.split)
    split_at(pieces, SplitBehavior::kMergedWithNext, false, {step.replacement, nullptr});
}

}  // namespace

const char* const kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

Pieces::Pieces(std::string_view text, bool begins_input) : begins_input_(begins_input) {
  if (!text.empty()) list_.push_back(text);
}

void PreTokenizerStep::apply(Pieces& pieces) const {
  switch (kind) {
    case Kind::kSplit:
      return split_at(pieces, behavior, invert, pattern);
    case Kind::kDigits:
      return split_at(pieces, behavior, is_numeric);
    case Kind::kPunctuation:
      return split_at(pieces, behavior, is_punctuation);
    case Kind::kWhitespace:
      return split_at(pieces, behavior, is_white_space);
    case Kind::kByteLevel:
      return byte_level(pieces, *this);
    case Kind::kMetaspace:
      return metaspace(pieces, *this);
  }
}

}  // namespace nety::tokenizer
