#include "core/chat/thinking.h"

#include <algorithm>
#include <utility>

namespace nety::chat {
namespace {

struct Tags {
  std::string_view open, close;
};
constexpr Tags kTags[] = {
#define NETY_THINK_TAGS(open, close) {open, close},
#include "core/chat/think_tags.def"
#undef NETY_THINK_TAGS
};

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view without_line_ends(std::string_view text) {
  const size_t first = std::min(text.find_first_not_of("\r\n"), text.size());
  const size_t last = text.find_last_not_of("\r\n");
  return last == std::string_view::npos ? "" : text.substr(first, last + 1 - first);
}

/// How much of the end of `text` may be the beginning of `tag`.
size_t beginning_of(std::string_view tag, std::string_view text) {
  for (size_t size = std::min(tag.size() - 1, text.size()); size > 0; --size)
    if (text.ends_with(tag.substr(0, size))) return size;
  return 0;
}

const Tags* tags_opened_by(std::string_view text) {
  for (const Tags& tags : kTags)
    if (text.starts_with(tags.open)) return &tags;
  return nullptr;
}

}  // namespace

std::string_view opened_thinking(std::string_view prompt) {
  prompt = prompt.substr(0, prompt.find_last_not_of(kBlanks) + 1);
  for (const Tags& tags : kTags)
    if (prompt.ends_with(tags.open)) return tags.open;
  return {};
}

ThinkFilter::ThinkFilter(std::string_view opened)
    : state_(opened.empty() ? State::kBegins : State::kThinks) {
  if (const Tags* tags = tags_opened_by(opened)) close_ = tags->close;
}

ThinkFilter::Piece ThinkFilter::push(std::string_view text) {
  Piece piece;
  held_ += text;
  if (state_ == State::kBegins) begin(piece, false);
  if (state_ == State::kThinks) think(piece, false);
  if (state_ == State::kSays) say(piece, std::exchange(held_, {}));
  return piece;
}

ThinkFilter::Piece ThinkFilter::finish() {
  Piece piece;
  if (state_ == State::kBegins) begin(piece, true);
  if (state_ == State::kThinks) think(piece, true);
  if (state_ == State::kSays) say(piece, std::exchange(held_, {}));
  thinking_ = without_line_ends(thinking_);
  return piece;
}

/// Waits until it is clear whether a tag stands at the beginning.
void ThinkFilter::begin(Piece& piece, bool last) {
  const size_t first = std::min(held_.find_first_not_of(kBlanks), held_.size());
  const std::string_view text = std::string_view(held_).substr(first);
  if (const Tags* tags = tags_opened_by(text)) {
    const size_t end = first + tags->open.size();
    piece.thought += held_.substr(0, end);
    held_.erase(0, end);
    close_ = tags->close;
    state_ = State::kThinks;
    return;
  }
  const bool may_begin =
      std::ranges::any_of(kTags, [&](const Tags& tags) { return tags.open.starts_with(text); });
  if (last || !may_begin) state_ = State::kSays;
}

void ThinkFilter::think(Piece& piece, bool last) {
  const size_t end = held_.find(close_);
  const bool closes = end != std::string::npos;
  const size_t thought = closes ? end : held_.size() - (last ? 0 : beginning_of(close_, held_));
  const size_t taken = thought + (closes ? close_.size() : 0);
  thinking_ += held_.substr(0, thought);
  piece.thought += held_.substr(0, taken);
  held_.erase(0, taken);
  if (!closes) return;
  thinking_ = without_line_ends(thinking_);
  thought_ = true;
  state_ = State::kSays;
}

void ThinkFilter::say(Piece& piece, std::string_view text) {
  piece.said += text;
  // Blank lines between the two belong to neither.
  if (content_.empty() && thought_)
    text = text.substr(std::min(text.find_first_not_of("\r\n"), text.size()));
  content_ += text;
}

}  // namespace nety::chat
