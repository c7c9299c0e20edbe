// Lines from a person: with editing and history on a terminal, plainly from a pipe.
#pragma once

#include <optional>
#include <string>

namespace nety::app {

class LineEditor {
 public:
  LineEditor();
  /// The next line without its end; nothing at the end of input. Ctrl-C clears the line:
  /// `cancelled` is set and the line is empty.
  std::optional<std::string> read(const std::string& prompt, bool& cancelled);

 private:
  bool terminal_;
};

}  // namespace nety::app
