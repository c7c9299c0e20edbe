// Sentences about change points, for the terminal and for Markdown.
#include "reports/trend.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/base/words.h"
#include "reports/comparison.h"
#include "reports/escape.h"

namespace nety::reports {
namespace {

using results::ChangePoint;
using results::Direction;
using results::HistoryPoint;
using results::Piece;
using results::Trend;

constexpr size_t kShortCommit = 10;

std::string signed_percent(double share, const Wording& words) {
  const double percent = 100 * share;
  std::string text = fmt::format("{:+.{}f}", percent, std::fabs(percent) < 0.95 ? 2 : 1);
  if (words.language() == Language::kFrench) std::replace(text.begin(), text.end(), '.', ',');
  return text;
}

/// "2026-11-20" of "2026-11-20T12:00:00Z"
std::string day_of(const HistoryPoint& point) {
  return point.created_utc.substr(0, point.created_utc.find('T'));
}

MessageId word_of(Direction direction) {
  if (direction == Direction::kWorse) return message::trend_worse;
  return direction == Direction::kBetter ? message::trend_better : message::trend_changed;
}

/// "80.3 -> 77.0 tok/s"
std::string levels_of(const Trend& trend, const ChangePoint& change, const Wording& words) {
  const std::string& unit = trend.series.unit;
  return fmt::format("{} -> {}", words.quantity(change.before, unit),
                     words.quantity(change.after, unit));
}

/// "84 runs, 2026-09-01 to 2026-11-30; noise 0.9 %"
std::string facts_of(const Trend& trend, const Wording& words) {
  const auto& points = trend.series.points;
  std::string facts =
      words.say(message::trend_runs,
                {std::to_string(points.size()), day_of(points.front()), day_of(points.back())});
  append_word(facts, words.say(message::trend_noise, {words.percent(trend.found.noise)}),
              " \u00b7 ");
  if (const size_t outliers = trend.found.outliers.size(); outliers > 0)
    append_word(facts, words.say(message::trend_outliers, {std::to_string(outliers)}), " \u00b7 ");
  return facts;
}

std::string drift_of(const Trend& trend, const Piece& piece, const Wording& words) {
  const auto& points = trend.series.points;
  return words.say(
      message::trend_drift,
      {signed_percent(piece.last / piece.first - 1, words) + " %",
       short_commit(points[piece.begin].commit), short_commit(points[piece.end - 1].commit)});
}

/// What there is to say instead of changes.
std::string stillness_of(const Trend& trend, const Wording& words) {
  const bool few = trend.series.points.size() < 2 * results::kLeastPiece;
  return few ? words.say(message::trend_too_few, {std::to_string(2 * results::kLeastPiece)})
             : words.say(message::trend_none);
}

std::string machine_of(const Trend& trend, const Wording& words) {
  return words.say(message::trend_machine, {trend.series.machine});
}

}  // namespace

std::string short_commit(const std::string& commit) {
  const bool dirty = commit.ends_with("-dirty");
  const std::string text = one_line(commit.substr(0, kShortCommit));
  return dirty && commit.size() > kShortCommit ? text + "-dirty" : text;
}

std::string title_of(const results::HistorySeries& series, const Wording& words) {
  results::Comparison figure;
  figure.metric = series.metric;
  figure.mode = series.mode;
  figure.n_prompt = series.n_prompt;
  figure.n_gen = series.n_gen;
  figure.depth = series.depth;
  return title_of(figure, words);
}

std::string size_of(const ChangePoint& change, const Wording& words) {
  return fmt::format("{} % {}", signed_percent(change.size, words),
                     words.range(signed_percent(change.interval.first, words),
                                 signed_percent(change.interval.second, words)));
}

std::string place_of(const Trend& trend, const ChangePoint& change, const Wording& words) {
  const auto& points = trend.series.points;
  std::string place =
      words.say(message::trend_between,
                {short_commit(points[change.index - 1].commit),
                 short_commit(points[change.index].commit), day_of(points[change.index])});
  if (change.earliest != change.latest)
    append_word(place,
                words.say(message::trend_place, {short_commit(points[change.earliest - 1].commit),
                                                 short_commit(points[change.latest].commit)}));
  return place;
}

std::string trend_headline(const TrendReport& report, const Wording& words) {
  std::string worse;
  for (const Trend& trend : report.trends)
    if (const ChangePoint* change = trend.not_mended(); change != nullptr)
      append_word(worse, fmt::format("{} ({} %)", title_of(trend.series, words),
                                     signed_percent(change->size, words)));
  return worse.empty() ? words.say(message::trend_headline_fine)
                       : words.say(message::trend_headline_worse, {worse});
}

std::string terminal_trends(const TrendReport& report, Language language) {
  const Wording words(language);
  std::string out = one_line(trend_headline(report, words)) + "\n";
  for (const Trend& trend : report.trends) {
    out += fmt::format("\n{} \u00b7 {} \u00b7 {}\n", one_line(title_of(trend.series, words)),
                       one_line(machine_of(trend, words)), one_line(facts_of(trend, words)));
    for (const ChangePoint& change : trend.found.changes)
      out += fmt::format(
          "  {}  {}  {}  {}\n", padded(words.say(word_of(trend.direction(change.size))), 8),
          padded(size_of(change, words), 22), one_line(levels_of(trend, change, words)),
          one_line(place_of(trend, change, words)));
    for (const Piece& piece : trend.found.pieces)
      if (piece.drifts) out += "  " + one_line(drift_of(trend, piece, words)) + "\n";
    if (trend.found.changes.empty()) out += "  " + stillness_of(trend, words) + "\n";
  }
  return out;
}

std::string markdown_trends(const TrendReport& report, Language language) {
  const Wording words(language);
  std::string out = fmt::format("## {}\n\n{}\n", words.say(message::trend_title),
                                escape_markdown(trend_headline(report, words)));
  for (const Trend& trend : report.trends) {
    out += fmt::format(
        "\n### {}\n\n{} \u00b7 {}\n\n", escape_markdown(title_of(trend.series, words)),
        escape_markdown(machine_of(trend, words)), escape_markdown(facts_of(trend, words)));
    if (trend.found.changes.empty()) {
      out += stillness_of(trend, words) + "\n";
    } else {
      out += fmt::format(
          "| {} | {} | {} | {} |\n|---|---|---|---|\n", words.say(message::compare_column_verdict),
          words.say(message::trend_column_size), words.say(message::trend_column_levels),
          words.say(message::trend_column_place));
      for (const ChangePoint& change : trend.found.changes)
        out +=
            fmt::format("| {} | {} | {} | {} |\n", words.say(word_of(trend.direction(change.size))),
                        size_of(change, words), escape_markdown(levels_of(trend, change, words)),
                        escape_markdown(place_of(trend, change, words)));
    }
    for (const Piece& piece : trend.found.pieces)
      if (piece.drifts) out += "\n" + escape_markdown(drift_of(trend, piece, words)) + "\n";
  }
  return out;
}

}  // namespace nety::reports
