// Lines from a person: with editing, history and completion on a terminal, plainly from a pipe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/talk/completion.h"
#include "core/base/messages.h"

namespace nety::app {

class LineEditor {
 public:
  /// For the text before the cursor.
  using Complete = std::function<talk::Completion(std::string_view)>;

  LineEditor(Language language, Complete complete);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// The next line without its end; nothing at the end of input. What was pasted, or written in
  /// $EDITOR, may have several lines. Ctrl-C clears the line: `cancelled` is set and the line is
  /// empty.
  std::optional<std::string> read(const std::string& prompt, bool& cancelled);
  /// Adds to the history, here and for later conversations.
  void remember(const std::string& text);
  bool on_terminal() const { return terminal_ != nullptr; }

 private:
  class Terminal;
  std::unique_ptr<Terminal> terminal_;  // null: a pipe or a file
};

}  // namespace nety::app
