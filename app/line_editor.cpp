// libedit's own interface: its readline imitation has no functions of ours on keys, and reads
// bytes.
#include "app/line_editor.h"

#include <fmt/core.h>
#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "app/console.h"
#include "app/talk/characters.h"
#include "app/talk/external_editor.h"
#include "app/talk/folds.h"
#include "app/talk/history_file.h"
#include "core/base/error.h"
#include "core/base/plain_text.h"
#include "core/base/printable.h"
#include "core/tokenizer/unicode.h"

namespace nety::app {
namespace {

constexpr size_t kRemembered = 1000;
constexpr int kLookEvery_ms = 200;  // for Ctrl-C and for another size of the terminal
constexpr wchar_t kPasteEnds[] = L"\x1b[201~";
constexpr size_t kPasteEndSize = std::size(kPasteEnds) - 1;

std::wstring wide(std::string_view text) {
  std::wstring out;
  for (size_t at = 0; at < text.size();) {
    const tokenizer::CodePoint one = tokenizer::code_point_at(text, at);
    out += static_cast<wchar_t>(one.value);
    at += one.bytes;
  }
  return out;
}

std::string narrow(std::wstring_view text) {
  std::string out;
  for (const wchar_t value : text) tokenizer::append_utf8(out, static_cast<char32_t>(value));
  return out;
}

/// Rows between the first and the last character of a text that begins a row.
size_t rows_of(std::string_view text, size_t columns) {
  size_t rows = 0, column = 0;
  while (!text.empty()) {
    const talk::Character one = talk::first_character(text);
    const bool ends = text[0] == '\n';
    if (ends || column + one.columns > columns) {
      ++rows;
      column = 0;
    }
    column += ends ? 0 : one.columns;
    text.remove_prefix(one.bytes);
  }
  return column == columns ? rows + 1 : rows;
}

}  // namespace

class LineEditor::Terminal {
 public:
  Terminal(Language language, Complete complete);
  ~Terminal() {
    history_wend(history_);
    el_end(edit_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::optional<std::string> read(const std::string& prompt, bool& cancelled);
  void remember(const std::string& text) {
    enter(text);
    if (file_) file_->add(text);
  }

 private:
  using Key = unsigned char (Terminal::*)();
  static Terminal& of(EditLine* edit) {
    void* own = nullptr;
    el_wget(edit, EL_CLIENTDATA, &own);
    return *static_cast<Terminal*>(own);
  }
  static char* prompt_of(EditLine* edit) { return of(edit).prompt_.data(); }
  template <Key kFunction>
  static unsigned char on_key(EditLine* edit, int /*key*/) {
    return (of(edit).*kFunction)();
  }
  template <Key kFunction>
  void bind(const wchar_t* name, std::initializer_list<const wchar_t*> keys) {
    el_wset(edit_, EL_ADDFN, name, name, &on_key<kFunction>);
    for (const wchar_t* key : keys) el_wset(edit_, EL_BIND, key, name, nullptr);
  }
  void bind_keys();
  int read_byte(unsigned char& byte);
  static int read_character(EditLine* edit, wchar_t* out);
  struct Size {
    std::optional<size_t> columns, rows;
    bool operator==(const Size&) const = default;
  };
  static Size size_now() { return {terminal_columns(STDOUT_FILENO), terminal_rows(STDOUT_FILENO)}; }
  void follow_size();
  void enter(const std::string& text);
  std::string line(bool to_cursor) const;
  bool insert(std::string_view text) { return el_winsertstr(edit_, wide(text).c_str()) == 0; }
  void set_paste_mode(bool on) const;

  unsigned char paste();
  unsigned char edit_outside();
  unsigned char begin_line();
  unsigned char complete();

  Complete complete_;
  talk::Folds folds_;
  std::optional<talk::HistoryFile> file_ = talk::HistoryFile::of_user();
  EditLine* edit_;
  HistoryW* history_;
  std::string prompt_;
  Size size_;  // of the terminal, as libedit knows it
};

LineEditor::Terminal::Terminal(Language language, Complete complete)
    : complete_(std::move(complete)), folds_(language) {
  // libedit measures and writes characters by the locale; ours are UTF-8 always.
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  edit_ = el_init("nety", stdin, stdout, stderr);
  history_ = history_winit();
  if (edit_ == nullptr || history_ == nullptr)
    throw Error(ErrorKind::kEnvironment, "the terminal cannot be used for editing",
                "TERM names a kind of terminal that is not known here; or use a pipe.");
  HistEventW event;
  history_w(history_, &event, H_SETSIZE, static_cast<int>(kRemembered));
  history_w(history_, &event, H_SETUNIQUE, 1);
  if (file_)
    for (const std::string& text : file_->read(kRemembered)) enter(text);
  el_wset(edit_, EL_CLIENTDATA, static_cast<void*>(this));
  el_wset(edit_, EL_EDITOR, L"emacs");
  el_wset(edit_, EL_HIST, history_w, history_);
  el_wset(edit_, EL_GETCFN, read_character);
  el_set(edit_, EL_PROMPT, prompt_of);
  bind_keys();
  el_source(edit_, nullptr);  // the person's own ~/.editrc
}

/// A byte of standard input: 1, or 0 at its end, or -1 where Ctrl-C came first.
int LineEditor::Terminal::read_byte(unsigned char& byte) {
  for (;;) {
    if (interrupted()) return -1;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, kLookEvery_ms) > 0) {
      const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
      if (got >= 0) return static_cast<int>(got);
      if (errno != EINTR && errno != EAGAIN) return 0;
    }
    follow_size();
  }
}

/// A character of standard input. Its encoding is UTF-8 whatever the locale.
int LineEditor::Terminal::read_character(EditLine* edit, wchar_t* out) {
  std::string bytes;
  size_t wanted = 1;
  while (bytes.size() < wanted) {
    unsigned char byte = 0;
    const int got = of(edit).read_byte(byte);
    if (got <= 0) return got;
    bytes += static_cast<char>(byte);
    if (bytes.size() == 1) wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
  }
  const bool good = utf8_sequence(bytes) == bytes.size();
  *out = good ? static_cast<wchar_t>(tokenizer::code_point_at(bytes, 0).value) : L'\xfffd';
  return 1;
}

// A terminal of another width has broken the line anew: it is cleared from its beginning on, and
// libedit writes it again.
void LineEditor::Terminal::follow_size() {
  const Size size = size_now();
  if (size == size_) return;
  size_ = size;
  const size_t up = size.columns ? rows_of(prompt_ + line(true), *size.columns) : 0;
  std::fputs(up > 0 ? fmt::format("\r\x1b[{}A\x1b[J", up).c_str() : "\r\x1b[J", stdout);
  std::fflush(stdout);
  el_resize(edit_);
  el_wset(edit_, EL_REFRESH);
}

void LineEditor::Terminal::bind_keys() {
  bind<&Terminal::paste>(L"nety-paste", {L"\\e[200~"});
  bind<&Terminal::edit_outside>(L"nety-edit", {L"^X^E"});
  bind<&Terminal::begin_line>(L"nety-line", {L"\\e^M", L"\\e^J"});
  bind<&Terminal::complete>(L"nety-complete", {L"^I"});
  // As readline has them.
  constexpr const wchar_t* kUsual[][2] = {
      {L"^R", L"em-inc-search-prev"}, {L"\\e[3~", L"ed-delete-next-char"},
      {L"\\e[1~", L"ed-move-to-beg"}, {L"\\e[7~", L"ed-move-to-beg"},
      {L"\\e[H", L"ed-move-to-beg"},  {L"\\e[4~", L"ed-move-to-end"},
      {L"\\e[8~", L"ed-move-to-end"}, {L"\\e[F", L"ed-move-to-end"},
      {L"\\e[1;5C", L"em-next-word"}, {L"\\e[1;5D", L"ed-prev-word"},
      {L"\\eOH", L"ed-move-to-beg"},  {L"\\eOF", L"ed-move-to-end"}};
  for (const auto& [key, function] : kUsual) el_wset(edit_, EL_BIND, key, function, nullptr);
}

void LineEditor::Terminal::enter(const std::string& text) {
  HistEventW event;
  history_w(history_, &event, H_ENTER, wide(printable(folds_.fold(text))).c_str());
}

std::string LineEditor::Terminal::line(bool to_cursor) const {
  const LineInfoW* info = el_wline(edit_);
  return narrow({info->buffer, to_cursor ? info->cursor : info->lastchar});
}

// Between ESC [200~ and ESC [201~ a terminal says that what comes was not typed (xterm's mode
// 2004).
void LineEditor::Terminal::set_paste_mode(bool on) const {
  const char* name = std::getenv("TERM");
  if (name == nullptr || std::string_view(name) == "dumb") return;
  std::fputs(on ? "\x1b[?2004h" : "\x1b[?2004l", stdout);
  std::fflush(stdout);
}

unsigned char LineEditor::Terminal::paste() {
  std::wstring text;
  while (!text.ends_with(kPasteEnds)) {
    wchar_t one = 0;
    if (read_character(edit_, &one) <= 0) return CC_EOF;
    text += one;
  }
  text.resize(text.size() - kPasteEndSize);
  const std::string plain = printable(talk::with_plain_line_ends(narrow(text)));
  return insert(folds_.fold(plain)) ? CC_REFRESH : CC_ERROR;
}

unsigned char LineEditor::Terminal::edit_outside() {
  const std::string before = folds_.unfold(line(false));
  set_paste_mode(false);
  el_wset(edit_, EL_PREP_TERM, 0);
  std::string after = before;
  std::fputs("\n", stdout);
  std::fflush(stdout);
  try {
    after = printable(talk::edited(before));
  } catch (const Error& error) {
    print_error(error);
  }
  el_wset(edit_, EL_PREP_TERM, 1);
  set_paste_mode(true);
  const LineInfoW* info = el_wline(edit_);
  const auto size = static_cast<int>(info->lastchar - info->buffer);
  el_cursor(edit_, static_cast<int>(info->lastchar - info->cursor));
  el_deletestr(edit_, size);
  return insert(folds_.fold(after)) ? CC_REDISPLAY : CC_ERROR;
}

unsigned char LineEditor::Terminal::begin_line() { return insert("\n") ? CC_REFRESH : CC_ERROR; }

unsigned char LineEditor::Terminal::complete() {
  const std::string before = line(true);
  const talk::Completion found = complete_(before);
  if (found.choices.empty()) return CC_ERROR;
  const std::string begun = before.substr(found.begin), common = found.common();
  if (common.size() > begun.size())
    return insert(std::string_view(common).substr(begun.size())) ? CC_REFRESH : CC_ERROR;
  if (found.choices.size() == 1) return CC_ERROR;
  size_t widest = 0;
  for (const std::string& one : found.choices) widest = std::max(widest, talk::columns_of(one));
  const size_t columns = terminal_columns(STDOUT_FILENO).value_or(80);
  const size_t across = std::max<size_t>(1, columns / (widest + 2));
  std::string list = "\n";
  for (size_t i = 0; i < found.choices.size(); ++i) {
    const bool last = (i + 1) % across == 0 || i + 1 == found.choices.size();
    list += last ? found.choices[i] + "\n" : padded(found.choices[i], widest + 2);
  }
  std::fputs(list.c_str(), stdout);
  std::fflush(stdout);
  return CC_REDISPLAY;
}

std::optional<std::string> LineEditor::Terminal::read(const std::string& prompt, bool& cancelled) {
  prompt_ = prompt;
  clear_interrupt();
  size_ = size_now();
  el_resize(edit_);
  set_paste_mode(true);
  int count = 0;
  const wchar_t* text = el_wgets(edit_, &count);
  std::string line = text != nullptr && count > 0 ? narrow({text, static_cast<size_t>(count)}) : "";
  set_paste_mode(false);
  if (interrupted()) {
    clear_interrupt();
    cancelled = true;
    std::fputs("\n", stdout);
    return std::string();
  }
  if (text == nullptr || count <= 0) return std::nullopt;
  if (line.ends_with('\n')) line.pop_back();
  return folds_.unfold(line);
}

LineEditor::LineEditor(Language language, Complete complete) {
  if (stdin_is_terminal() && stdout_is_terminal())
    terminal_ = std::make_unique<Terminal>(language, std::move(complete));
}

LineEditor::~LineEditor() = default;

std::optional<std::string> LineEditor::read(const std::string& prompt, bool& cancelled) {
  cancelled = false;
  if (terminal_ != nullptr) return terminal_->read(prompt, cancelled);
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

void LineEditor::remember(const std::string& text) {
  if (terminal_ != nullptr) terminal_->remember(text);
}

}  // namespace nety::app
