#include "app/talk/answer_view.h"

#include <cstdlib>
#include <utility>

#include "core/base/printable.h"

namespace nety::talk {

Look look_of_environment() {
  const char* refused = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const std::string_view name = terminal != nullptr ? terminal : "";
  return {.styles = (refused == nullptr || *refused == '\0') && !name.empty() && name != "dumb"};
}

AnswerView::AnswerView(Look look, std::function<size_t()> columns,
                       std::function<void(std::string_view)> write)
    : look_(look),
      write_(std::move(write)),
      page_(std::move(columns), [this](std::string_view text) { made_ += text; }) {}

void AnswerView::write_made() {
  if (!made_.empty()) write_(made_);
  made_.clear();
}

void AnswerView::begin(Part part) {
  if (part == part_) return;
  if (look_.styles && part == Part::kThought) page_.mark("\x1b[2m");
  if (look_.styles && part_ == Part::kThought) page_.mark("\x1b[0m");
  part_ = part;
}

void AnswerView::thought(std::string_view text) {
  begin(Part::kThought);
  page_.text(printable(text));
  write_made();
}

void AnswerView::said(std::string_view text) {
  begin(Part::kSaid);
  const std::string shown = printable(text);
  if (look_.styles)
    markdown_.text(shown);
  else
    page_.text(shown);
  write_made();
}

void AnswerView::finish() {
  if (look_.styles) markdown_.finish();
  begin(Part::kNone);
  page_.flush();
  write_made();
}

}  // namespace nety::talk
