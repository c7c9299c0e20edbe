// Lines of the history file, and the series they make.
#include "core/results/history.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/results/change.h"

namespace nety::results {
namespace {

using Json = nlohmann::json;

constexpr const char* kHint =
    "A line is one JSON object as `nety trend --add` writes it. Take the line out, or restore the "
    "file.";

[[noreturn]] void refuse(const std::string& source, size_t line, const std::string& why) {
  throw Error(ErrorKind::kUsage,
              fmt::format("{}:{}: not a line of a history: {}", source, line, why), kHint);
}

/// What json.at() says, without the library's own number of the error.
std::string complaint(const Json::exception& problem) {
  const std::string_view text = problem.what();
  const size_t bracket = text.find("] ");
  return std::string(bracket == std::string_view::npos ? text : text.substr(bracket + 2));
}

bool same_figure(const HistorySeries& a, const HistorySeries& b) {
  return a.machine == b.machine && a.metric == b.metric && a.mode == b.mode && a.unit == b.unit &&
         a.n_prompt == b.n_prompt && a.n_gen == b.n_gen && a.depth == b.depth;
}

/// A series of one point.
HistorySeries parse_line(const std::string& text, const std::string& source, size_t line) try {
  const Json json = Json::parse(text);
  HistorySeries one;
  json.at("machine").get_to(one.machine);
  json.at("metric").get_to(one.metric);
  one.mode = json.value("mode", "");
  one.unit = json.value("unit", "");
  one.n_prompt = json.value("n_prompt", int64_t{0});
  one.n_gen = json.value("n_gen", int64_t{0});
  one.depth = json.value("depth", int64_t{0});
  one.points = {{json.at("commit").get<std::string>(), json.value("created_utc", ""),
                 json.at("candidate").get<double>()}};
  if (!(one.points[0].value > 0) || !std::isfinite(one.points[0].value))
    refuse(source, line, fmt::format("\"candidate\" is {}, not above 0", one.points[0].value));
  return one;
} catch (const Json::exception& problem) {
  refuse(source, line, complaint(problem));
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

}  // namespace

std::string history_lines(const File& file, const std::string& source, const std::string& commit) {
  std::string lines;
  for (const Comparison& it : file.comparisons) {
    if (!it.gated || !it.candidate.median) continue;
    nlohmann::ordered_json line;
    line["commit"] = commit;
    line["created_utc"] = file.created_utc;
    line["machine"] = file.machines.empty() ? "" : file.machines.front().id;
    line["metric"] = it.metric;
    line["mode"] = it.mode;
    line["n_prompt"] = it.n_prompt;
    line["n_gen"] = it.n_gen;
    line["depth"] = it.depth;
    line["unit"] = it.candidate.unit;
    line["baseline"] = it.baseline.median ? Json(*it.baseline.median) : Json();
    line["candidate"] = *it.candidate.median;
    line["ratio"] = it.ratio.median ? Json(*it.ratio.median) : Json();
    line["verdict"] = it.verdict;
    lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  if (lines.empty())
    throw Error(ErrorKind::kUsage, fmt::format("{}: no gated figure to keep in a history", source),
                "Give a file that `nety compare -o FILE.json` wrote.");
  return lines;
}

std::vector<HistorySeries> read_history(std::string_view text, const std::string& source) {
  std::vector<HistorySeries> history;
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line(text.substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (is_blank(line)) continue;
    HistorySeries one = parse_line(line, source, number);
    const auto known = std::find_if(history.begin(), history.end(), [&](const HistorySeries& each) {
      return same_figure(each, one);
    });
    if (known == history.end())
      history.push_back(std::move(one));
    else
      known->points.push_back(std::move(one.points[0]));
  }
  if (history.empty())
    throw Error(ErrorKind::kUsage, fmt::format("{}: no lines yet", source),
                "ci/regression adds some with each run; so does nety trend --add COMPARE.json.");
  return history;
}

std::string_view name_of(Direction direction) {
  constexpr std::string_view kNames[] = {"worse", "better", "changed"};
  return kNames[static_cast<size_t>(direction)];
}

Direction Trend::direction(double size) const {
  const ComparedMetric* metric = find_compared(series.metric);
  if (metric == nullptr || size == 0) return Direction::kNeither;
  return (size > 0) == metric->higher_is_better ? Direction::kBetter : Direction::kWorse;
}

const ChangePoint* Trend::not_mended() const {
  double since = 0;  // logarithm of what later changes made of it
  for (auto change = found.changes.rbegin(); change != found.changes.rend(); ++change) {
    const double size = std::log1p(change->size);
    if (direction(change->size) == Direction::kWorse && (since + size) / size > 0.5)
      return &*change;
    since += size;
  }
  return nullptr;
}

std::vector<Trend> find_trends(std::vector<HistorySeries> history,
                               const ChangePointOptions& options) {
  std::vector<Trend> trends;
  for (HistorySeries& series : history) {
    std::vector<double> values;
    for (const HistoryPoint& point : series.points) values.push_back(point.value);
    trends.push_back({std::move(series), find_change_points(values, options)});
  }
  return trends;
}

}  // namespace nety::results
