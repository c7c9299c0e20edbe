// Which charts there are, and those that are not bars.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/base/words.h"
#include "reports/chart_makers.h"

namespace nety::reports {
namespace {

using results::Metric;
using results::Result;
using results::Status;

constexpr double kSmallestKld = 1e-7;  // zero has no place on an axis in powers of ten

bool is_other(const ConfigurationView& configuration) {
  return configuration.backend() != "native" && configuration.backend() != "cuda";
}

/// Dimmed: another point is at least as fast and as close, and better in one of them.
void dim_dominated(std::vector<PointChart::Point>& points) {
  for (PointChart::Point& point : points)
    point.dimmed = std::any_of(points.begin(), points.end(), [&point](const auto& other) {
      const bool as_good = other.x >= point.x && other.y <= point.y;
      return as_good && (other.x > point.x || other.y < point.y);
    });
}

/// The gaps between tokens, else the mean gap of each round, in milliseconds, sorted.
std::vector<double> gaps_of(const ConfigurationView& configuration) {
  using Source = std::pair<const char*, const char*>;
  for (const auto& [phase, name] :
       {Source{"generate", "itl_s"}, Source{"decode", "itl_s"}, Source{"generate", "tpot_s"}}) {
    const Metric* gaps = configuration.metric(phase, name);
    if (gaps == nullptr || gaps->samples.size() < 3) continue;
    std::vector<double> out;
    for (const double gap : gaps->samples)
      if (gap > 0) out.push_back(1e3 * gap);
    std::sort(out.begin(), out.end());
    return out;
  }
  return {};
}

}  // namespace

std::optional<PointChart> choice_chart(const Evidence& evidence, const Admissible& admissible,
                                       const Wording& words) {
  PointChart chart;
  chart.id = "choice";
  chart.title = words.say(message::report_chart_choice);
  chart.x = {words.say(message::report_chart_choice_x), true};
  chart.y = {words.say(message::report_chart_choice_y), true};
  chart.limit = admissible.kld;
  chart.limit_name = words.say(message::report_chart_choice_limit, {words.plain(admissible.kld)});
  bool other = false, marked = false;
  for (const ConfigurationView& configuration : evidence.configurations()) {
    const Metric* rate = configuration.decode_rate();
    const std::optional<double> kld = configuration.value("quality", "kld");
    if (rate == nullptr || !kld || configuration.status() != Status::kOk) continue;
    PointChart::Point point;
    point.label = configuration.mode();
    point.sublabel = configuration.backend();
    point.x = *rate->median;
    point.y = std::max(*kld, kSmallestKld);
    point.x_interval = rate->ci;
    point.other = is_other(configuration);
    point.marked = &configuration == evidence.chosen();
    point.text = fmt::format("{}, KLD {}", words.quantity(point.x, rate->unit), words.number(*kld));
    other = other || point.other;
    marked = marked || point.marked;
    chart.points.push_back(std::move(point));
  }
  if (chart.points.size() < 2) return std::nullopt;
  dim_dominated(chart.points);
  std::string seen;
  bool dimmed = false;
  for (const PointChart::Point& point : chart.points) {
    dimmed = dimmed || point.dimmed;
    const std::string beaten =
        point.dimmed ? " (" + words.say(message::report_legend_dominated) + ")" : "";
    append_word(seen, fmt::format("{} {}: {}{}", point.label, point.sublabel, point.text, beaten),
                "; ");
  }
  chart.own_name = words.say(message::report_legend_own);
  if (other) chart.other_name = words.say(message::report_legend_other);
  if (dimmed) chart.dimmed_name = words.say(message::report_legend_dominated);
  if (marked) chart.marked_name = words.say(message::report_legend_choice);
  chart.description = words.say(message::report_chart_choice_description) + " " + seen + ".";
  return chart;
}

std::optional<SpreadChart> latency_chart(const Evidence& evidence, const Wording& words) {
  SpreadChart chart;
  chart.id = "latency";
  chart.title = words.say(message::report_chart_latency);
  chart.axis = words.say(message::report_chart_latency_axis);
  std::string seen;
  for (const ConfigurationView& configuration : evidence.configurations()) {
    SpreadChart::Row row;
    row.samples = gaps_of(configuration);
    if (row.samples.empty()) continue;
    row.label = configuration.mode();
    row.sublabel = configuration.backend();
    row.other = is_other(configuration);
    const double median = row.samples[row.samples.size() / 2];
    row.text = fmt::format("{} ms, n={}", words.number(median), row.samples.size());
    append_word(seen,
                fmt::format("{} {}: {} ({} \u2013 {} ms)", row.label, row.sublabel, row.text,
                            words.number(row.samples.front()), words.number(row.samples.back())),
                "; ");
    chart.rows.push_back(std::move(row));
  }
  if (chart.rows.empty()) return std::nullopt;
  chart.box_name = words.say(message::report_legend_quartiles);
  chart.median_name = words.say(message::report_legend_median);
  chart.range_name = words.say(message::report_legend_extremes);
  chart.description = words.say(message::report_chart_latency_description) + " " + seen + ".";
  return chart;
}

std::optional<LineChart> depth_chart(const Evidence& evidence, const Wording& words) {
  LineChart chart;
  chart.id = "depth";
  chart.title = words.say(message::report_chart_depth);
  chart.x = {words.say(message::report_chart_depth_x), false};
  chart.y = {words.say(message::report_chart_depth_y), false};
  std::string seen;
  bool interval = false, deep = false;
  for (const ConfigurationView& configuration : evidence.configurations()) {
    std::map<int64_t, const Metric*> rates;
    for (const Result* row : configuration.rows) {
      const auto found = row->metrics.find("tg_tps");
      if (row->phase == "decode" && found != row->metrics.end() && found->second.median)
        rates.emplace(row->depth, &found->second);
    }
    if (rates.empty()) continue;
    deep = deep || rates.size() > 1;
    LineChart::Line line{
        configuration.mode(), configuration.backend(), is_other(configuration), {}};
    std::string points;
    for (const auto& [depth, rate] : rates) {
      line.points.push_back({static_cast<double>(depth), *rate->median, rate->ci});
      interval = interval || rate->ci;
      append_word(points, fmt::format("{} @ {}", words.number(*rate->median), depth));
    }
    append_word(seen, fmt::format("{} {}: {}", line.label, line.sublabel, points), "; ");
    chart.lines.push_back(std::move(line));
  }
  if (!deep) return std::nullopt;
  if (interval) chart.interval_name = words.say(message::report_legend_interval);
  chart.description = words.say(message::report_chart_depth_description) + " " + seen + ".";
  return chart;
}

std::vector<Block> charts(const Evidence& evidence, const ClaimOptions& options,
                          const std::string& suffix, const Wording& words) {
  std::vector<Block> blocks;
  const auto add = [&](auto chart) {
    if (!chart) return;
    chart->id += suffix;
    blocks.push_back(*std::move(chart));
  };
  add(decode_chart(evidence, words));
  add(choice_chart(evidence, options.admissible, words));
  add(memory_chart(evidence, words));
  add(load_chart(evidence, words));
  add(latency_chart(evidence, words));
  add(depth_chart(evidence, words));
  return blocks;
}

}  // namespace nety::reports
