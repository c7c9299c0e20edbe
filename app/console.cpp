// Progress is redrawn at most 20 times a second, and ends as one plain line.
#include "app/console.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

#include "core/base/plain_text.h"
#include "core/base/printable.h"

namespace nety::app {
namespace {

volatile std::sig_atomic_t interrupt_flag = 0;

timespec first_interrupt{};

/// The second ends the program at once. `timeout` sends two for one: to it, and to its group.
extern "C" void on_interrupt(int) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  if (interrupt_flag == 0) first_interrupt = now;
  const double since_s = static_cast<double>(now.tv_sec - first_interrupt.tv_sec) +
                         1e-9 * static_cast<double>(now.tv_nsec - first_interrupt.tv_nsec);
  if (interrupt_flag != 0 && since_s > 0.2) ::_exit(130);
  interrupt_flag = 1;
}

class TerminalProgress final : public Progress {
 public:
  explicit TerminalProgress(bool redraw) : redraw_(redraw) {}

  void begin(std::string_view label, int64_t total) override {
    label_ = label;
    total_ = total;
    done_ = 0;
    start_ = last_ = std::chrono::steady_clock::now();
  }
  void advance(int64_t done) override {
    done_ = done;
    const auto now = std::chrono::steady_clock::now();
    if (!redraw_ || now - last_ < std::chrono::milliseconds(50)) return;
    last_ = now;
    print_aside("\r" + line());
    std::fflush(stderr);
    drawn_ = true;
  }
  void end() override {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    print_aside(fmt::format("{}{}  {:.2f} s\n", drawn_ ? "\r" : "", line(), seconds));
    drawn_ = false;
  }

 private:
  std::string line() const {
    const int64_t percent = total_ > 0 ? done_ * 100 / total_ : 100;
    return fmt::format("{} {}% {}/{}", label_, percent, done_, total_);
  }

  bool redraw_, drawn_ = false;
  std::string label_;
  int64_t total_ = 0, done_ = 0;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace

void print_aside(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

void print_error(const Error& error) {
  std::fflush(stdout);
  print_aside(fmt::format("nety: {}\n", printable(error.what())));
  if (!error.hint().empty()) print_aside(fmt::format("      {}\n", printable(error.hint())));
}

void notice(const Context& context, std::string_view line) {
  if (context.verbosity >= 0) print_aside(printable(line) + "\n");
}

void notice(const Context& context, const Text& text) {
  notice(context, render(text, context.language));
}

std::unique_ptr<Progress> make_progress(const Context& context) {
  if (!draws_progress(context)) return std::make_unique<Progress>();
  return std::make_unique<TerminalProgress>(stderr_is_terminal());
}

bool stdin_is_terminal() { return ::isatty(STDIN_FILENO) == 1; }
bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }
bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

bool draws_progress(const Context& context) {
  return context.verbosity >= 0 &&
         (context.progress == "always" || (context.progress == "auto" && stderr_is_terminal()));
}

std::optional<size_t> terminal_columns(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col <= 20) return std::nullopt;
  return size.ws_col;
}

std::optional<size_t> terminal_rows(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return std::nullopt;
  return size.ws_row;
}

void RedrawnLine::show(std::string_view text) {
  if (!draw_ || (text.empty() && width_ == 0)) return;
  const size_t width = width_of(text);
  std::string line = "\r" + padded(text, width_);
  if (text.empty()) line += '\r';
  print_aside(line);
  std::fflush(stderr);
  width_ = width;
}

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void treat_sigterm_as_interrupt() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return interrupt_flag != 0; }
void clear_interrupt() { interrupt_flag = 0; }

}  // namespace nety::app
