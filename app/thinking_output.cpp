#include "app/thinking_output.h"

#include <algorithm>

#include "app/console.h"
#include "app/input.h"

namespace nety::app {

void ThinkingOutput::show(const chat::ThinkFilter::Piece& piece) {
  if (!hides_ && !piece.thought.empty()) {
    shown_ += piece.thought;
    // A pipe gets what the model wrote and nothing else.
    const bool dims = writes_ && stdout_is_terminal();
    if (dims) write_output("\x1b[2m");
    if (writes_) write_answer(piece.thought);
    if (dims) write_output("\x1b[0m");
    if (view_ != nullptr) view_->thought(piece.thought);
  }
  std::string_view said = piece.said;
  // The blank lines that set an answer apart from thoughts go with them.
  if (hides_ && shown_.empty() && filter_.has_thought())
    said = said.substr(std::min(said.find_first_not_of("\r\n"), said.size()));
  if (said.empty()) return;
  shown_ += said;
  if (writes_) write_answer(said);
  if (view_ != nullptr) view_->said(said);
}

void ThinkingOutput::finish() {
  show(filter_.finish());
  if (view_ != nullptr) view_->finish();
}

}  // namespace nety::app
