// libedit through its readline interface.
#include "app/line_editor.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include <editline/readline.h>

#include "app/console.h"

namespace nety::app {

LineEditor::LineEditor() : terminal_(stdin_is_terminal() && stdout_is_terminal()) {
  if (terminal_) using_history();
}

std::optional<std::string> LineEditor::read(const std::string& prompt, bool& cancelled) {
  cancelled = false;
  if (!terminal_) {
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    if (line.ends_with('\r')) line.pop_back();
    return line;
  }
  clear_interrupt();
  char* text = readline(prompt.c_str());
  if (interrupted()) {
    clear_interrupt();
    cancelled = true;
    std::free(text);
    std::fputs("\n", stdout);
    return std::string();
  }
  if (text == nullptr) return std::nullopt;
  std::string line(text);
  std::free(text);
  if (!line.empty()) add_history(line.c_str());
  return line;
}

}  // namespace nety::app
