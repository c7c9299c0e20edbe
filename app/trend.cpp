// nety trend: the history that ci/regression keeps, and where it changed.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "app/command.h"
#include "app/console.h"
#include "app/input.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/words.h"
#include "core/results/history.h"
#include "core/results/json.h"
#include "reports/trend.h"

namespace nety::app {
namespace {

using reports::TrendReport;

struct Format {
  std::string_view extension;
  std::string (*render)(const TrendReport& report, Language language);
};
constexpr std::array kFormats = {
    Format{".json",
           [](const TrendReport& report, Language) { return reports::json_trends(report); }},
    Format{".md", reports::markdown_trends}, Format{".svg", reports::svg_trends},
    Format{".txt", reports::terminal_trends}};

const Format& format_for(const std::string& path) {
  std::string known;
  for (const Format& format : kFormats) {
    if (path.ends_with(format.extension)) return format;
    append_word(known, format.extension, " ");
  }
  throw Error(ErrorKind::kUsage, fmt::format("{}: no format of that name", path),
              fmt::format("nety trend writes {}.", known));
}

class Trend final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("HISTORY", history_, "A file of lines, as ci/regression keeps it");
    arguments.text("--add", add_,
                   "First add the gated figures of this file of nety compare to HISTORY");
    arguments.text("--commit", commit_, "With --add: what was measured");
    arguments.text("--since", since_, "Exit with 3 only for what came after this commit");
    arguments.real("--margin", margin_percent_, 0, 50,
                   "Changes smaller than this many percent do not matter");
    arguments.flag("--warn-only", warn_only_, "Exit with 0 whatever was found");
    arguments.flag("--json", json_, "Print JSON");
    arguments.texts("-o,--output", outputs_, "Write a file: .json .md .svg .txt (repeatable)");
  }

  int run(const Context& context) override {
    for (const std::string& path : outputs_) {  // before any work
      format_for(path);
      check_writable(path);
    }
    if (history_.empty())
      throw Error(ErrorKind::kUsage, "trend needs the history file",
                  "For example: nety trend build/regression/history.jsonl");
    if (!add_.empty() && commit_.empty())
      throw Error(ErrorKind::kUsage, "--add needs --commit",
                  "Say what was measured: --commit \"$(git rev-parse HEAD)\".");
    if (add_.empty() && !commit_.empty())
      throw Error(ErrorKind::kUsage, "--commit goes with --add",
                  "For the exit code since a commit: --since.");
    if (std::filesystem::is_directory(history_))
      throw Error(ErrorKind::kUsage, fmt::format("{}: is a folder", history_),
                  "Give the file in it: history.jsonl.");
    if (!add_.empty()) add();
    TrendReport report{history_, {.margin = margin_percent_ / 100}, {}};
    report.trends =
        results::find_trends(results::read_history(read_file(history_), history_), report.options);
    check_since(report);
    for (const std::string& path : outputs_)
      write_file(path, format_for(path).render(report, context.language));
    if (json_)
      write_output(reports::json_trends(report));
    else
      write_page(reports::terminal_trends(report, context.language));
    return exit_code_of(report);
  }

 private:
  /// Lines are added whole, in one write: two runs may add at once.
  void add() const {
    const results::File file = results::from_json(read_file(add_), add_);
    const std::string lines = results::history_lines(file, add_, commit_);
    std::ofstream out(history_, std::ios::app | std::ios::binary);
    out << lines << std::flush;
    if (!out)
      throw Error(ErrorKind::kIo, fmt::format("{}: cannot be added to", history_),
                  "Check that its folder is there and may be written.");
  }

  /// Where a commit of --since was last measured; the series' end if it never was.
  size_t place_of_since(const results::HistorySeries& series) const {
    for (size_t i = series.points.size(); i > 0; --i)
      if (series.points[i - 1].commit.starts_with(since_)) return i - 1;
    return series.points.size();
  }

  void check_since(const TrendReport& report) const {
    if (since_.empty()) return;
    const bool known =
        std::any_of(report.trends.begin(), report.trends.end(), [&](const results::Trend& trend) {
          return place_of_since(trend.series) < trend.series.points.size();
        });
    if (!known)
      throw Error(ErrorKind::kUsage, fmt::format("--since: no run of '{}' in {}", since_, history_),
                  "Give a commit that was measured, or its first characters.");
  }

  int exit_code_of(const TrendReport& report) const {
    const bool worse =
        std::any_of(report.trends.begin(), report.trends.end(), [&](const results::Trend& trend) {
          const results::ChangePoint* change = trend.not_mended();
          if (change == nullptr) return false;
          return since_.empty() || change->index > place_of_since(trend.series);
        });
    return worse && !warn_only_ ? exit_code(ErrorKind::kRegression) : 0;
  }

  std::string history_, add_, commit_, since_;
  double margin_percent_ = 0.5;
  std::vector<std::string> outputs_;
  bool json_ = false, warn_only_ = false;
};

}  // namespace

std::unique_ptr<Command> make_trend() { return std::make_unique<Trend>(); }

}  // namespace nety::app
