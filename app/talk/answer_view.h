// An answer on a terminal: thoughts dimmed, words kept whole, light Markdown.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "app/talk/markdown.h"
#include "app/talk/word_wrap.h"

namespace nety::talk {

/// What the terminal is used for.
struct Look {
  bool styles = false;  ///< Markdown is shown as what it means, thoughts are dimmed.
};

/// Plain where NO_COLOR is set (no-color.org) or the terminal calls itself dumb or nothing.
Look look_of_environment();

class AnswerView {
 public:
  /// `columns`: of the terminal now; 0: unknown. `write` is called once for each piece.
  AnswerView(Look look, std::function<size_t()> columns,
             std::function<void(std::string_view)> write);
  AnswerView(const AnswerView&) = delete;
  AnswerView& operator=(const AnswerView&) = delete;

  /// In pieces of any size; control characters are not let through.
  void thought(std::string_view text);
  void said(std::string_view text);
  /// Writes what is held back.
  void finish();

 private:
  enum class Part { kNone, kThought, kSaid };
  void begin(Part part);
  void write_made();

  Look look_;
  std::function<void(std::string_view)> write_;
  std::string made_;  // of the piece
  WordWrap page_;
  Markdown markdown_{page_};
  Part part_ = Part::kNone;
};

}  // namespace nety::talk
