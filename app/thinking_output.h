// How a model's thoughts are shown: dimmed before the answer, or not at all.
#pragma once

#include <string>
#include <string_view>

#include "app/talk/answer_view.h"
#include "core/chat/thinking.h"

namespace nety::app {

/// Writes an answer as it comes.
class ThinkingOutput {
 public:
  /// `opened`: the tag that the prompt left open, or nothing. `hides`: thoughts are not written.
  /// Without `writes` nothing is, for answers that are printed whole.
  ThinkingOutput(std::string_view opened, bool hides, bool writes = true)
      : filter_(opened), hides_(hides), writes_(writes) {}
  /// What is shown goes to `view`, which outlives this.
  ThinkingOutput(std::string_view opened, bool hides, talk::AnswerView& view)
      : filter_(opened), hides_(hides), writes_(false), view_(&view) {}

  void push(std::string_view text) { show(filter_.push(text)); }
  void finish();
  /// The whole of what was, or would have been, written.
  const std::string& shown() const { return shown_; }
  const chat::ThinkFilter& filter() const { return filter_; }

 private:
  void show(const chat::ThinkFilter::Piece& piece);

  chat::ThinkFilter filter_;
  bool hides_, writes_;
  talk::AnswerView* view_ = nullptr;
  std::string shown_;
};

}  // namespace nety::app
