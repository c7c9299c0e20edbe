#include "core/chat/tool_calls.h"

#include <algorithm>
#include <utility>

namespace nety::chat {
namespace {

constexpr ToolFormat kFormats[] = {
#define NETY_TOOL_FORMAT(sign, open, close) {sign, open, close},
#include "core/chat/tool_formats.def"
#undef NETY_TOOL_FORMAT
};

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view without_blanks(std::string_view text) {
  const size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

/// How much of the end of `text` may be the beginning of `mark`.
size_t beginning_of(std::string_view mark, std::string_view text) {
  for (size_t size = std::min(mark.size() - 1, text.size()); size > 0; --size)
    if (text.ends_with(mark.substr(0, size))) return size;
  return 0;
}

}  // namespace

const ToolFormat* tool_format(std::string_view jinja) {
  if (jinja.find("tools") == std::string_view::npos) return nullptr;
  const auto* found = std::ranges::find_if(kFormats, [&](const ToolFormat& format) {
    return jinja.find(format.sign) != std::string_view::npos;
  });
  return found == std::end(kFormats) ? nullptr : found;
}

std::string ToolCallFilter::take(size_t size) {
  std::string text = held_.substr(0, size);
  held_.erase(0, size);
  said_ = said_ || text.find_first_not_of(kBlanks) != std::string::npos;
  return text;
}

// Without a mark, an answer is a call if JSON is all of it.
bool ToolCallFilter::may_be_whole() const {
  const size_t first = held_.find_first_not_of(kBlanks);
  return !said_ && (first == std::string::npos || held_[first] == '{' || held_[first] == '[');
}

std::string ToolCallFilter::push(std::string_view text) {
  held_ += text;
  if (format_->open.empty()) return may_be_whole() ? "" : take(held_.size());
  std::string said;
  for (;;) {
    if (!inside_) {
      const size_t open = held_.find(format_->open);
      if (open == std::string::npos)
        return said + take(held_.size() - beginning_of(format_->open, held_));
      said += take(open);
      held_.erase(0, format_->open.size());
      inside_ = true;
    }
    const size_t close = format_->close.empty() ? std::string::npos : held_.find(format_->close);
    if (close == std::string::npos) return said;
    calls_.emplace_back(without_blanks(std::string_view(held_).substr(0, close)));
    held_.erase(0, close + format_->close.size());
    inside_ = false;
  }
}

std::string ToolCallFilter::finish() {
  const bool call = inside_ || (format_->open.empty() && may_be_whole());
  const std::string_view text = without_blanks(held_);
  if (!call || text.empty()) return take(held_.size());
  calls_.emplace_back(text);
  held_.clear();
  return {};
}

}  // namespace nety::chat
