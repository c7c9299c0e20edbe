// The terminal: where messages go, how progress is drawn, and Ctrl-C.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "app/command.h"
#include "core/base/error.h"
#include "core/base/progress.h"

namespace nety::app {

/// Text on standard error; if that is closed there is nobody to tell.
void print_aside(std::string_view text);

/// "nety: what" and the hint under it, on standard error. This and notices show text of files, so
/// they let no control character through (core/base/printable.h).
void print_error(const Error& error);

/// A line on standard error unless --quiet.
void notice(const Context& context, std::string_view line);
void notice(const Context& context, const Text& text);

/// The progress bar of this invocation, on standard error: drawn on a terminal (or always, or
/// never).
std::unique_ptr<Progress> make_progress(const Context& context);

bool stdin_is_terminal();
bool stdout_is_terminal();
bool stderr_is_terminal();
/// Whether this invocation draws progress: on a terminal, or always, or never.
bool draws_progress(const Context& context);

/// Columns of the terminal behind a standard descriptor; nothing where there is none, or one too
/// narrow to count on.
std::optional<size_t> terminal_columns(int descriptor);
/// Its lines; nothing where there is no terminal.
std::optional<size_t> terminal_rows(int descriptor);

/// One line on standard error, drawn over itself; nothing of it stays in the end.
class RedrawnLine {
 public:
  explicit RedrawnLine(bool draw) : draw_(draw) {}
  ~RedrawnLine() { show(""); }
  RedrawnLine(const RedrawnLine&) = delete;
  RedrawnLine& operator=(const RedrawnLine&) = delete;
  void show(std::string_view text);

 private:
  bool draw_;
  size_t width_ = 0;
};

/// SIGINT sets a flag that long work looks at; a second one, with the flag still set, ends the
/// program with exit code 130. SIGPIPE is ignored: writing to a closed pipe is an error like
/// others.
void install_signal_handlers();
/// The same for SIGTERM, where ending well takes time.
void treat_sigterm_as_interrupt();
bool interrupted();
void clear_interrupt();

}  // namespace nety::app
