// Redrawn in place at most five times a second; nothing of it stays on the screen.
#include "app/live.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <tuple>

#include "app/console.h"
#include "app/messages.h"
#include "core/base/error.h"
#include "core/base/plain_text.h"
#include "core/base/units.h"
#include "reports/render.h"

namespace nety::app {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(200);
constexpr auto kTick = std::chrono::seconds(1);  // of the clock alone: workers need the processors
constexpr double kNoEnd = 1e6;                   // seconds: more is no budget

auto key_of(const results::Result& row) {
  return std::tie(row.mode, row.backend, row.phase, row.n_prompt, row.n_gen, row.depth);
}

/// "nf4 native: load" with its last word in `language`.
std::string localised(const std::string& what, Language language) {
  const size_t colon = what.rfind(": ");
  if (colon == std::string::npos) return what;
  const std::string word = what.substr(colon + 2);
  const std::pair<const char*, MessageId> words[] = {{"load", message::bench_step_load},
                                                     {"measure", message::bench_step_measure},
                                                     {"quality", message::bench_step_quality}};
  for (const auto& [english, id] : words)
    if (word == english) return what.substr(0, colon + 2) + render({id, {}}, language);
  return what;
}

bool is_stream(const std::string& path) {
  std::error_code ignored;
  const bool there = std::filesystem::exists(path, ignored);
  return path.ends_with(".jsonl") && (!there || std::filesystem::is_regular_file(path, ignored));
}

/// In one call where the system allows, so that a reader sees whole lines.
void write_whole(int descriptor, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(descriptor, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // a full disk: the file at the end will say so
    done += static_cast<size_t>(count);
  }
}

size_t columns() { return terminal_columns(STDERR_FILENO).value_or(100); }

/// Lines that `text` takes on a screen: a reason may be longer than one.
size_t screen_lines(std::string_view text, size_t columns) {
  size_t lines = 0;
  for (size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1))
    lines += std::max<size_t>((width_of(text.substr(0, end)) + columns - 1) / columns, 1);
  return lines;
}

}  // namespace

RowStream::RowStream(const std::string& path, const results::File& header)
    : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0)
    throw Error(ErrorKind::kIo, fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
  write_whole(descriptor_, reports::render_json_lines(header, {}));
}

RowStream::~RowStream() { ::close(descriptor_); }

void RowStream::append(const results::Result& row) {
  write_whole(descriptor_, reports::result_line(row) + "\n");
}

LiveView::LiveView(const Context& context, const results::File& header,
                   const std::vector<std::string>& streams)
    : context_(context),
      draw_(draws_progress(context)),
      language_(context.language),
      file_(header) {
  for (const std::string& path : streams)
    if (is_stream(path)) streams_.push_back(std::make_unique<RowStream>(path, header));
}

LiveView::~LiveView() { erase(); }

void LiveView::step(const bench::Step& step) {
  activity_.what = localised(step.what, language_);
  activity_.total_s.reset();
  if (step.left_s) activity_.total_s = step.elapsed_s + *step.left_s;
  draw();
}

void LiveView::expect(const bench::Expectation& expectation) {
  erase();
  if (expectation.ends_s < kNoEnd)
    notice(context_, {message::bench_ends,
                      {format_seconds(std::round(expectation.ends_s)),
                       format_seconds(std::round(expectation.decided_s))}});
  for (const bench::Expectation::TooLong& one : expectation.too_long)
    notice(context_, one.seconds ? Text{message::bench_too_long,
                                        {one.question, format_seconds(std::round(*one.seconds))}}
                                 : Text{message::bench_tie, {one.question}});
  draw();
}

void LiveView::refused(const bench::Contender& contender) { refused_.push_back(contender); }

void LiveView::row(const results::Result& row) {
  for (const std::unique_ptr<RowStream>& stream : streams_) stream->append(row);
  keep(row);
  draw();
}

/// Asked ten times a second while a worker works: the clock goes on.
bool LiveView::interrupted() {
  if (drawn_ && std::chrono::steady_clock::now() - last_ >= kTick) draw_activity();
  return app::interrupted();
}

/// A row replaces its earlier version. All rows are of one model; rows from before the load take
/// its name afterwards.
void LiveView::keep(const results::Result& row) {
  const auto same = [&row](const results::Result& other) { return key_of(other) == key_of(row); };
  const auto found = std::find_if(file_.results.begin(), file_.results.end(), same);
  if (found != file_.results.end())
    *found = row;
  else
    file_.results.push_back(row);
  for (results::Result& other : file_.results) other.model = row.model;
}

void LiveView::erase() {
  if (!drawn_) return;
  std::string text = "\r";
  if (lines_ > 0) text += fmt::format("\x1b[{}A", lines_);
  print_aside(text + "\x1b[J");
  drawn_ = false;
  lines_ = width_ = 0;
}

/// The last line, over itself.
void LiveView::draw_activity() {
  last_ = std::chrono::steady_clock::now();
  activity_.done_s = std::chrono::duration<double>(last_ - start_).count();
  const std::string line = activity_line(activity_, columns() - 1, language_);
  print_aside("\r" + padded(line, width_));
  width_ = width_of(line);
  std::fflush(stderr);
  drawn_ = true;
}

/// The rows so far, where they can be erased again: on a terminal with enough lines.
std::string LiveView::table() {
  if (!stderr_is_terminal() || file_.results.empty()) return "";
  std::string table = reports::terminal_table(file_, columns() - 1, language_);
  lines_ = screen_lines(table, columns());
  if (lines_ >= terminal_rows(STDERR_FILENO).value_or(24)) {
    table.clear();
    lines_ = 0;
  }
  return table;
}

void LiveView::draw() {
  if (!draw_ || (drawn_ && std::chrono::steady_clock::now() - last_ < kInterval)) return;
  erase();
  print_aside(table());
  draw_activity();
}

}  // namespace nety::app
